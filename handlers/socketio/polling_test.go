package socketio_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/handlers/socketio"
)

// session is a long-polling client.
type session struct {
	t   testing.TB
	w   *world
	sid string
}

func (w *world) openPolling() *session {
	w.t.Helper()
	status, body := w.get("transport=polling")
	if status != http.StatusOK || !strings.HasPrefix(body, "0{") {
		w.t.Fatalf("handshake: %d %s", status, body)
	}
	var open struct{ SID string }
	if err := json.Unmarshal([]byte(body[1:]), &open); err != nil {
		w.t.Fatal(err)
	}
	s := &session{w.t, w, open.SID}
	w.t.Cleanup(func() { s.post("1") }) // else Shutdown waits for the last poll
	return s
}

// poll returns the packets of the next poll.
func (s *session) poll() []string {
	s.t.Helper()
	status, body := s.w.get("transport=polling&sid=" + s.sid)
	if status != http.StatusOK {
		s.t.Fatalf("poll: %d %s", status, body)
	}
	return strings.Split(body, "\x1e")
}

func (s *session) post(packets ...string) (status int, body string) {
	s.t.Helper()
	response, err := http.Post(s.w.url("transport=polling&sid="+s.sid), "text/plain;charset=UTF-8",
		bytes.NewBufferString(strings.Join(packets, "\x1e")))
	if err != nil {
		s.t.Fatal(err)
	}
	return read(s.t, response)
}

func TestPolling_eventsGoBothWays(t *testing.T) {
	w := newWorld(t, socketio.Options{}, echo)
	s := w.openPolling()
	if status, body := s.post("40"); status != http.StatusOK || body != "ok" {
		t.Fatalf("POST: %d %s", status, body)
	}
	if got := s.poll(); !strings.HasPrefix(got[0], `40{"sid"`) {
		t.Fatalf("got %q", got)
	}
	s.post(`42["echo",1]`, `42["echo",2]`)
	if got := s.poll(); !slices.Equal(got, []string{`42["echo",1]`, `42["echo",2]`}) {
		t.Fatalf("got %q", got)
	}
}

func TestPolling_aWaitingPollReturnsWithTheNextPacket(t *testing.T) {
	sockets := make(chan *socketio.Socket, 1)
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.OnConnection(func(s *socketio.Socket) { sockets <- s })
	})
	s := w.openPolling()
	s.post("40")
	s.poll()
	socket := wait(t, sockets, "the socket")
	polled := make(chan []string, 1)
	go func() { polled <- s.poll() }()
	socket.Emit("news")
	if got := wait(t, polled, "the poll"); !slices.Equal(got, []string{`42["news"]`}) {
		t.Fatalf("got %q", got)
	}
	if socket.Transport() != "polling" {
		t.Fatal(socket.Transport())
	}
}

// A client that shares few connections with others does not wait longer than it wants to.
func TestPolling_anEmptyPollEndsWhenTheClientWantsItTo(t *testing.T) {
	w := newWorld(t, socketio.Options{}, echo)
	s := w.openPolling()
	s.post("40")
	s.poll()
	for _, hold := range []string{"1", "1x", "-1", "129127208516", "99999999999999999999", ""} {
		polled := make(chan string, 1)
		go func() {
			_, body := w.get("hold=" + hold + "&transport=polling&sid=" + s.sid)
			polled <- body
		}()
		if hold == "1" {
			if got := wait(t, polled, "the noop"); got != "6" {
				t.Errorf("an empty poll is answered with %q", got)
			}
		}
		s.post(`42["echo",1]`)
		if hold == "1" {
			polled <- strings.Join(s.poll(), "")
		}
		if got := wait(t, polled, "the event"); got != `42["echo",1]` {
			t.Errorf("hold=%s: %q", hold, got)
		}
	}
}

