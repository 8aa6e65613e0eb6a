package socketio

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"parley/handlers/socketio/engine"
)

// client is a connection with its sockets, one for each namespace that it has joined. It implements engine.Receiver.
type client struct {
	server *Server
	conn   *engine.Conn

	// Used by the receiving side only, which handles one packet at a time.
	partial *partialPacket
	unread  int64 // attachments of a refused packet that are still to come
	left    bool  // a socket has disconnected: packets that were sent to it before are ignored, not violations

	mu      sync.Mutex
	sockets []*Socket
	timeout *time.Timer // closes the connection; nil once it has joined a namespace
}

// partialPacket is a packet whose attachments have not all arrived.
type partialPacket struct {
	packet
	received [][]byte
	bytes    int // size of the packet and of the attachments received
}

func newClient(s *Server, conn *engine.Conn) *client {
	c := &client{server: s, conn: conn}
	c.timeout = time.AfterFunc(s.options.ConnectTimeout, conn.Close)
	return c
}

// Message implements engine.Receiver.
func (c *client) Message(m engine.Message) error {
	if m.Binary {
		return c.attachment(m)
	}
	if c.partial != nil || c.unread > 0 {
		return errPacket
	}
	p, err := c.server.options.decodePacket(m.Data, m.Cut)
	if err != nil {
		return c.exceeded(p, err)
	}
	if p.attachments > 0 {
		c.partial = &partialPacket{packet: p, bytes: len(m.Data)}
		c.conn.Charge(len(m.Data))
		return nil
	}
	return c.handle(p, nil)
}

// exceeded answers a packet that could not be decoded or exceeds a limit. An error closes the connection.
func (c *client) exceeded(p packet, limit error) error {
	switch s, leaving := c.socket(p.namespace); {
	case limit == errPacket:
	case limit == errAuthTooLarge:
		c.refuse(p.namespace, limit)
		return nil
	case p.event() && s != nil && s.refuseEvent(p, limit), p.event() && s == nil && (leaving || c.left):
		c.unread = p.attachments
		return nil
	case limit == ErrPacketTooLarge:
		return engine.ErrTooLong
	}
	return limit
}

// attachment handles a binary message: the next attachment of the partial packet.
func (c *client) attachment(m engine.Message) error {
	p := c.partial
	switch {
	case c.unread > 0:
		c.unread--
		return nil
	case p == nil:
		return errPacket
	case m.Cut || p.bytes+len(m.Data) > c.server.options.MaxPayload:
		return engine.ErrTooLong
	}
	p.bytes += len(m.Data)
	c.conn.Charge(len(m.Data))
	p.received = append(p.received, m.Data)
	if int64(len(p.received)) < p.attachments {
		return nil
	}
	c.partial = nil
	c.conn.Charge(-p.bytes)
	return c.handle(p.packet, p.received)
}

// handle handles a complete packet.
func (c *client) handle(p packet, attachments [][]byte) error {
	s, leaving := c.socket(p.namespace)
	switch {
	case p.kind == typeConnect && s == nil:
		c.connect(p)
		return nil
	case p.kind == typeConnect:
		return errPacket
	case s == nil && (leaving || c.left):
		return nil
	case s == nil:
		return errPacket
	}
	switch p.kind {
	case typeDisconnect:
		c.left = true
		s.begin(ReasonClientDisconnect)
		s.finish()
	case typeEvent, typeBinaryEvent:
		if !c.server.draining.Load() {
			s.dispatch(p, attachments)
		}
	case typeAck, typeBinaryAck:
		s.resolve(p.id, p.args)
	}
	return nil
}

// connect creates a socket in a namespace, unless the middleware refuses it.
func (c *client) connect(p packet) {
	n := c.server.namespace(p.namespace)
	if n == nil {
		c.refuse(p.namespace, &ConnectError{Message: "Invalid namespace"})
		return
	}
	s := newSocket(n, c, p.data)
	if !c.add(s) {
		c.refuse(p.namespace, &ConnectError{Message: "Too many namespaces"})
		return
	}
	registered := n.registered.Load()
	for _, middleware := range registered.use {
		if err := s.ask(middleware); err != nil {
			s.begin(ReasonServerDisconnect)
			s.finish()
			c.refuse(p.namespace, err)
			return
		}
	}
	c.joined()
	c.conn.Send(encodeControl(typeConnect, n.name, []byte(`{"sid":"`+s.id+`"}`)))
	if !s.state.CompareAndSwap(stateConnecting, stateConnected) {
		return
	}
	s.announced = true
	for _, handler := range registered.connect {
		s.guard("connection", func() { handler(s) })
	}
}

// refuse answers a CONNECT packet with an error.
func (c *client) refuse(namespace string, err error) {
	c.conn.Send(encodeControl(typeConnectError, namespace, connectErrorPayload(err)))
}

// add registers a socket. It returns false if the connection has too many.
func (c *client) add(s *Socket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.sockets) >= c.server.options.MaxNamespaces {
		return false
	}
	c.sockets = append(c.sockets, s)
	return true
}

// joined stops the timer of Options.ConnectTimeout.
func (c *client) joined() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timeout != nil {
		c.timeout.Stop()
		c.timeout = nil
	}
}

func (c *client) remove(s *Socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.sockets, s); i >= 0 {
		c.sockets = slices.Delete(c.sockets, i, i+1)
	}
}

// socket returns the client's socket in a namespace, or nil. leaving reports that there is one, but disconnected.
func (c *client) socket(namespace string) (s *Socket, leaving bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sockets {
		if s.namespace.name != namespace {
			continue
		}
		if s.state.Load() != stateDisconnected {
			return s, false
		}
		leaving = true
	}
	return nil, leaving
}

func (c *client) all() []*Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sockets)
}

// Closed implements engine.Receiver.
func (c *client) Closed(reason string) {
	c.joined()
	for _, s := range c.all() {
		s.begin(reason)
		s.finish()
	}
	c.partial = nil
}

// guard runs a handler of the application and recovers from its panic. The log gets the type of the panic's value, not
// the value, which may contain what a client sent.
func (s *Socket) guard(what string, run func()) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			problem := fmt.Sprintf("%T", p)
			if err, isRuntime := p.(runtime.Error); isRuntime {
				problem = err.Error()
			}
			s.namespace.server.options.Log.Error("socketio: panic in a handler",
				"namespace", s.namespace.name, "handler", what, "panic", problem, "stack", string(debug.Stack()))
			ok = false
		}
	}()
	run()
	return true
}
