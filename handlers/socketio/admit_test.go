package socketio_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"parley/handlers/socketio"
)

// admission is an Options.Admit that counts connections. It fails the test when a connection is released twice.
type admission struct {
	t        *testing.T
	limit    int64 // 0: none
	inside   atomic.Int64
	admitted atomic.Int64
}

func (a *admission) admit(*fiber.Ctx) (release func(), ok bool) {
	if n := a.inside.Add(1); a.limit > 0 && n > a.limit {
		a.inside.Add(-1)
		return nil, false
	}
	a.admitted.Add(1)
	var released atomic.Bool
	return func() {
		if released.Swap(true) {
			a.t.Error("released twice")
		}
		a.inside.Add(-1)
	}, true
}

func (a *admission) expectEmpty(admitted int64) {
	a.t.Helper()
	eventually(a.t, "everybody is released", func() bool { return a.inside.Load() == 0 })
	if got := a.admitted.Load(); got != admitted {
		a.t.Errorf("admitted %d times, want %d", got, admitted)
	}
}

func TestAdmit_isReleasedOnceForEveryEndOfAConnection(t *testing.T) {
	short := 20 * time.Millisecond
	for name, c := range map[string]struct {
		options socketio.Options
		run     func(w *world)
	}{
		"the client closes its WebSocket": {run: func(w *world) { w.join().conn.Close() }},
		"the server closes a WebSocket": {run: func(w *world) {
			p := w.join()
			p.send("4nonsense")
			p.expectClosed()
			p.conn.Close()
		}},
		"the client closes long-polling": {run: func(w *world) { w.openPolling().post("1") }},
		"long-polling breaks":            {run: func(w *world) { w.openPolling().post("nonsense") }},
		"long-polling times out": {
			options: socketio.Options{PingInterval: short, PingTimeout: short},
			run:     func(w *world) { w.openPolling() },
		},
		"no namespace is joined": {
			options: socketio.Options{ConnectTimeout: short},
			run:     func(w *world) { w.open() },
		},
		"long-polling was upgraded": {run: func(w *world) {
			s := w.openPolling()
			p := w.dial("&sid=" + s.sid)
			p.send("2probe")
			p.expect("3probe")
			p.send("5")
			p.send("40")
			p.expectPrefix("40{")
			p.conn.Close()
		}},
		"an upgrade is not finished": {
			options: socketio.Options{UpgradeTimeout: short},
			run: func(w *world) {
				s := w.openPolling()
				w.dial("&sid=" + s.sid).expectClosed()
				s.post("1")
			},
		},
		"the server shuts down": {run: func(w *world) {
			p := w.join()
			s := w.openPolling()
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- w.Shutdown(ctx) }()
			s.poll()
			p.expectClosed()
			p.conn.Close()
			if err := wait(w.t, done, "Shutdown"); err != nil {
				w.t.Error(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := &admission{t: t}
			c.options.Admit = d.admit
			w := newWorld(t, c.options, nil)
			c.run(w)
			admitted := int64(1)
			if strings.Contains(name, "shuts") {
				admitted = 2
			}
			d.expectEmpty(admitted)
			eventually(t, "the connections are gone", func() bool { return w.Connections() == 0 })
		})
	}
}

// A closed connection still has a file and a goroutine until its client closes too.
func TestAdmit_isNotReleasedBeforeTheClientHasClosed(t *testing.T) {
	d := &admission{t: t}
	w := newWorld(t, socketio.Options{Admit: d.admit}, nil)
	p := w.open()
	p.send("4nonsense")
	p.expectClosed() // by the server; the client has not closed yet
	if d.inside.Load() != 1 || w.Connections() != 1 {
		t.Errorf("%d inside, %d connections", d.inside.Load(), w.Connections())
	}
	p.conn.Close()
	d.expectEmpty(1)
}

func TestAdmit_refusesWith429(t *testing.T) {
	d := &admission{t: t, limit: 1}
	requests := 0
	w := newWorld(t, socketio.Options{
		Admit:       d.admit,
		AllowOrigin: func(string) bool { return true },
		Request:     func(*fiber.Ctx) any { requests++; return nil },
	}, nil)
	p := w.join()
	request, _ := http.NewRequest(http.MethodGet, w.url("transport=polling"), nil)
	request.Header.Set("Origin", "https://shop.example")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	status, body := read(t, response)
	if status != http.StatusTooManyRequests || !strings.Contains(body, `"error":"rate_limited"`) ||
		response.Header.Get("Retry-After") == "" || response.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("polling: %d %s %v", status, body, response.Header)
	}
	_, _, _, err = ws.Dial(context.Background(), "ws://"+w.addr+"/socket.io/?EIO=4&transport=websocket")
	var refused ws.StatusError
	if !errors.As(err, &refused) || refused != http.StatusTooManyRequests {
		t.Errorf("WebSocket: %v", err)
	}
	if requests != 1 || w.Connections() != 1 {
		t.Errorf("%d requests, %d connections", requests, w.Connections())
	}
	p.conn.Close()
	d.expectEmpty(1)
}

// Other requests, and handshakes that cannot succeed, are not counted.
func TestAdmit_isCalledForValidHandshakesOnly(t *testing.T) {
	d := &admission{t: t}
	w := newWorld(t, socketio.Options{Admit: d.admit}, nil)
	for _, query := range []string{"transport=pigeon", "transport=websocket", "transport=polling&sid=x"} {
		w.get(query)
	}
	w.Drain()
	w.get("transport=polling")
	d.expectEmpty(0)
}

func TestAdmit_isReleasedWhenRequestPanics(t *testing.T) {
	d := &admission{t: t}
	s := socketio.New(socketio.Options{
		Admit:   d.admit,
		Request: func(*fiber.Ctx) any { panic("broken") },
	})
	defer s.Shutdown(context.Background())
	app := fiber.New()
	app.Use(recover.New())
	app.Get("/socket.io/", s.Handler())
	request, _ := http.NewRequest(http.MethodGet, "http://x/socket.io/?EIO=4&transport=polling", nil)
	response, err := app.Test(request)
	if err != nil || response.StatusCode != http.StatusInternalServerError {
		t.Fatal(response, err)
	}
	d.expectEmpty(1)
}

// fasthttp does not call its hijack handler when the client has disconnected before.
func TestAdmit_isReleasedWhenTheClientDisconnectsDuringItsHandshake(t *testing.T) {
	d := &admission{t: t}
	w := newWorld(t, socketio.Options{Admit: d.admit, UpgradeTimeout: 50 * time.Millisecond}, nil)
	for range 100 {
		conn, err := net.Dial("tcp", w.addr)
		if err != nil {
			t.Fatal(err)
		}
		// The answer to the first request waits for the second.
		fmt.Fprintf(conn, "GET /socket.io/ HTTP/1.1\r\nHost: x\r\n\r\nGET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"+
			"Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+
			"Sec-WebSocket-Version: 13\r\n\r\n")
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
	w.join().conn.Close()
	eventually(t, "everybody is released", func() bool { return d.inside.Load() == 0 })
}
