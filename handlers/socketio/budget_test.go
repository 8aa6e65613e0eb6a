package socketio_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/handlers/socketio"
)

// crowd joins sessions of long-polling that do not poll to a room.
func (w *world) crowd(room string, size int) (sessions []*session) {
	w.t.Helper()
	for range size {
		s := w.openPolling()
		s.post("40", fmt.Sprintf(`42["join",%q]`, room))
		sessions = append(sessions, s)
	}
	eventually(w.t, "all have joined", func() bool { return w.Of("/").Members(room) == size })
	return sessions
}

// The budget is for all connections: each of these is within its own limits.
func TestQueueBudget_dropsThoseFirstThatHoldTheMost(t *testing.T) {
	w := newWorld(t, socketio.Options{QueueBudget: 1 << 20}, joinRoom)
	w.crowd("small", 20)
	w.crowd("large", 4)
	for i, s := range append(w.Of("/").Sockets("small"), w.Of("/").Sockets("large")...) {
		packets := 1
		if i >= 20 {
			packets = 16 // 4 × 160 KB
		}
		for range packets {
			s.Emit("x", strings.Repeat("x", 10_000)) // to one socket at a time: nothing is shared
		}
	}
	if n := w.Of("/").Members("small") + w.Of("/").Members("large"); n != 24 {
		t.Fatalf("%d are left before the budget is exceeded", n)
	}
	w.crowd("last", 1)
	w.Of("/").To("last").Emit("x", strings.Repeat("x", 300_000))
	eventually(t, "somebody was dropped", func() bool { return w.Of("/").Members("last") == 0 })
	if small, large := w.Of("/").Members("small"), w.Of("/").Members("large"); small != 20 || large != 4 {
		t.Errorf("%d small and %d large ones are left", small, large)
	}
}

func TestQueueBudget_countsABroadcastOnce(t *testing.T) {
	w := newWorld(t, socketio.Options{QueueBudget: 1 << 20}, joinRoom)
	sessions := w.crowd("a", 100)
	for range 5 {
		w.Of("/").To("a").Emit("x", strings.Repeat("x", 100_000)) // 50 MB if each member had its own
	}
	for _, s := range sessions {
		if got := s.poll(); !strings.HasPrefix(got[len(got)-1], "42") {
			t.Fatalf("polled %.50q", got)
		}
	}
	if n := w.Of("/").Members("a"); n != 100 {
		t.Errorf("%d of 100 are left", n)
	}
}

// What has left the queues does not count any more, whichever way it left.
func TestQueueBudget_isWholeAgainAfterwards(t *testing.T) {
	w := newWorld(t, socketio.Options{}, joinRoom)
	long := strings.Repeat("x", 300_000)
	for range 10 {
		sessions := w.crowd("a", 2)
		deaf := w.deaf("b")
		reader := w.join().enter("c")
		for _, room := range []string{"a", "b", "c"} {
			w.Of("/").To(room).Emit("x", long)
		}
		w.Of("/").To("b").Emit("x", strings.Repeat("y", 7_000_000)) // more than the kernel takes
		reader.expectPrefix(`42["x"`)
		sessions[0].poll()
		sessions[0].post("1")
		sessions[1].post("nonsense")
		w.Of("/").Sockets("b")[0].Disconnect(true)
		deaf.Close()
		reader.conn.Close()
		eventually(t, "all are gone", func() bool { return w.Connections() == 0 })
	}
	if used := w.QueuedBytes(); used != 0 {
		t.Errorf("%d bytes are still counted", used)
	}
}

func TestQueueBudget_isWholeAfterEachPoll(t *testing.T) {
	w := newWorld(t, socketio.Options{QueueBudget: 1 << 20, MaxPayload: 1 << 20}, joinRoom)
	s := w.crowd("a", 1)[0]
	for range 10 {
		w.Of("/").To("a").Emit("x", strings.Repeat("x", 300_000))
		s.poll()
		s.post(strings.Repeat("3\x1e", 100_000) + "3")
		eventually(t, "nothing is counted", func() bool { return w.QueuedBytes() == 0 })
	}
}

