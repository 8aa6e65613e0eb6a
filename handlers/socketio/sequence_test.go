package socketio_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"parley/handlers/socketio"
)

func emitNumbered(w *world, numbers ...uint64) {
	for _, n := range numbers {
		w.Of("/").To("a").Sequence(n).Emit("n", n)
	}
}

func (p *peer) expectNumbers(numbers ...uint64) {
	p.t.Helper()
	for _, n := range numbers {
		p.expect(fmt.Sprintf(`42["n",%d]`, n))
	}
}

// withBroker returns options with which a server waits for packets of other nodes.
func withBroker(holdBack time.Duration) socketio.Options {
	return socketio.Options{Broker: socketio.NewMemoryBroker(), HoldBack: holdBack}
}

// Without a broker there is no other node that could send a missing number.
func TestSequence_withoutABrokerNothingIsHeld(t *testing.T) {
	w := newWorld(t, socketio.Options{HoldBack: time.Hour}, func(n *socketio.Namespace) {
		joinRoom(n)
		n.On("join at 5", func(s *socketio.Socket, e *socketio.Event) {
			s.JoinAt("a", 5) // 6 was sent between reading this number and joining
			e.Ack()
		})
	})
	p := w.join()
	p.send(`421["join at 5"]`)
	p.expect(`431[]`)
	emitNumbered(w, 7, 9, 8)
	p.expectNumbers(7, 9, 8)
}

func TestSequence_anEarlyEventWaits(t *testing.T) {
	w := newWorld(t, withBroker(time.Hour), joinRoom)
	p := w.join().enter("a")
	emitNumbered(w, 7) // the first number is the beginning
	p.expectNumbers(7)
	emitNumbered(w, 10, 9)
	p.expectNothing()
	emitNumbered(w, 8)
	p.expectNumbers(8, 9, 10)
	emitNumbered(w, 11)
	p.expectNumbers(11)
}

func TestSequence_waitsForAGapForHoldBackOnly(t *testing.T) {
	w := newWorld(t, withBroker(20*time.Millisecond), joinRoom)
	p := w.join().enter("a")
	emitNumbered(w, 1, 4, 3)
	p.expectNumbers(1, 3, 4)
	emitNumbered(w, 2) // it is late, but delivered
	p.expectNumbers(2)
	emitNumbered(w, 5)
	p.expectNumbers(5)
}

func TestSequence_beginsWithTheNumberOfJoinAt(t *testing.T) {
	sockets := make(chan *socketio.Socket, 1)
	w := newWorld(t, withBroker(time.Hour), func(n *socketio.Namespace) {
		fence(n)
		n.OnConnection(func(s *socketio.Socket) {
			s.JoinAt("a", 5)
			s.JoinAt("a", 50) // ignored: a number is known
			sockets <- s
		})
	})
	p := w.join()
	wait(t, sockets, "the socket")
	emitNumbered(w, 7)
	p.expectNothing()
	emitNumbered(w, 6)
	p.expectNumbers(6, 7)
}

func TestSequence_concurrentEmittersDoNotReorder(t *testing.T) {
	const count = 1000 // less than maxHeld, in case one of the emitters is slow
	w := newWorld(t, withBroker(time.Hour), joinRoom)
	p := w.join().enter("a")
	emitNumbered(w, 0)
	p.expectNumbers(0)
	var emitters sync.WaitGroup
	for k := range 4 {
		emitters.Go(func() {
			for n := 1 + k; n <= count; n += 4 {
				emitNumbered(w, uint64(n))
			}
		})
	}
	for n := range count {
		p.expectNumbers(uint64(n + 1))
	}
	emitters.Wait()
}

func TestSequence_anEventAfterTheNumberedWaitsForNone(t *testing.T) {
	w := newWorld(t, withBroker(time.Hour), joinRoom)
	p := w.join().enter("a")
	after := func(n uint64, first ...uint64) {
		t.Helper()
		if err := w.Of("/").To("a").Local().After(n).Emit("after", n); err != nil {
			t.Fatal(err)
		}
		p.expectNumbers(first...)
		p.expect(fmt.Sprintf(`42["after",%d]`, n))
	}
	if n, known := w.Of("/").Delivered("a"); known {
		t.Errorf("delivered %d before the first number", n)
	}
	emitNumbered(w, 1, 3, 5, 8) // 2 is missing
	p.expectNumbers(1)
	if n, known := w.Of("/").Delivered("a"); n != 1 || !known {
		t.Errorf("delivered %d, %v", n, known)
	}
	after(1)
	after(4, 3, 5)
	after(6)
	if n, _ := w.Of("/").Delivered("a"); n != 6 {
		t.Errorf("delivered %d", n)
	}
	after(3) // an old event changes nothing
	emitNumbered(w, 7)
	p.expectNumbers(7, 8)
	if n, known := w.Of("/").Delivered("nobody is here"); known {
		t.Errorf("delivered %d to nobody", n)
	}
}
