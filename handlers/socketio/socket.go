package socketio

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"sync"
	"sync/atomic"

	"parley/handlers/socketio/engine"
)

// The states of a socket, in order.
const (
	stateConnecting = iota // the middleware runs
	stateConnected
	stateDisconnected
)

// Socket is one client in one namespace. Its methods may be called from any goroutine, also after it has disconnected,
// when those that send or join do nothing.
type Socket struct {
	id        string
	namespace *Namespace
	client    *client
	auth      json.RawMessage
	state     atomic.Int32
	announced bool // the OnConnection handlers were called; used by the receiving side only
	finished  bool // the OnDisconnect handlers were called; used by the receiving side only

	mu     sync.Mutex
	data   any
	rooms  roomSet
	limit  int                              // of rooms; 0: Options.MaxRooms
	acks   map[int64]chan []json.RawMessage // events that wait for an acknowledgement
	lastID int64
	reason string
}

func newSocket(n *Namespace, c *client, auth []byte) *Socket {
	s := &Socket{id: newID(), namespace: n, client: c, auth: emptyAuth}
	if len(auth) > 0 && string(auth) != "{}" {
		s.auth = bytes.Clone(auth) // a slice would keep the whole packet in memory
	}
	return s
}

var emptyAuth = json.RawMessage("{}")

// newID returns a random id that cannot be guessed.
func newID() string {
	var b [15]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// ID returns the id of the socket, as clients see it and Broadcast.Except takes it, on any node. It differs from the
// session id of the connection, which is a secret.
func (s *Socket) ID() string { return s.id }

// Namespace returns the socket's namespace.
func (s *Socket) Namespace() *Namespace { return s.namespace }

// Request returns what Options.Request returned for the connection.
func (s *Socket) Request() any { return s.client.conn.Request() }

// Auth returns the JSON object that the client sent when it joined the namespace, or {}.
func (s *Socket) Auth() json.RawMessage { return s.auth }

// Connected reports whether the socket is connected at this moment.
func (s *Socket) Connected() bool { return s.state.Load() == stateConnected }

// Transport returns the current transport: engine.TransportPolling or engine.TransportWebSocket.
func (s *Socket) Transport() string { return s.client.conn.Transport() }

// Data returns the application's data of this socket, as set by SetData.
func (s *Socket) Data() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data
}

// SetData sets the application's data of this socket.
func (s *Socket) SetData(data any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = data
}

// Emit sends an event to the client. See Broadcast.Emit for the arguments. It returns ErrDisconnected, or an error of
// encoding/json.
func (s *Socket) Emit(event string, args ...any) error {
	m, err := encodeEvent(s.namespace, noID, event, args)
	if err != nil {
		return err
	}
	return s.send(m)
}

func (s *Socket) send(m message) error {
	if !s.Connected() || !m.sendTo(s.client.conn, false) {
		return ErrDisconnected
	}
	return nil
}

// hold queues a message that Flush, or the next packet to the connection, sends.
func (s *Socket) hold(m message) error {
	if len(m.attachments) > 0 {
		return s.send(m)
	}
	if !s.Connected() || !s.client.conn.Hold(m.packet) {
		return ErrDisconnected
	}
	return nil
}

// Flush sends what Event.AckHeld has queued.
func (s *Socket) Flush() { s.client.conn.Flush() }

// EmitWithAck sends an event and waits for the client's acknowledgement until ctx ends. Do not call it from a handler
// of the same connection: that handler would keep the acknowledgement from being read. It returns ErrDisconnected if
// the socket disconnects first. Attachments of the acknowledgement are dropped.
func (s *Socket) EmitWithAck(ctx context.Context, event string, args ...any) ([]json.RawMessage, error) {
	id, answer, err := s.expect()
	if err != nil {
		return nil, err
	}
	defer s.forget(id)
	m, err := encodeEvent(s.namespace, id, event, args)
	if err != nil {
		return nil, err
	}
	if err := s.send(m); err != nil {
		return nil, err
	}
	select {
	case args, ok := <-answer:
		if !ok {
			return nil, ErrDisconnected
		}
		return args, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// expect reserves an acknowledgement id. The channel is closed when the socket disconnects.
func (s *Socket) expect() (id int64, answer chan []json.RawMessage, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Load() == stateDisconnected {
		return 0, nil, ErrDisconnected
	}
	if s.acks == nil {
		s.acks = map[int64]chan []json.RawMessage{}
	}
	id, answer = s.lastID, make(chan []json.RawMessage, 1)
	s.lastID++
	s.acks[id] = answer
	return id, answer, nil
}

func (s *Socket) forget(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.acks, id)
}

// resolve passes an acknowledgement to the EmitWithAck that waits for it. Others are ignored.
func (s *Socket) resolve(id int64, args []json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if answer, ok := s.acks[id]; ok {
		delete(s.acks, id)
		answer <- args
	}
}

// dispatch runs the handler of an event.
func (s *Socket) dispatch(p packet, attachments [][]byte) {
	registered := s.namespace.registered.Load()
	e := &Event{
		Name:        eventName(p.args[0], registered.events),
		Args:        p.args[1:],
		Attachments: attachments,
		socket:      s,
		id:          p.id,
	}
	handle := registered.any
	if h, ok := registered.events[e.Name]; ok {
		handle = h.handle
	}
	if handle != nil {
		s.guard(e.Name, func() { handle(s, e) })
	}
}

// refuseEvent passes an event that exceeds a limit to the OnRefuse handler. It returns false if there is none.
func (s *Socket) refuseEvent(p packet, limit error) bool {
	refuse := s.namespace.registered.Load().refuse
	if refuse == nil {
		return false
	}
	if !s.client.server.draining.Load() {
		e := &Event{socket: s, id: p.id}
		s.guard("refuse", func() { refuse(s, e, limit) })
	}
	return true
}

// ask runs a middleware.
func (s *Socket) ask(middleware func(*Socket) error) (err error) {
	if !s.guard("middleware", func() { err = middleware(s) }) {
		return &ConnectError{Message: "Internal server error"}
	}
	return err
}

// Disconnect disconnects the socket from its namespace with a disconnect packet. The official clients do not connect
// again by themselves after it. With closeConnection it also disconnects the client's sockets in other namespaces and
// closes the connection.
func (s *Socket) Disconnect(closeConnection bool) {
	sockets := []*Socket{s}
	if closeConnection {
		sockets = s.client.all()
	}
	for _, s := range sockets {
		if s.begin(ReasonServerDisconnect) {
			s.client.conn.Send(encodeControl(typeDisconnect, s.namespace.name, nil))
			// After the handler that may be running for this socket.
			s.client.conn.InTurn(s.finish)
		}
	}
	if closeConnection {
		s.client.conn.Close()
	}
}

// begin marks the socket as disconnected: it sends and receives nothing from now on. It returns false if it was
// already.
func (s *Socket) begin(reason string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Swap(stateDisconnected) == stateDisconnected {
		return false
	}
	s.reason = reason
	for id, answer := range s.acks {
		delete(s.acks, id)
		close(answer)
	}
	return true
}

// finish calls the OnDisconnect handlers, once, and leaves the rooms. Call it on the receiving side.
func (s *Socket) finish() {
	if s.finished {
		return
	}
	s.finished = true
	s.client.left = true
	if s.announced {
		s.mu.Lock()
		reason := s.reason
		s.mu.Unlock()
		for _, handler := range s.namespace.registered.Load().disconnect {
			s.guard("disconnect", func() { handler(s, reason) })
		}
	}
	s.leaveAll()
	s.client.remove(s)
}

var _ engine.Receiver = (*client)(nil)
