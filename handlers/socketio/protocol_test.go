package socketio_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/gofiber/fiber/v2"

	"parley/handlers/socketio"
)

// echo registers an event that sends its arguments back.
func echo(n *socketio.Namespace) {
	n.On("echo", func(s *socketio.Socket, e *socketio.Event) { s.Emit("echo", e.Args[0]) })
}

func TestWebSocket_eventsGoBothWays(t *testing.T) {
	w := newWorld(t, socketio.Options{}, echo)
	p := w.join()
	p.send(`42["echo",{"text":"grüße"}]`)
	p.expect(`42["echo",{"text":"grüße"}]`)
}

// A client that upgrades while the server emits gets every packet once, in order.
func TestUpgrade_losesAndReordersNothing(t *testing.T) {
	const count = 5000
	start, done := make(chan *socketio.Socket, 1), make(chan struct{})
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.OnConnection(func(s *socketio.Socket) { start <- s })
	})
	s := w.openPolling()
	s.post("40")
	s.poll()
	go func() {
		defer close(done)
		socket := <-start
		for i := range count {
			socket.Emit("n", i)
		}
	}()
	got := s.poll()
	p := w.dial("&sid=" + s.sid)
	parked := make(chan []string, 1)
	go func() { parked <- s.poll() }()
	p.send("2probe")
	p.expect("3probe")
	got = append(got, wait(t, parked, "the parked poll")...)
	p.send("5")
	if got = slices.DeleteFunc(got, func(p string) bool { return p == "6" || p == "2" }); len(got) > count {
		t.Fatalf("%d packets", len(got))
	}
	for len(got) < count {
		got = append(got, p.next())
	}
	for i, packet := range got {
		if packet != `42["n",`+strconv.Itoa(i)+`]` {
			t.Fatalf("packet %d is %q", i, packet)
		}
	}
	wait(t, done, "the emitter")
	if status, _ := w.get("transport=polling&sid=" + s.sid); status != http.StatusBadRequest {
		t.Fatalf("a poll after the upgrade: %d", status)
	}
}

func TestUpgrade_pollingContinuesAfterAProbeThatFails(t *testing.T) {
	w := newWorld(t, socketio.Options{}, echo)
	s := w.openPolling()
	s.post("40")
	s.poll()
	p := w.dial("&sid=" + s.sid)
	p.send("2probe")
	p.expect("3probe")
	p.conn.Close()
	s.post(`42["echo",1]`)
	for {
		if got := s.poll(); slices.Contains(got, `42["echo",1]`) {
			return
		}
	}
}

// The messages of a probe are short.
func TestUpgrade_aLongMessageEndsTheProbe(t *testing.T) {
	w := newWorld(t, socketio.Options{UpgradeTimeout: time.Hour}, echo)
	s := w.openPolling()
	p := w.dial("&sid=" + s.sid)
	p.conn.Write(text("4" + strings.Repeat("x", 64))[:20]) // refused by its header
	p.expectClosed()
}

func TestBinary_attachmentsGoBothWays(t *testing.T) {
	w := newWorld(t, socketio.Options{MaxAttachments: 1}, func(n *socketio.Namespace) {
		n.On("echo", func(s *socketio.Socket, e *socketio.Event) {
			b, ok := e.Binary(0)
			if !ok || len(e.Attachments) != 1 {
				t.Errorf("attachments: %d", len(e.Attachments))
			}
			s.Emit("echo", socketio.Binary(b), "text")
		})
	})
	p := w.join()
	p.send(`451-["echo",{"_placeholder":true,"num":0}]`)
	wsutil.WriteClientMessage(p.conn, ws.OpBinary, []byte{1, 2, 3})
	p.expect(`451-["echo",{"_placeholder":true,"num":0},"text"]`)
	p.expect("b:\x01\x02\x03")

	s := w.openPolling()
	s.post("40")
	s.poll()
	s.post(`451-["echo",{"_placeholder":true,"num":0}]`, "bAQID")
	if got := s.poll(); !slices.Equal(got, []string{`451-["echo",{"_placeholder":true,"num":0},"text"]`, "bAQID"}) {
		t.Fatalf("got %q", got)
	}
}

