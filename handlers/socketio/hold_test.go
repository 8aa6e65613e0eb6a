package socketio_test

import (
	"strings"
	"testing"

	"parley/handlers/socketio"
)

// answerHeld answers "held" with a held acknowledgement, then an event unless the argument is "flush", then Flush.
func answerHeld(n *socketio.Namespace) {
	n.On("held", func(s *socketio.Socket, e *socketio.Event) {
		e.AckHeld("ack")
		if string(e.Args[0]) != `"flush"` {
			s.Emit("news", "of it")
		}
		s.Flush()
	})
}

func TestHeldAck_isSentBeforeTheNextPacket(t *testing.T) {
	w := newWorld(t, socketio.Options{}, answerHeld)
	p := w.join()
	for range 3 {
		p.send(`427["held","event"]`)
		p.expect(`437["ack"]`)
		p.expect(`42["news","of it"]`)
	}
}

func TestHeldAck_isSentByFlush(t *testing.T) {
	w := newWorld(t, socketio.Options{}, answerHeld)
	p := w.join()
	p.send(`427["held","flush"]`)
	p.expect(`437["ack"]`)
}

func TestHeldAck_ofAnySize(t *testing.T) {
	long := strings.Repeat("x", 20_000)
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.On("held", func(s *socketio.Socket, e *socketio.Event) {
			e.AckHeld(long) // too long to be put together with what follows
			s.Emit("news", long)
			s.Flush()
		})
	})
	p := w.join()
	p.send(`427["held"]`)
	p.expect(`437["` + long + `"]`)
	p.expect(`42["news","` + long + `"]`)
}

func TestHeldAck_overPolling(t *testing.T) {
	w := newWorld(t, socketio.Options{}, answerHeld)
	s := w.openPolling()
	s.post("40")
	s.poll()
	s.post(`427["held","flush"]`)
	if packets := s.poll(); len(packets) == 0 || packets[len(packets)-1] != `437["ack"]` {
		t.Fatalf("polled %q", packets)
	}
}