func TestPolling_aPayloadStaysBelowItsLimit(t *testing.T) {
	sockets := make(chan *socketio.Socket, 1)
	w := newWorld(t, socketio.Options{MaxPayload: 10_000}, func(n *socketio.Namespace) {
		n.OnConnection(func(s *socketio.Socket) { sockets <- s })
	})
	s := w.openPolling()
	s.post("40")
	s.poll()
	socket := wait(t, sockets, "the socket")
	const count = 100
	for i := range count {
		socket.Emit("n", i, strings.Repeat("x", 990))
	}
	seen := 0
	for seen < count {
		packets := s.poll()
		if size := len(strings.Join(packets, "\x1e")); size > 10_000 {
			t.Fatalf("payload of %d bytes", size)
		}
		for _, p := range packets {
			if !strings.HasPrefix(p, `42["n",`+strconv.Itoa(seen)+`,`) {
				t.Fatalf("packet %d is %.20q", seen, p)
			}
			seen++
		}
	}
}

// python-engineio disconnects when one answer has more than 16 packets.
func TestPolling_anAnswerHasAtMost16Packets(t *testing.T) {
	sockets := make(chan *socketio.Socket, 1)
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.OnConnection(func(s *socketio.Socket) { sockets <- s })
	})
	s := w.openPolling()
	s.post("40")
	s.poll()
	socket := wait(t, sockets, "the socket")
	const count = 47 // with the disconnect packet three answers are full, and the close packet needs a fourth
	for i := range count {
		socket.Emit("n", i)
	}
	socket.Disconnect(true) // adds a disconnect packet and Engine.IO's close packet
	var got []string
	for polls := 1; len(got) < count+2; polls++ {
		packets := s.poll()
		if len(packets) > 16 || polls > 4 {
			t.Fatalf("poll %d has %d packets", polls, len(packets))
		}
		got = append(got, packets...)
	}
	for i := range count {
		if want := `42["n",` + strconv.Itoa(i) + "]"; got[i] != want {
			t.Fatalf("packet %d is %q", i, got[i])
		}
	}
	if got[count] != "41" || got[count+1] != "1" {
		t.Errorf("the end is %q", got[count:])
	}
}

// The client may keep its session alive without reading the answer.
func TestPolling_anUnreadAnswerIsCutOff(t *testing.T) {
	w := newWorld(t, socketio.Options{
		WriteTimeout: 50 * time.Millisecond,
		MaxPayload:   16 << 20,
	}, joinRoom)
	s := w.joinPolling("a", 1)[0]
	w.Of("/").To("a").Emit("x", strings.Repeat("x", 7<<20))
	conn := w.raw(fmt.Sprintf("GET /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: x\r\n\r\n", s.sid))
	defer conn.Close()
	eventually(t, "nothing is counted", func() bool { return w.QueuedBytes() == 0 })
}

// fasthttp keeps the buffer of a request body with the TCP connection, which a client may leave open.
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

// With StreamRequestBody fasthttp does not bound the body.
func TestPolling_aStreamedBodyIsBounded(t *testing.T) {
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

// A client could make the server keep any number of bodies while an event is handled.
func TestPolling_aSecondPostBesideAFirstEndsTheSession(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	w := newWorld(t, socketio.Options{}, func(n *socketio.Namespace) {
		n.On("block", func(*socketio.Socket, *socketio.Event) {
			close(entered)
			<-release
		})
	})
	s := w.openPolling()
	s.post("40")
	post := func(packet string) <-chan int {
		done := make(chan int, 1)
		go func() {
			status, _ := s.post(packet)
			done <- status
		}()
		return done
	}
	first := post(`42["block"]`)
	defer wait(t, first, "the first POST")
	defer close(release)
	wait(t, entered, "the handler")
	if status := wait(t, post(`42["x"]`), "the second POST"); status != http.StatusBadRequest {
		t.Errorf("second POST: %d", status)
	}
	if status, _ := w.get("transport=polling&sid=" + s.sid); status != http.StatusBadRequest {
		t.Errorf("a poll after that: %d", status)
	}
}
