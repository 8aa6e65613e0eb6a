package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/google/uuid"
)

// transport carries Engine.IO packets as text.
type transport interface {
	send(packet string) error
	receive() ([]string, error)
	close()
}

// dial says how a socket connects.
type dial struct {
	node    int
	polling bool
	as      *browser // whose cookie it carries
	origin  string
	auth    string // JSON; empty: none
	browser string // its User-Agent
	address string // where a proxy says it comes from
	header  http.Header
}

// socket is a Socket.IO client that keeps what it hears until a test asks.
type socket struct {
	t         testing.TB
	transport transport
	sendMu    sync.Mutex

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when something below changes
	events  []event
	acks    map[int]json.RawMessage
	lastID  int
	ended   bool
}

type event struct {
	name    string
	payload any
}

var transports = []bool{false, true} // polling?

func transportName(polling bool) string {
	if polling {
		return "polling"
	}
	return "websocket"
}

func (w *world) connect(d dial) *socket {
	w.t.Helper()
	s, err := w.tryConnect(d)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) tryConnect(d dial) (*socket, error) {
	header := d.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if d.as != nil {
		header.Set("Cookie", "session="+d.as.session())
	}
	if d.origin != "" {
		header.Set("Origin", d.origin)
	}
	if d.address != "" {
		header.Set("X-Forwarded-For", d.address)
	}
	if d.browser != "" {
		header.Set("User-Agent", d.browser)
	}
	var carrier transport
	var err error
	if d.polling {
		carrier, err = dialPolling(w.node(d.node).url, header)
	} else {
		carrier, err = dialWebSocket(w.node(d.node).url, header)
	}
	if err != nil {
		return nil, err
	}
	s := &socket{
		t:         w.t,
		transport: carrier,
		changed:   make(chan struct{}),
		acks:      map[int]json.RawMessage{},
	}
	connected := make(chan error, 1)
	go s.listen(connected)
	if err := carrier.send("40" + d.auth); err != nil {
		return nil, err
	}
	w.t.Cleanup(func() { carrier.close() })
	select {
	case err := <-connected:
		return s, err
	case <-time.After(patience):
		return nil, errors.New("the server does not answer CONNECT")
	}
}

// agent is a socket of the user who is logged in in b.
func (w *world) agent(node int, b *browser) *socket {
	w.t.Helper()
	return w.connect(dial{node: node, as: b})
}

// endUser is a socket that has joined v.
func (w *world) endUser(node int, v visit) *socket {
	w.t.Helper()
	s := w.connect(dial{node: node})
	s.ok("join_conversation", v.payload())
	return s
}

func (v visit) payload() obj {
	return obj{"conversation_id": v.conversationID, "external_id": v.externalID}
}

// say is a send_message of the end user.
func (v visit) say(content string) obj {
	return obj{"conversation_id": v.conversationID, "external_id": v.externalID, "sender_type": "end_user",
		"content_type": "text", "content": content}
}

// answer is a send_message of an agent.
func (v visit) answer(content string) obj {
	return obj{"conversation_id": v.conversationID, "sender_type": "agent", "content_type": "text", "content": content}
}

func (s *socket) listen(connected chan<- error) {
	defer func() {
		s.mu.Lock()
		s.ended = true
		s.notify()
		s.mu.Unlock()
	}()
	for {
		packets, err := s.transport.receive()
		if err != nil {
			select {
			case connected <- err:
			default:
			}
			return
		}
		for _, packet := range packets {
			if !s.handle(packet, connected) {
				return
			}
		}
	}
}

