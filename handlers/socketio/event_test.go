package socketio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gobwas/ws"

	"parley/handlers/socketio"
)

func TestEvents_tenThousandAreHandledInOrder(t *testing.T) {
	const count = 10_000
	all := make(chan error, 1)
	next := 0
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.On("n", func(s *socketio.Socket, e *socketio.Event) {
			if got := string(e.Args[0]); got != strconv.Itoa(next) {
				all <- fmt.Errorf("event %s in place of %d", got, next)
			}
			if next++; next == count {
				all <- nil
			}
		})
	})
	p := w.join()
	var burst []byte
	for i := range count {
		f := ws.MaskFrame(ws.NewTextFrame([]byte(`42["n",` + strconv.Itoa(i) + `]`)))
		compiled, _ := ws.CompileFrame(f)
		burst = append(burst, compiled...)
	}
	p.conn.Write(burst)
	if err := wait(t, all, "all events"); err != nil {
		t.Fatal(err)
	}
}

// The memory of arguments is not used again after the handler has returned.
func TestEvents_argumentsOutliveTheHandler(t *testing.T) {
	var kept []*socketio.Event
	done := make(chan struct{})
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.On("n", func(_ *socketio.Socket, e *socketio.Event) {
			if kept = append(kept, e); len(kept) == 1000 {
				close(done)
			}
		})
	})
	p := w.join()
	for i := range 1000 {
		p.send(`42["n",` + strconv.Itoa(i) + `]`)
	}
	wait(t, done, "all events")
	for i, e := range kept {
		if string(e.Args[0]) != strconv.Itoa(i) {
			t.Fatalf("event %d has become %s", i, e.Args[0])
		}
	}
}

func TestEvents_aBlockedHandlerDelaysItsOwnConnectionOnly(t *testing.T) {
	entered, release := make(chan struct{}, 10), make(chan struct{})
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		fence(n)
		n.On("block", func(_ *socketio.Socket, e *socketio.Event) {
			entered <- struct{}{}
			<-release
			e.Ack()
		})
	})
	blocked, other := w.join(), w.join()
	blocked.send(`421["block"]`)
	blocked.send(`422["fence"]`)
	wait(t, entered, "the handler")
	other.expectNothing()
	if len(blocked.packets) > 0 {
		t.Fatal("the second event overtook the first")
	}
	close(release)
	blocked.expect("431[]")
	blocked.expect("432[]")
}

func TestEvents_withoutHandlerGoToOnAny(t *testing.T) {
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.OnAny(func(_ *socketio.Socket, e *socketio.Event) { e.Ack(e.Name) })
	})
	p := w.join()
	p.send(`421["un\u006bnown"]`)
	p.expect(`431["unknown"]`)
}

func TestEvents_aPanicEndsThatEventOnlyAndLogsNoPayload(t *testing.T) {
	var log syncBuffer
	w := newWorld(t, socketio.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, func(n *socketio.Namespace) {
		fence(n)
		n.On("boom", func(_ *socketio.Socket, e *socketio.Event) { panic("failed on " + string(e.Args[0])) })
	})
	p := w.join()
	p.send(`42["boom","confidential"]`)
	p.expectNothing()
	if text := log.String(); !strings.Contains(text, "panic in a handler") || !strings.Contains(text, "event_test.go") {
		t.Errorf("log without the panic and its stack: %s", text)
	} else if strings.Contains(text, "confidential") {
		t.Errorf("the log has the payload: %s", text)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestAck_isSentOnce(t *testing.T) {
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		fence(n)
		n.On("twice", func(_ *socketio.Socket, e *socketio.Event) {
			e.Ack("first", 2)
			e.Ack("second")
		})
	})
	p := w.join()
	p.send(`429["twice"]`)
	p.expect(`439["first",2]`)
	p.send(`42["twice"]`) // asks for none
	p.expectNothing()
}

