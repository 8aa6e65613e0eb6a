package realtime_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/google/uuid"
)

type object = map[string]any

// socket is a Socket.IO client that keeps what it hears until a test asks for it.
type socket struct {
	w      *world
	conn   net.Conn
	lastID int

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when something below changes
	events  []heard
	acks    map[int]object
	ended   bool
}

type heard struct {
	name    string
	payload object
}

// connect joins the default namespace, as an agent where webSession is the token of a login.
func (w *world) connect(webSession string) *socket {
	w.Helper()
	return w.connectWith(webSession, "")
}

// connectWith connects with auth, which is JSON.
func (w *world) connectWith(webSession, auth string) *socket {
	w.Helper()
	dialer := ws.Dialer{
		Header:  ws.HandshakeHeaderHTTP(http.Header{"Web-Session": {webSession}, "Address": {w.address}}),
		Timeout: patience,
	}
	conn, early, _, err := dialer.Dial(w.Context(), "ws://"+w.addr+"/socket.io/?EIO=4&transport=websocket")
	w.ok(err)
	s := &socket{w: w, conn: conn, changed: make(chan struct{}), acks: map[int]object{}}
	r := io.Reader(conn)
	if early != nil {
		r = early
	}
	joined, closed := make(chan struct{}), make(chan struct{})
	go func() { defer close(closed); s.read(bufio.NewReader(r), joined) }()
	w.Cleanup(func() { conn.Close(); <-closed })
	s.write("40" + auth)
	select {
	case <-joined:
	case <-time.After(patience):
		w.Fatal("the server does not answer CONNECT")
	}
	return s
}

func (s *socket) read(r io.Reader, joined chan<- struct{}) {
	for {
		packet, _, err := wsutil.ReadServerData(struct {
			io.Reader
			io.Writer
		}{r, s.conn})
		if err != nil || string(packet) == "41" { // the server has disconnected the socket
			s.update(func() { s.ended = true })
			return
		}
		switch text := string(packet); {
		case text == "2":
			s.write("3")
		case text == "41": // disconnected by the server
			s.update(func() { s.ended = true })
		case strings.HasPrefix(text, "40"):
			close(joined)
		case strings.HasPrefix(text, "42"):
			s.heard(packet[2:])
		case strings.HasPrefix(text, "43"):
			s.acknowledged(text[2:])
		}
	}
}

func (s *socket) heard(packet []byte) {
	var parts []any
	if err := json.Unmarshal(packet, &parts); err != nil || len(parts) == 0 {
		s.w.Errorf("not an event: %s", packet)
		return
	}
	e := heard{name: parts[0].(string)}
	if len(parts) > 1 {
		e.payload, _ = parts[1].(object)
	}
	s.update(func() { s.events = append(s.events, e) })
}

func (s *socket) acknowledged(packet string) {
	var parts []object
	bracket := strings.IndexByte(packet, '[')
	id, _ := strconv.Atoi(packet[:bracket])
	if err := json.Unmarshal([]byte(packet[bracket:]), &parts); err != nil || len(parts) != 1 {
		s.w.Errorf("not an acknowledgement: %s", packet)
		return
	}
	s.update(func() {
		if _, twice := s.acks[id]; twice {
			s.w.Errorf("acknowledged twice: %s", packet)
		}
		s.acks[id] = parts[0]
	})
}

func (s *socket) update(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

// wait waits until ready, which is asked with the lock held.
func (s *socket) wait(ready func() bool) bool {
	deadline := time.After(patience)
	for {
		s.mu.Lock()
		done, changed := ready(), s.changed
		s.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-changed:
		case <-deadline:
			return false
		}
	}
}

func (s *socket) write(packet string) { wsutil.WriteClientText(s.conn, []byte(packet)) }

// emit sends an event without an acknowledgement callback.
func (s *socket) emit(name string, payload any) { s.write("42" + s.encode(name, payload)) }

func (s *socket) encode(name string, payload any) string {
	text, err := json.Marshal([]any{name, payload})
	s.w.ok(err)
	return string(text)
}

// call sends an event and waits for its acknowledgement, while nothing else is sent.
func (s *socket) call(name string, payload any) object {
	s.w.Helper()
	s.lastID++
	id := s.lastID
	s.write("42" + strconv.Itoa(id) + s.encode(name, payload))
	var ack object
	if !s.wait(func() bool { ack = s.acks[id]; return ack != nil || s.ended }) || ack == nil {
		s.w.Fatalf("%s %v is not acknowledged", name, payload)
	}
	return ack
}

// ok is call for an event that must succeed.
func (s *socket) ok(name string, payload any) object {
	s.w.Helper()
	ack := s.call(name, payload)
	if ack["ok"] != true {
		s.w.Fatalf("%s %v is refused: %v", name, payload, ack)
	}
	return ack
}

// refused is call for an event that must fail with code.
func (s *socket) refused(code, name string, payload any) {
	s.w.Helper()
	ack := s.call(name, payload)
	if ack["ok"] != false || ack["error"] != code {
		s.w.Errorf("%s %v is answered %v, not refused as %s", name, payload, ack, code)
	}
	if message, _ := ack["message"].(string); message == "" {
		s.w.Errorf("%s %v is refused without a sentence", name, payload)
	}
}

// next waits for the next event of a name and takes it from what was heard.
func (s *socket) next(name string) object {
	s.w.Helper()
	var found object
	if !s.wait(func() bool {
		at := slices.IndexFunc(s.events, func(e heard) bool { return e.name == name })
		if at >= 0 {
			found = s.events[at].payload
			s.events = slices.Delete(s.events, at, at+1)
		}
		return at >= 0 || s.ended
	}) || found == nil {
		s.w.Fatalf("no %s was heard, but %s", name, s.names())
	}
	return found
}

// fence waits until what the server has sent to this socket has come: an acknowledgement overtakes nothing.
func (s *socket) fence() {
	s.w.Helper()
	s.ok("leave_conversation", object{"conversation_id": uuid.NewString()})
}

// silent fails if an event of these names, or any event when none is named, was heard.
func (s *socket) silent(names ...string) {
	s.w.Helper()
	s.fence()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if len(names) == 0 || slices.Contains(names, e.name) {
			s.w.Errorf("heard %s %v, and should not have", e.name, e.payload)
		}
	}
}

// forget drops what was heard so far.
func (s *socket) forget() {
	s.w.Helper()
	s.fence()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = nil
}

// closed waits until the server has ended the connection.
func (s *socket) closed() {
	s.w.Helper()
	if !s.wait(func() bool { return s.ended }) {
		s.w.Error("the connection is still open")
	}
}

func (s *socket) names() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, len(s.events))
	for i, e := range s.events {
		names[i] = e.name
	}
	return fmt.Sprint(names)
}