// notify wants the lock held.
func (s *socket) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *socket) handle(packet string, connected chan<- error) bool {
	switch {
	case packet == "2":
		s.raw("3")
	case packet == "1", packet == "41":
		return false
	case strings.HasPrefix(packet, "40"):
		connected <- nil
	case strings.HasPrefix(packet, "44"):
		connected <- fmt.Errorf("refused: %s", packet[2:])
	case strings.HasPrefix(packet, "42"):
		var parts []any
		if err := json.Unmarshal([]byte(packet[2:]), &parts); err != nil || len(parts) == 0 {
			s.t.Errorf("not an event: %s", packet)
			return false
		}
		e := event{name: parts[0].(string)}
		if len(parts) > 1 {
			e.payload = parts[1]
		}
		if e.name == "last_seq" || e.name == "look_again" {
			return true // they come at any time; handlers/realtime tests them
		}
		s.mu.Lock()
		s.events = append(s.events, e)
		s.notify()
		s.mu.Unlock()
	case strings.HasPrefix(packet, "43"):
		end := strings.IndexByte(packet, '[')
		id, _ := strconv.Atoi(packet[2:end])
		var parts []json.RawMessage
		if err := json.Unmarshal([]byte(packet[end:]), &parts); err != nil || len(parts) != 1 {
			s.t.Errorf("not an acknowledgement: %s", packet)
			return false
		}
		s.mu.Lock()
		if _, twice := s.acks[id]; twice {
			s.t.Errorf("acknowledged twice: %s", packet)
		}
		s.acks[id] = parts[0]
		s.notify()
		s.mu.Unlock()
	}
	return true
}

// raw sends a packet as it is.
func (s *socket) raw(packet string) error {
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	return s.transport.send(packet)
}

// emit sends an event without an acknowledgement.
func (s *socket) emit(name string, args ...any) {
	s.t.Helper()
	if err := s.raw("42" + eventText(name, args)); err != nil {
		s.t.Fatalf("emit %s: %v", name, err)
	}
}

func eventText(name string, args []any) string {
	text, err := json.Marshal(append([]any{name}, args...))
	if err != nil {
		panic(err)
	}
	return string(text)
}

// post sends an event whose acknowledgement ack waits for.
func (s *socket) post(name string, args ...any) (id int) {
	s.t.Helper()
	s.mu.Lock()
	s.lastID++
	id = s.lastID
	s.mu.Unlock()
	s.raw("42" + strconv.Itoa(id) + eventText(name, args)) // an ended connection shows in what ack answers
	return id
}

// ack waits for the acknowledgement; nil when the connection ends first.
func (s *socket) ack(id int) obj {
	s.t.Helper()
	var raw json.RawMessage
	if !s.wait(func() bool { raw = s.acks[id]; return raw != nil || s.ended }) {
		s.t.Fatalf("event %d is not acknowledged", id)
	}
	if raw == nil {
		return nil
	}
	var ack obj
	if err := json.Unmarshal(raw, &ack); err != nil {
		s.t.Fatalf("the acknowledgement is no object: %s", raw)
	}
	return ack
}

// call sends an event and returns its acknowledgement.
func (s *socket) call(name string, args ...any) obj {
	s.t.Helper()
	ack := s.ack(s.post(name, args...))
	if ack == nil {
		s.t.Fatalf("the connection ended before %s was acknowledged", name)
	}
	return ack
}

// ok is call for an event that must succeed.
func (s *socket) ok(name string, args ...any) obj {
	s.t.Helper()
	ack := s.call(name, args...)
	if ack["ok"] != true {
		s.t.Fatalf("%s %v is refused: %v", name, args, ack)
	}
	return ack
}

// refused is call for an event that must fail with code.
func (s *socket) refused(code, name string, args ...any) {
	s.t.Helper()
	like(s.t, s.call(name, args...), obj{"ok": false, "error": code, "message": isSentence})
}

// wait waits until ready, asked with the lock held.
func (s *socket) wait(ready func() bool) bool {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		if ready() {
			s.mu.Unlock()
			return true
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-deadline.C:
			return false
		}
	}
}

// next waits for the next event of that name and takes it from what was heard.
func (s *socket) next(name string) obj {
	s.t.Helper()
	return s.about(name, "", nil)
}

