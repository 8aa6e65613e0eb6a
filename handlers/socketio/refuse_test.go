package socketio_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"parley/handlers/socketio"
)

// refuse acknowledges refused events with the name of the limit. It fails the test if an event is handled.
func refuse(t *testing.T) func(n *socketio.Namespace) {
	return func(n *socketio.Namespace) {
		fence(n)
		n.On("x", func(_ *socketio.Socket, e *socketio.Event) { t.Errorf("handled with %d arguments", len(e.Args)) })
		n.OnRefuse(func(_ *socketio.Socket, e *socketio.Event, limit error) {
			for name, known := range map[string]error{
				"packet":      socketio.ErrPacketTooLarge,
				"arguments":   socketio.ErrTooManyArguments,
				"attachments": socketio.ErrTooManyAttachments,
			} {
				if errors.Is(limit, known) {
					e.Ack(name)
				}
			}
		})
	}
}

// event returns an event packet with an acknowledgement id and a length.
func event(id, size int) string {
	head := "42" + strconv.Itoa(id) + `["x","`
	return head + strings.Repeat("x", size-len(head)+1-2) + `"]`
}

func TestMaxPacket_aLongerEventIsRefusedAndTheConnectionLives(t *testing.T) {
	w := newWorld(t, socketio.Options{}, refuse(t))
	p := w.join()
	for id, size := range []int{64<<10 + 1, 100_000, 500_000, 1<<20 - 1} {
		p.send(event(id, size))
		p.expect("43" + strconv.Itoa(id) + `["packet"]`)
	}
	long := event(7, 100_000)
	p.conn.Write(masked(ws.NewFrame(ws.OpText, false, []byte(long[:70_000]))))
	p.conn.Write(masked(ws.NewPingFrame(nil)))
	p.conn.Write(masked(ws.NewFrame(ws.OpContinuation, false, []byte(long[70_000:90_000]))))
	p.conn.Write(masked(ws.NewFrame(ws.OpContinuation, true, []byte(long[90_000:]))))
	p.expect(`437["packet"]`)
	p.expectNothing()

	s := w.openPolling()
	s.post("40")
	s.poll()
	s.post(event(1, 64<<10+1), `428["fence"]`)
	if got := strings.Join(s.poll(), " "); got != `431["packet"] 438[]` {
		t.Errorf("over polling: %q", got)
	}
}

func TestMaxPacket_anEventOfThatLengthIsHandled(t *testing.T) {
	handled := make(chan int, 1)
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.On("x", func(_ *socketio.Socket, e *socketio.Event) { handled <- len(e.Args[0]) })
	})
	w.join().send(event(1, 64<<10))
	wait(t, handled, "the event")
}

func TestMaxArguments_moreAreRefused(t *testing.T) {
	handled := make(chan int, 1)
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		refuse(t)(n)
		n.On("y", func(_ *socketio.Socket, e *socketio.Event) { handled <- len(e.Args) })
	})
	p := w.join()
	p.send(`421["x"` + strings.Repeat(",1", 65) + "]")
	p.expect(`431["arguments"]`)
	p.send(`422["y"` + strings.Repeat(",1", 64) + "]")
	if got := wait(t, handled, "the event"); got != 64 {
		t.Errorf("%d arguments", got)
	}
}

// The attachments of a refused event are dropped.
func TestMaxAttachments_moreAreRefusedAndDropped(t *testing.T) {
	w := newWorld(t, socketio.Options{}, refuse(t))
	p := w.join()
	p.send(`452-1["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
	p.expect(`431["attachments"]`)
	wsutil.WriteClientMessage(p.conn, ws.OpBinary, make([]byte, 300_000))
	wsutil.WriteClientMessage(p.conn, ws.OpBinary, nil)
	p.expectNothing()

	s := w.openPolling()
	s.post("40")
	s.poll()
	s.post(`451-2["x",{"_placeholder":true,"num":0}]`, "bAQID", `428["fence"]`)
	if got := strings.Join(s.poll(), " "); got != `432["attachments"] 438[]` {
		t.Errorf("over polling: %q", got)
	}
}

func TestMaxAuth_aLongerPayloadIsRefused(t *testing.T) {
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.OnConnection(func(s *socketio.Socket) { s.Emit("auth", len(s.Auth())) })
	})
	auth := func(size int) string { return `{"a":"` + strings.Repeat("x", size-8) + `"}` }
	p := w.open()
	p.send("40" + auth(4097))
	p.expect(`44{"message":"Auth payload too large"}`)
	p.send("40" + auth(4096))
	p.expectPrefix(`40{"sid":`)
	p.expect(`42["auth",4096]`)
}

// The refusal of a namespace repeats its name. Long names must not fill the queue.
func TestNamespaces_aLongNameIsNotSentBack(t *testing.T) {
	w := newWorld(t, socketio.Options{}, nil)
	longest := "/" + strings.Repeat("n", 63)
	p := w.open()
	p.send("40" + longest + ",")
	p.expect("44" + longest + `,{"message":"Invalid namespace"}`)
	p.send("40" + longest + "n,")
	p.expectClosed()
	if len(p.packets) > 0 {
		t.Errorf("answered %.100q", p.next())
	}
}

func TestConnectTimeout_closesAClientThatIsOnlyRefused(t *testing.T) {
	w := newWorld(t, socketio.Options{ConnectTimeout: 50 * time.Millisecond}, func(n *socketio.Namespace) {
		n.Use(func(*socketio.Socket) error { return errors.New("no") })
	})
	p := w.open()
	p.send("40")
	p.expect(`44{"message":"no"}`)
	p.expectClosed()
}

func TestLimitRooms_isTheSocketsOwnLimit(t *testing.T) {
	sockets := make(chan *socketio.Socket, 1)
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.OnConnection(func(s *socketio.Socket) {
			s.LimitRooms(2)
			sockets <- s
		})
	})
	w.join()
	s := wait(t, sockets, "the socket")
	if err := errors.Join(s.Join("a"), s.Join("b"), s.Join("a")); err != nil {
		t.Fatal(err)
	}
	if err := s.Join("c"); !errors.Is(err, socketio.ErrTooManyRooms) {
		t.Fatalf("the third: %v", err)
	}
	s.Leave("a")
	if err := s.Join("c"); err != nil {
		t.Fatal(err)
	}
}
