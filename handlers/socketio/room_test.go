package socketio_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"parley/handlers/socketio"
)

func TestBroadcast_reachesTheRoomOnly(t *testing.T) {
	w := newWorld(t, socketio.Options{}, joinRoom)
	inA := w.join().enter("a")
	inB := w.join().enter("b")
	inBoth := w.join().enter("a").enter("b")
	inNone := w.join()

	w.Of("/").To("a").Emit("to a", json.RawMessage(`{"raw": true}`), "<&>")
	inA.expect(`42["to a",{"raw": true},"<&>"]`)
	inBoth.expect(`42["to a",{"raw": true},"<&>"]`)
	inB.expectNothing()
	inNone.expectNothing()

	w.Of("/").To("a").To("b").Emit("to both")
	for _, p := range []*peer{inA, inB, inBoth} {
		p.expect(`42["to both"]`)
		p.expectNothing() // once only
	}
	inNone.expectNothing()
}

func TestBroadcast_excludesItsSenderAndExceptions(t *testing.T) {
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		joinRoom(n)
		n.On("tell", func(s *socketio.Socket, e *socketio.Event) { s.To("a").Emit("told") })
		n.On("id", func(s *socketio.Socket, e *socketio.Event) { e.Ack(s.ID()) })
	})
	teller, listener := w.join().enter("a"), w.join().enter("a")
	teller.send(`42["tell"]`)
	listener.expect(`42["told"]`)
	teller.expectNothing()

	var ids []string
	listener.send(`421["id"]`)
	json.Unmarshal([]byte(listener.next()[3:]), &ids)
	w.Of("/").To("a").Except(ids[0]).Emit("hush")
	teller.expect(`42["hush"]`)
	listener.expectNothing()
}

func TestBroadcast_doesNotReachASocketThatHasLeft(t *testing.T) {
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		joinRoom(n)
		n.On("leave", func(s *socketio.Socket, e *socketio.Event) {
			s.Leave("a")
			e.Ack(s.In("a"), w0(s.Rooms()))
		})
	})
	leaver, stayer := w.join().enter("a"), w.join().enter("a")
	leaver.send(`421["leave"]`)
	leaver.expect(`431[false,0]`)
	w.Of("/").To("a").Emit("x")
	stayer.expect(`42["x"]`)
	leaver.expectNothing()
	leaver.send("41")
	stayer.send("41")
	eventually(t, "the room is gone", func() bool { return w.Of("/").Members("a") == 0 })
}

func w0(rooms []string) int { return len(rooms) }

func TestBroadcast_anArgumentThatCannotBeEncodedIsAnError(t *testing.T) {
	w := newWorld(t, socketio.Options{}, joinRoom)
	p := w.join().enter("a")
	if err := w.Of("/").To("a").Emit("x", make(chan int)); err == nil {
		t.Fatal("no error")
	}
	p.expectNothing()
}

func TestRooms_aSocketJoinsMany(t *testing.T) {
	sockets := make(chan *socketio.Socket, 1)
	w := newWorld(t, socketio.Options{MaxRooms: 50}, func(n *socketio.Namespace) {
		n.OnConnection(func(s *socketio.Socket) { sockets <- s })
	})
	w.join()
	s := wait(t, sockets, "the socket")
	for i := range 50 {
		for range 2 { // joining again changes nothing
			if err := s.Join(strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Join("one more"); !errors.Is(err, socketio.ErrTooManyRooms) {
		t.Fatalf("the 51st: %v", err)
	}
	for i := 0; i < 50; i += 2 {
		s.Leave(strconv.Itoa(i))
	}
	for i := range 50 {
		if in := s.In(strconv.Itoa(i)); in != (i%2 == 1) {
			t.Errorf("in %d: %t", i, in)
		}
	}
	if rooms := s.Rooms(); len(rooms) != 25 || slices.Contains(rooms, "2") {
		t.Errorf("rooms: %q", rooms)
	}
}

// Sockets join and leave during broadcasts. A socket that stays gets all of them in order.
func TestBroadcast_whileMembersComeAndGo(t *testing.T) {
	w := newWorld(t, socketio.Options{}, joinRoom)
	stayer := w.join().enter("a")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 2000 {
			w.Of("/").To("a").Emit("n", i)
		}
	}()
	for range 20 {
		p := w.join()
		p.send(`421["join","a"]`)
		p.conn.Close()
	}
	wait(t, done, "the broadcasts")
	for i := range 2000 {
		stayer.expect(fmt.Sprintf(`42["n",%d]`, i))
	}
}
