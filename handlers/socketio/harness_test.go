package socketio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/gofiber/fiber/v2"

	"parley/handlers/socketio"
)

// patience is how long a test waits before it fails. Tests that pass never wait for it.
const patience = 10 * time.Second

// world is a Socket.IO server that listens.
type world struct {
	*socketio.Server
	t    testing.TB
	addr string
}

// newWorld starts a server; prepare registers handlers, and may be nil.
func newWorld(t testing.TB, options socketio.Options, prepare func(*socketio.Namespace)) *world {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return newWorldOn(t, listener, options, prepare)
}

// newWorldOn starts a server on a listener.
func newWorldOn(t testing.TB, listener net.Listener, options socketio.Options,
	prepare func(*socketio.Namespace)) *world {
	t.Helper()
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	s := socketio.New(options)
	if prepare != nil {
		prepare(s.Of("/"))
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.All("/socket.io", s.Handler())
	app.All("/socket.io/*", s.Handler())
	served := make(chan struct{})
	go func() {
		defer close(served)
		app.Listener(listener)
	}()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s.Shutdown(ctx)
		app.ShutdownWithContext(ctx)
		<-served
	})
	return &world{s, t, listener.Addr().String()}
}

func (w *world) url(query string) string {
	return "http://" + w.addr + "/socket.io/?EIO=4&" + query
}

// peer is a WebSocket client that answers pings.
type peer struct {
	t       testing.TB
	conn    net.Conn
	packets chan string // text as it is, binary as "b:" and the bytes
	closed  chan struct{}
	code    ws.StatusCode // of the close frame; set when closed is closed
}

// dial opens a WebSocket.
func (w *world) dial(query string) *peer {
	w.t.Helper()
	conn, buffered, _, err := ws.Dial(context.Background(),
		"ws://"+w.addr+"/socket.io/?EIO=4&transport=websocket"+query)
	if err != nil {
		w.t.Fatal(err)
	}
	p := &peer{t: w.t, conn: conn, packets: make(chan string, 20000), closed: make(chan struct{})}
	var r io.Reader = conn
	if buffered != nil {
		r = buffered
	}
	go p.read(struct {
		io.Reader
		io.Writer
	}{r, conn})
	w.t.Cleanup(func() {
		conn.Close()
		<-p.closed
	})
	return p
}

// open opens a connection and waits for the open packet.
func (w *world) open() *peer {
	w.t.Helper()
	p := w.dial("")
	p.expectPrefix("0{")
	return p
}

// join opens a connection and joins the default namespace.
func (w *world) join() *peer {
	w.t.Helper()
	p := w.open()
	p.send("40")
	p.expectPrefix(`40{"sid":"`)
	return p
}

func (p *peer) read(rw io.ReadWriter) {
	defer close(p.closed)
	for {
		data, op, err := wsutil.ReadServerData(rw)
		var closed wsutil.ClosedError
		if err != nil {
			if e, ok := err.(wsutil.ClosedError); ok {
				closed = e
			}
			p.code = closed.Code
			return
		}
		switch {
		case op == ws.OpBinary:
			p.packets <- "b:" + string(data)
		case string(data) == "2":
			wsutil.WriteClientText(p.conn, []byte("3"))
		default:
			p.packets <- string(data)
		}
	}
}

func (p *peer) send(packet string) {
	p.t.Helper()
	if err := wsutil.WriteClientText(p.conn, []byte(packet)); err != nil {
		p.t.Fatalf("send: %v", err)
	}
}

// next returns the next packet.
func (p *peer) next() string {
	p.t.Helper()
	select {
	case packet := <-p.packets:
		return packet
	case <-time.After(patience):
		p.t.Fatal("no packet came")
	case <-p.closed:
		select {
		case packet := <-p.packets:
			return packet
		default:
			p.t.Fatal("connection closed")
		}
	}
	return ""
}

func (p *peer) expect(want string) {
	p.t.Helper()
	if got := p.next(); got != want {
		p.t.Fatalf("got %.200q, want %.200q", got, want)
	}
}

func (p *peer) expectPrefix(want string) string {
	p.t.Helper()
	got := p.next()
	if !strings.HasPrefix(got, want) {
		p.t.Fatalf("got %.200q, want %q…", got, want)
	}
	return got
}

func (p *peer) expectClosed() {
	p.t.Helper()
	wait(p.t, p.closed, "the connection's end")
}

// expectNothing fails the test if the server has sent a packet: the next one must be the answer to the fence event.
func (p *peer) expectNothing() {
	p.t.Helper()
	p.send(`4277["fence"]`)
	p.expect(`4377[]`)
}

// fence registers the event of expectNothing.
func fence(n *socketio.Namespace) {
	n.On("fence", func(_ *socketio.Socket, e *socketio.Event) { e.Ack() })
}

// joinRoom registers an event that joins the room it names.
func joinRoom(n *socketio.Namespace) {
	n.On("join", func(s *socketio.Socket, e *socketio.Event) {
		var room string
		json.Unmarshal(e.Args[0], &room)
		if err := s.Join(room); err != nil {
			e.Ack(err.Error())
			return
		}
		e.Ack("joined")
	})
	fence(n)
}

// enter makes the peer's socket join a room.
func (p *peer) enter(room string) *peer {
	p.t.Helper()
	p.send(fmt.Sprintf(`4276["join",%q]`, room))
	p.expect(`4376["joined"]`)
	return p
}

func (w *world) get(query string) (status int, body string) {
	w.t.Helper()
	response, err := http.Get(w.url(query))
	if err != nil {
		w.t.Fatal(err)
	}
	return read(w.t, response)
}

func read(t testing.TB, response *http.Response) (status int, body string) {
	t.Helper()
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(b)
}

// wait waits for an event of the test.
func wait[T any](t testing.TB, event <-chan T, what string) (value T) {
	t.Helper()
	select {
	case value = <-event:
	case <-time.After(patience):
		t.Fatalf("timeout: waited for %s", what)
	}
	return value
}

// eventually waits for a condition that no event announces.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for tick := time.NewTicker(time.Millisecond); ; {
		if condition() {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("timeout: waited until %s", what)
		}
	}
}
