package socketio_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"parley/handlers/socketio"
)

// The official clients connect again by themselves after a close packet, but not after a disconnect packet.
func TestShutdown_closesTheEngineWithoutADisconnectPacket(t *testing.T) {
	reasons := make(chan string, 2)
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		joinRoom(n)
		n.OnConnection(func(s *socketio.Socket) { s.Join("all") })
		n.OnDisconnect(func(_ *socketio.Socket, reason string) { reasons <- reason })
	})
	p := w.join()
	s := w.openPolling()
	s.post("40")
	s.poll()
	eventually(t, "both have joined", func() bool { return w.Of("/").Members("all") == 2 })
	w.Of("/").To("all").Emit("last words")
	done := make(chan error, 1)
	go func() { done <- w.Shutdown(context.Background()) }()
	p.expect(`42["last words"]`)
	p.expectClosed()
	p.conn.Close()
	if p.code != ws.StatusGoingAway {
		t.Errorf("close code %d", p.code)
	}
	got := s.poll()
	if len(got) == 1 { // polled before it was closed
		got = append(got, s.poll()...)
	}
	if !slices.Equal(got, []string{`42["last words"]`, "1"}) {
		t.Errorf("got %q", got)
	}
	if err := wait(t, done, "Shutdown"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := wait(t, reasons, "the reason"); got != "server shutting down" {
			t.Errorf("reason %q", got)
		}
	}
	if status, _ := w.get("transport=polling"); status != http.StatusServiceUnavailable {
		t.Errorf("a new connection: %d", status)
	}
}

func TestShutdown_waitsForHandlersUntilItsContextEnds(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.On("block", func(*socketio.Socket, *socketio.Event) {
			close(entered)
			<-release
		})
	})
	p := w.join()
	p.send(`42["block"]`)
	wait(t, entered, "the handler")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Shutdown(ctx); err != context.Canceled {
		t.Fatalf("with a handler running: %v", err)
	}
	close(release)
	p.conn.Close()
	if err := w.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// When its context ends, Shutdown drops clients that do not read their last packets.
func TestShutdown_dropsAClientThatDoesNotRead(t *testing.T) {
	w := newWorld(t, socketio.Options{WriteTimeout: time.Hour}, joinRoom)
	w.joinUnread("unread")
	w.Of("/").To("unread").Emit("big", strings.Repeat("x", 7<<20)) // more than the kernel takes
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Shutdown(ctx); err != context.Canceled {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.Shutdown(context.Background()) }()
	if err := wait(t, done, "the end of all connections"); err != nil {
		t.Fatal(err)
	}
}

func TestDrain_dropsEventsAndContinuesToWrite(t *testing.T) {
	handled := make(chan struct{}, 1)
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		joinRoom(n)
		n.On("x", func(*socketio.Socket, *socketio.Event) { handled <- struct{}{} })
	})
	p := w.join().enter("a")
	w.Drain()
	p.send(`42["x"]`)
	w.Of("/").To("a").Emit("still")
	p.expect(`42["still"]`)
	if status, _ := w.get("transport=polling"); status != http.StatusServiceUnavailable {
		t.Errorf("a new connection: %d", status)
	}
	p.send("41") // handled after the event
	eventually(t, "the client has left", func() bool { return w.Of("/").Members("a") == 0 })
	if len(handled) > 0 {
		t.Error("an event was handled")
	}
}