// about is next for the events whose key has that value.
func (s *socket) about(name, key string, value any) obj {
	s.t.Helper()
	var found *event
	heard := s.wait(func() bool {
		at := slices.IndexFunc(s.events, func(e event) bool {
			payload, _ := e.payload.(obj)
			return e.name == name && (key == "" || payload[key] == value)
		})
		if at >= 0 {
			found = &event{s.events[at].name, s.events[at].payload}
			s.events = slices.Delete(s.events, at, at+1)
		}
		return at >= 0 || s.ended
	})
	if !heard || found == nil {
		s.t.Fatalf("no %s was heard, but %v", name, s.names())
	}
	payload, _ := found.payload.(obj)
	return payload
}

// fence waits until whatever this node had for the socket has come: an acknowledgement overtakes nothing.
func (s *socket) fence() {
	s.t.Helper()
	s.ok("leave_conversation", obj{"conversation_id": uuid.NewString()})
}

// silent fails if any of these events, or any at all when none is named, was heard.
func (s *socket) silent(names ...string) {
	s.t.Helper()
	s.fence()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if len(names) == 0 || slices.Contains(names, e.name) {
			s.t.Errorf("heard %s %v, and should not have", e.name, e.payload)
		}
	}
}

// agentsOnly are the events that no end user may hear.
var agentsOnly = []string{"conversation_updated", "conversation_assigned", "conversation_released",
	"conversation_tagged", "conversation_viewed", "visit_changed",
	"agent_status_changed"}

// quiet is silent for an end user in whose organization agents come and go.
func (s *socket) quiet() {
	s.t.Helper()
	s.fence()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.name != "team_changed" {
			s.t.Errorf("heard %s %v, and should not have", e.name, e.payload)
		}
	}
}

// silentAbout fails if an event of that name was heard whose key has that value.
func (s *socket) silentAbout(name, key string, value any) {
	s.t.Helper()
	s.fence()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if payload, _ := e.payload.(obj); e.name == name && payload[key] == value {
			s.t.Errorf("heard %s %v, and should not have", e.name, e.payload)
		}
	}
}

func (s *socket) names() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		names = append(names, e.name)
	}
	return append(names, fmt.Sprintf("(ended: %v)", s.ended))
}

// forget drops what was heard so far.
func (s *socket) forget() {
	s.t.Helper()
	s.fence()
	s.mu.Lock()
	s.events = nil
	s.mu.Unlock()
}

// closed waits until the server has ended the connection.
func (s *socket) closed() {
	s.t.Helper()
	if !s.wait(func() bool { return s.ended }) {
		s.t.Error("the connection is still open")
	}
}

// close ends the connection without a goodbye.
func (s *socket) close() { s.transport.close() }

func (s *socket) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// ---- WebSocket

type webSocket struct {
	conn net.Conn
	r    io.Reader
}

func dialWebSocket(base string, header http.Header) (*webSocket, error) {
	dialer := ws.Dialer{Header: ws.HandshakeHeaderHTTP(header), Timeout: patience}
	conn, buffered, _, err := dialer.Dial(context.Background(),
		strings.Replace(base, "http", "ws", 1)+"/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		return nil, err
	}
	c := &webSocket{conn: conn, r: bufio.NewReader(conn)}
	if buffered != nil {
		c.r = io.MultiReader(bytes.NewReader(readBuffered(buffered)), conn)
	}
	return c, nil
}

func readBuffered(r *bufio.Reader) []byte {
	held, _ := r.Peek(r.Buffered())
	return bytes.Clone(held)
}

func (c *webSocket) send(packet string) error {
	return wsutil.WriteClientText(c.conn, []byte(packet))
}

func (c *webSocket) sendBinary(packet []byte) error { return wsutil.WriteClientBinary(c.conn, packet) }

func (c *webSocket) receive() ([]string, error) {
	for {
		message, op, err := wsutil.ReadServerData(struct {
			io.Reader
			io.Writer
		}{c.r, c.conn})
		if err != nil {
			return nil, err
		}
		if op == ws.OpText {
			return []string{string(message)}, nil
		}
	}
}

func (c *webSocket) close() { c.conn.Close() }

// ---- long-polling

type polling struct {
	client *http.Client
	header http.Header
	url    string
	ctx    context.Context
	cancel context.CancelFunc
}

