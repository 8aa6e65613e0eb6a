package socketio

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Namespace is a separate channel over the clients' connections, with its own handlers, sockets and rooms. Its methods
// may be called from any goroutine. Register handlers before the server is mounted: middleware and connection handlers
// do not run for sockets that are already connected.
type Namespace struct {
	server *Server
	name   string
	prefix string // of its packets: its name, see namespacePrefix

	registering sync.Mutex
	registered  atomic.Pointer[handlers] // replaced as a whole, so that reading needs no lock

	mu    sync.RWMutex
	rooms map[string]*room
}

// handlers are the application's handlers of a namespace.
type handlers struct {
	use        []func(*Socket) error
	connect    []func(*Socket)
	disconnect []func(*Socket, string)
	events     map[string]eventHandler
	any        func(*Socket, *Event)
	refuse     func(*Socket, *Event, error)
}

type eventHandler struct {
	name   string
	handle func(*Socket, *Event)
}

func newNamespace(s *Server, name string) *Namespace {
	n := &Namespace{server: s, name: name, prefix: namespacePrefix(name), rooms: map[string]*room{}}
	n.registered.Store(&handlers{})
	return n
}

// Name returns the name with its slash.
func (n *Namespace) Name() string { return n.name }

func (n *Namespace) register(change func(*handlers)) {
	n.registering.Lock()
	defer n.registering.Unlock()
	old := n.registered.Load()
	h := &handlers{
		use:        slices.Clone(old.use),
		connect:    slices.Clone(old.connect),
		disconnect: slices.Clone(old.disconnect),
		events:     maps.Clone(old.events),
		any:        old.any,
		refuse:     old.refuse,
	}
	if h.events == nil {
		h.events = map[string]eventHandler{}
	}
	change(h)
	n.registered.Store(h)
}

// Use registers a middleware, which runs before a socket is connected. Middleware runs in the order of registration. An
// error refuses the client and is sent to it: the message, and the data of a *ConnectError. A panic refuses it with
// "Internal server error".
func (n *Namespace) Use(middleware func(*Socket) error) {
	n.register(func(h *handlers) { h.use = append(h.use, middleware) })
}

// OnConnection registers a handler that runs when a socket has connected, before the socket's first event.
func (n *Namespace) OnConnection(handler func(*Socket)) {
	n.register(func(h *handlers) { h.connect = append(h.connect, handler) })
}

// OnDisconnect registers a handler that runs when a socket has disconnected: exactly once for each socket whose
// OnConnection handlers ran, after its last event, and never inside a call of Disconnect. The Socket.IO documentation
// lists the reasons. The socket leaves its rooms after the handlers have returned.
func (n *Namespace) OnDisconnect(handler func(s *Socket, reason string)) {
	n.register(func(h *handlers) { h.disconnect = append(h.disconnect, handler) })
}

// On registers the handler of an event. It replaces an earlier handler of the same event.
func (n *Namespace) On(event string, handler func(*Socket, *Event)) {
	n.register(func(h *handlers) { h.events[event] = eventHandler{event, handler} })
}

// OnAny registers the handler of events that have no handler of their own. It replaces an earlier one.
func (n *Namespace) OnAny(handler func(*Socket, *Event)) {
	n.register(func(h *handlers) { h.any = handler })
}

// OnReturn registers the handler that runs when broadcasts between nodes may have been lost: this node reaches the
// others again, or another node does. It must not block. Without a broker that can report it, it never runs. It
// replaces an earlier one, also of other namespaces.
func (n *Namespace) OnReturn(handler func()) {
	if b, ok := n.server.options.Broker.(returnReporter); ok {
		b.OnReturn(handler)
	}
}

// OnRefuse registers the handler of events that exceed a limit: limit is ErrPacketTooLarge, ErrTooManyArguments or
// ErrTooManyAttachments. Such an event is not decoded, so it has neither name nor arguments, but the handler can
// acknowledge it. Without a handler the connection is closed. It replaces an earlier handler.
func (n *Namespace) OnRefuse(handler func(s *Socket, e *Event, limit error)) {
	n.register(func(h *handlers) { h.refuse = handler })
}

// To returns a broadcast to the sockets in a room.
func (n *Namespace) To(room string) Broadcast { return Broadcast{namespace: n, room: room} }

// In is the same as To.
func (n *Namespace) In(room string) Broadcast { return n.To(room) }

// Members returns the number of sockets in a room on this node.
func (n *Namespace) Members(room string) int {
	r := n.room(room)
	if r == nil {
		return 0
	}
	return len(r.snapshot())
}

// Rooms returns the names of the rooms that have members on this node.
func (n *Namespace) Rooms() []string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	names := make([]string, 0, len(n.rooms))
	for name := range n.rooms {
		names = append(names, name)
	}
	return names
}

// Delivered returns the number up to which the numbered events of a room were delivered on this node, or are no longer
// waited for. It returns false if the room has no members here, or no number is known.
func (n *Namespace) Delivered(room string) (sequence uint64, known bool) {
	r := n.room(room)
	if r == nil {
		return 0, false
	}
	return r.sequencer().delivered()
}

// Sockets returns the sockets in a room on this node.
func (n *Namespace) Sockets(room string) []*Socket {
	r := n.room(room)
	if r == nil {
		return nil
	}
	return slices.Clone(r.snapshot())
}

// DisconnectSockets calls Disconnect(false) for the sockets in a room, on every node.
func (n *Namespace) DisconnectSockets(room string) {
	n.disconnectHere(room)
	if b := n.server.options.Broker; b != nil {
		b.Publish(n.channel(room), remoteMessage{
			node:  n.server.node,
			kind:  remoteDisconnect,
			rooms: []string{room},
		}.encode())
	}
}

func (n *Namespace) disconnectHere(room string) {
	for _, s := range n.Sockets(room) {
		s.Disconnect(false)
	}
}