func TestMiddleware_refusesWithItsError(t *testing.T) {
	connected := make(chan string, 1)
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.Use(func(s *socketio.Socket) error {
			var auth struct{ Token string }
			json.Unmarshal(s.Auth(), &auth)
			switch auth.Token {
			case "good":
				return nil
			case "data":
				return &socketio.ConnectError{Message: "no", Data: map[string]int{"after": 5}}
			case "panic":
				panic("secret")
			}
			return errors.New("not authorized")
		})
		n.OnConnection(func(s *socketio.Socket) { connected <- string(s.Auth()) })
	})
	p := w.open()
	for auth, want := range map[string]string{
		`{}`:                `44{"message":"not authorized"}`,
		`{"token":"data"}`:  `44{"message":"no","data":{"after":5}}`,
		`{"token":"panic"}`: `44{"message":"Internal server error"}`,
	} {
		p.send("40" + auth)
		p.expect(want)
	}
	p.send(`40{"token":"good"}`)
	p.expectPrefix(`40{"sid":`)
	if got := wait(t, connected, "the connection"); got != `{"token":"good"}` || len(connected) > 0 {
		t.Fatalf("connected with %s", got)
	}
}

func TestNamespaces_areSeparate(t *testing.T) {
	w := newWorld(t, socketio.Options{}, fence)
	admin := w.Of("/admin")
	admin.On("who", func(s *socketio.Socket, e *socketio.Event) { e.Ack(s.Namespace().Name()) })
	p := w.join()
	p.send("40/nowhere,")
	p.expect(`44/nowhere,{"message":"Invalid namespace"}`)
	p.send("40/admin,")
	p.expectPrefix(`40/admin,{"sid":`)
	p.send(`42/admin,5["who"]`)
	p.expect(`43/admin,5["/admin"]`)
	p.send("41/admin,")
	p.send(`42/admin,6["who"]`) // the client may not know yet
	p.expectNothing()
}

func TestHandshake_errorsAreTheOfficialOnes(t *testing.T) {
	w := newWorld(t, socketio.Options{}, nil)
	for query, want := range map[string]string{
		"EIO=4":                           `{"code":0,"message":"Transport unknown"}`,
		"EIO=4&transport=pigeon":          `{"code":0,"message":"Transport unknown"}`,
		"EIO=4&transport=polling&sid=x":   `{"code":1,"message":"Session ID unknown"}`,
		"EIO=4&transport=websocket":       `{"code":3,"message":"Bad request"}`,
		"EIO=3&transport=polling":         `{"code":5,"message":"Unsupported protocol version"}`,
		"transport=polling":               `{"code":5,"message":"Unsupported protocol version"}`,
		"EIO=4&transport=websocket&sid=x": `{"code":1,"message":"Session ID unknown"}`,
	} {
		response, err := http.Get("http://" + w.addr + "/socket.io/?" + query)
		if err != nil {
			t.Fatal(err)
		}
		if status, body := read(t, response); status != http.StatusBadRequest || body != want {
			t.Errorf("%s: %d %s, want %s", query, status, body, want)
		}
	}
	response, err := http.Post(w.url("transport=polling"), "text/plain", strings.NewReader("4x"))
	if err != nil {
		t.Fatal(err)
	}
	if status, body := read(t, response); status != http.StatusBadRequest ||
		body != `{"code":2,"message":"Bad handshake method"}` {
		t.Errorf("POST: %d %s", status, body)
	}
}

func TestHandshake_beyondMaxConnectionsIs503(t *testing.T) {
	w := newWorld(t, socketio.Options{MaxConnections: 1}, nil)
	p := w.join()
	if status, _ := w.get("transport=polling"); status != http.StatusServiceUnavailable {
		t.Fatalf("status %d", status)
	}
	p.conn.Close()
	eventually(t, "the connection is gone", func() bool { return w.Connections() == 0 })
	w.openPolling()
}

// Fiber uses the memory of a request again. What Request returns must not change.
func TestRequest_isCalledOnceAndKept(t *testing.T) {
	w := newWorld(t, socketio.Options{Request: func(c *fiber.Ctx) any { return strings.Clone(c.Query("name")) }},
		func(n *socketio.Namespace) {
			n.On("who", func(s *socketio.Socket, e *socketio.Event) { e.Ack(s.Request()) })
		})
	var peers []*peer
	for i := range 20 {
		p := w.dial("&name=n" + strconv.Itoa(i))
		p.expectPrefix("0{")
		p.send("40")
		p.expectPrefix("40")
		peers = append(peers, p)
	}
	for i, p := range peers {
		p.send(`421["who"]`)
		p.expect(`431["n` + strconv.Itoa(i) + `"]`)
	}
}
