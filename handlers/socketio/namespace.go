package socketio

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Namespace is a part of a server that clients join separately, with handlers, sockets and rooms of its own. Its
// methods may be called from any goroutine; handlers are best registered before the server is mounted, since sockets
// that are connected already are not told.
type Namespace struct {
	server *Server
	name   string
	prefix string // of its packets

	registering sync.Mutex
	registered  atomic.Pointer[handlers] // replaced as a whole, so that events read it without a lock

	mu    sync.RWMutex
	rooms map[string]*room
}

// handlers are what an application registered with a namespace.
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

// Name is the namespace's name, with its slash.
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

// Use registers a middleware: it runs before a socket is connected, in the order of registration. An error refuses the
// client, who is told its message (and the data of a *ConnectError); so does a panic, who is told nothing.
func (n *Namespace) Use(middleware func(*Socket) error) {
	n.register(func(h *handlers) { h.use = append(h.use, middleware) })
}

// OnConnection registers a handler for sockets that have connected. The socket's events wait until it has returned.
func (n *Namespace) OnConnection(handler func(*Socket)) {
	n.register(func(h *handlers) { h.connect = append(h.connect, handler) })
}

// OnDisconnect registers a handler for sockets that have disconnected, called exactly once a socket that OnConnection
// was told of, after its last event and never within a call to Disconnect. The reason is one of the Socket.IO
// documentation. The socket's rooms can still be read, and count it as a member, until the handlers have returned.
func (n *Namespace) OnDisconnect(handler func(s *Socket, reason string)) {
	n.register(func(h *handlers) { h.disconnect = append(h.disconnect, handler) })
}

// On registers the handler of an event; another for the same event replaces it.
func (n *Namespace) On(event string, handler func(*Socket, *Event)) {
	n.register(func(h *handlers) { h.events[event] = eventHandler{event, handler} })
}

// OnAny registers the handler of events that no On names; another replaces it.
func (n *Namespace) OnAny(handler func(*Socket, *Event)) {
	n.register(func(h *handlers) { h.any = handler })
}

// OnRefuse registers the handler of events that exceed a limit: limit is ErrPacketTooLarge, ErrTooManyArguments or
// ErrTooManyAttachments. The event was not decoded, and has neither name nor arguments, but it can be acknowledged, so
// that its sender learns what was wrong. Without such a handler the connection is closed. Another handler replaces it.
func (n *Namespace) OnRefuse(handler func(s *Socket, e *Event, limit error)) {
	n.register(func(h *handlers) { h.refuse = handler })
}

// To addresses the sockets in a room.
func (n *Namespace) To(room string) Broadcast { return Broadcast{namespace: n, room: room} }

// In is To.
func (n *Namespace) In(room string) Broadcast { return n.To(room) }

// Members is the number of sockets in a room on this node.
func (n *Namespace) Members(room string) int {
	r := n.room(room)
	if r == nil {
		return 0
	}
	return len(r.snapshot())
}

// Sockets are the sockets in a room on this node.
func (n *Namespace) Sockets(room string) []*Socket {
	r := n.room(room)
	if r == nil {
		return nil
	}
	return slices.Clone(r.snapshot())
}

// DisconnectSockets disconnects the sockets in a room, on every node, with the packet that keeps the official clients
// from connecting again by themselves.
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