func dialPolling(base string, header http.Header) (*polling, error) {
	c := &polling{
		client: &http.Client{Transport: &http.Transport{}},
		header: header,
		url:    base + "/socket.io/?EIO=4&transport=polling",
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	packets, err := c.receive()
	if err != nil {
		return nil, err
	}
	var opened struct {
		SID string `json:"sid"`
	}
	if err := json.Unmarshal([]byte(packets[0][1:]), &opened); err != nil {
		return nil, err
	}
	c.url += "&sid=" + opened.SID
	return c, nil
}

func (c *polling) send(packet string) error {
	_, err := c.do(http.MethodPost, packet)
	return err
}

func (c *polling) receive() ([]string, error) {
	body, err := c.do(http.MethodGet, "")
	if err != nil {
		return nil, err
	}
	return strings.Split(body, "\x1e"), nil
}

func (c *polling) do(method, body string) (string, error) {
	request, err := http.NewRequestWithContext(c.ctx, method, c.url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	for name := range c.header {
		request.Header.Set(name, c.header.Get(name))
	}
	response, err := c.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %d: %s", method, response.StatusCode, text)
	}
	return string(text), err
}

func (c *polling) close() {
	c.cancel()
	c.client.CloseIdleConnections()
}

// What long polling answers is for pages of any site, and as safe as any other answer.
func TestSockets_haveTheHeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t, "TRUSTED_PROXIES=127.0.0.1"), 1)
	b := w.browser(0)
	page := b.get("/auth/login", "X-Forwarded-Proto", "https").status(t, 200)
	for _, path := range []string{"/socket.io/?EIO=4&transport=polling", "/socket.io?EIO=3&transport=polling"} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
			a := b.do(method, path, "", "Origin", "https://app.example", "X-Forwarded-Proto", "https")
			for _, name := range []string{"Cache-Control", "Cross-Origin-Opener-Policy", "Permissions-Policy",
				"Strict-Transport-Security", "X-Content-Type-Options"} {
				got, want := a.Header.Values(name), page.Header.Values(name)
				if len(want) != 1 || !slices.Equal(got, want) {
					t.Errorf("%s %s: %s is %q, and %q of a page", method, path, name, got, want)
				}
			}
			for name, want := range map[string]string{
				"Access-Control-Allow-Credentials": "true",
				"Access-Control-Allow-Origin":      "https://app.example",
				"Content-Security-Policy":          "default-src 'none'; frame-ancestors 'none'",
				"Cross-Origin-Resource-Policy":     "cross-origin",
				"Referrer-Policy":                  "no-referrer",
			} {
				if got := a.Header.Values(name); !slices.Equal(got, []string{want}) {
					t.Errorf("%s %s: %s is %q, want %q", method, path, name, got, want)
				}
			}
		}
	}
}

// One address cannot take every socket of a node. Its agents still get in, and so does everybody else.
func TestSockets_ofOneAddressAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t, "ADDRESS_LIMITS=sockets=2", "TRUSTED_PROXIES=127.0.0.1"), 1)
	agent := w.login(0, w.seeded.Agent)
	const address, neighbor, other = "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"
	first := w.connect(dial{address: address})
	w.connect(dial{address: neighbor, polling: true})
	for _, polling := range transports {
		if _, err := w.tryConnect(dial{address: address, polling: polling}); err == nil ||
			!strings.Contains(err.Error(), "429") {
			t.Errorf("one socket more over %s: %v", transportName(polling), err)
		}
		w.connect(dial{address: other, polling: polling})
		w.connect(dial{address: address, polling: polling, as: agent}).ok("join_queue")
	}
	first.transport.close()
	for begin := time.Now(); ; runtime.Gosched() {
		if _, err := w.tryConnect(dial{address: address}); err == nil {
			break
		} else if time.Since(begin) > patience {
			t.Fatalf("a closed socket still counts: %v", err)
		}
	}
	if _, err := w.tryConnect(dial{address: address}); err == nil {
		t.Error("a closed socket has made room for two")
	}
}