func TestAck_mayComeLaterFromAnyGoroutine(t *testing.T) {
	release := make(chan struct{})
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		fence(n)
		n.On("later", func(_ *socketio.Socket, e *socketio.Event) {
			go func() {
				<-release
				e.Ack("done")
			}()
		})
	})
	p := w.join()
	p.send(`427["later"]`)
	p.expectNothing()
	close(release)
	p.expect(`437["done"]`)
}

func TestEmitWithAck_returnsTheClientsAnswer(t *testing.T) {
	sockets := make(chan *socketio.Socket, 1)
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.OnConnection(func(s *socketio.Socket) { sockets <- s })
	})
	p := w.join()
	socket := wait(t, sockets, "the socket")
	answers := make(chan string, 1)
	ask := func(ctx context.Context) {
		args, err := socket.EmitWithAck(ctx, "question", 1)
		answers <- fmt.Sprintf("%s %v", args, err)
	}
	go ask(context.Background())
	p.expect(`420["question",1]`)
	p.send(`430["answer",2]`)
	p.send(`430["again"]`)
	if got := wait(t, answers, "the answer"); got != `["answer" 2] <nil>` {
		t.Fatal(got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go ask(ctx)
	p.expect(`421["question",1]`)
	cancel()
	if got := wait(t, answers, "the canceled one"); got != "[] context canceled" {
		t.Fatal(got)
	}
	go ask(context.Background())
	p.expect(`422["question",1]`)
	p.conn.Close()
	if got := wait(t, answers, "the disconnected one"); got != "[] "+socketio.ErrDisconnected.Error() {
		t.Fatal(got)
	}
}

func TestDisconnect_callsTheHandlersOnce(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		how          func(*peer, *socketio.Socket)
	}{
		{"the client leaves the namespace", "client namespace disconnect", func(p *peer, _ *socketio.Socket) {
			p.send("41")
		}},
		{"the server disconnects the socket", "server namespace disconnect", func(_ *peer, s *socketio.Socket) {
			s.Disconnect(false)
		}},
		{"the server closes the connection", "server namespace disconnect", func(_ *peer, s *socketio.Socket) {
			s.Disconnect(true)
		}},
		{"the client closes", "transport close", func(p *peer, _ *socketio.Socket) { p.conn.Close() }},
		{"the client says nonsense", "parse error", func(p *peer, _ *socketio.Socket) { p.send("4nonsense") }},
		{"the client breaks WebSocket", "transport error", func(p *peer, _ *socketio.Socket) {
			p.conn.Write(bytes.Repeat([]byte{0xff}, 14))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sockets, reasons := make(chan *socketio.Socket, 1), make(chan string, 10)
			w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
				n.OnConnection(func(s *socketio.Socket) {
					s.Join("a")
					sockets <- s
				})
				n.OnDisconnect(func(s *socketio.Socket, reason string) {
					if rooms := s.Rooms(); len(rooms) != 1 || rooms[0] != "a" || s.Connected() {
						t.Errorf("rooms %q, connected %t", rooms, s.Connected())
					}
					reasons <- reason
				})
			})
			p := w.join()
			socket := wait(t, sockets, "the socket")
			c.how(p, socket)
			if got := wait(t, reasons, "the reason"); got != c.reason {
				t.Errorf("reason %q, want %q", got, c.reason)
			}
			eventually(t, "the room is empty", func() bool { return w.Of("/").Members("a") == 0 })
			if err := socket.Emit("x"); !errors.Is(err, socketio.ErrDisconnected) {
				t.Errorf("Emit: %v", err)
			}
			if err := socket.Join("b"); !errors.Is(err, socketio.ErrDisconnected) {
				t.Errorf("Join: %v", err)
			}
			p.conn.Close()
			eventually(t, "the connection is gone", func() bool { return w.Connections() == 0 })
			if len(reasons) > 0 {
				t.Error("the handlers were called twice")
			}
		})
	}
}