// A client that does not read an answer loses it, though it goes on sending.
func TestPolling_anAnswerThatIsNotReadIsCutOff(t *testing.T) {
	w := newWorld(t, socketio.Options{
		WriteTimeout: 50 * time.Millisecond,
		MaxPayload:   16 << 20,
	}, joinRoom)
	s := w.crowd("a", 1)[0]
	w.Of("/").To("a").Emit("x", strings.Repeat("x", 7<<20))
	conn := w.raw(fmt.Sprintf("GET /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: x\r\n\r\n", s.sid))
	defer conn.Close()
	eventually(t, "nothing is counted", func() bool { return w.QueuedBytes() == 0 })
}

// fasthttp keeps the buffer of a body as long as its connection, which a client may leave open.
func TestPolling_noBodyIsKeptWithItsConnection(t *testing.T) {
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		fence(n)
		n.OnAny(func(*socketio.Socket, *socketio.Event) {})
	})
	s := w.openPolling()
	s.post("40")
	body := `42["x","` + strings.Repeat("x", 60_000) + "\"]\x1e3\x1e42[\"x\",\"" + strings.Repeat("x", 60_000) + `"]`
	before := heap()
	for range 200 {
		conn := w.raw(fmt.Sprintf("POST /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: x\r\n"+
			"Content-Length: %d\r\n\r\n%s", s.sid, len(body), body))
		defer conn.Close()
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response, err)
		}
	}
	eventually(t, "no body is kept", func() bool { return heap() < before+10<<20 })
}

// An application may make fasthttp stream bodies: then nobody has bounded this one.
func TestPolling_aStreamedBodyIsBoundedToo(t *testing.T) {
	s := socketio.New(socketio.Options{})
	defer s.Shutdown(t.Context())
	app := fiber.New(fiber.Config{
		StreamRequestBody:     true,
		BodyLimit:             1 << 10,
		DisableStartupMessage: true,
	})
	app.All("/socket.io/", s.Handler())
	request := func(method, query, body string) (int, string) {
		r, _ := http.NewRequest(method, "http://x/socket.io/?EIO=4&transport=polling"+query, strings.NewReader(body))
		response, err := app.Test(r)
		if err != nil {
			t.Fatal(err)
		}
		return read(t, response)
	}
	_, open := request(http.MethodGet, "", "")
	sid := strings.Split(open, `"`)[3]
	if status, body := request(http.MethodPost, "&sid="+sid, "40"); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	status, _ := request(http.MethodPost, "&sid="+sid, strings.Repeat("x", 128<<10+1))
	if status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", status)
	}
}

// A client that is closed, but does not read its last packets, is dropped before those that are well.
func TestQueueBudget_dropsAClosingConnectionToo(t *testing.T) {
	w := newWorld(t, socketio.Options{QueueBudget: 4 << 20, WriteTimeout: time.Hour}, joinRoom)
	well := w.join().enter("well")
	w.deaf("deaf")
	for range 6 { // the kernel takes some of it
		w.Of("/").To("deaf").Emit("x", strings.Repeat("x", 1_000_000))
	}
	w.Of("/").Sockets("deaf")[0].Disconnect(true)
	eventually(t, "the deaf one has left", func() bool { return w.Of("/").Members("deaf") == 0 })
	for range 8 {
		w.Of("/").To("well").Emit("x", strings.Repeat("x", 1_000_000))
		well.expectPrefix(`42["x"`)
	}
	idle := w.crowd("idle", 4)
	for _, s := range w.Of("/").Sockets("idle") {
		s.Emit("x", strings.Repeat("x", 900_000))
	}
	if n := w.Of("/").Members("idle"); n != len(idle) {
		t.Errorf("%d of %d are left", n, len(idle))
	}
	eventually(t, "the deaf one's connection is gone", func() bool { return w.Connections() == 1+len(idle) })
}
