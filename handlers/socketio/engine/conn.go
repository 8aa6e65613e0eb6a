package engine

import (
	"encoding/json"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Why a connection ended, in the words of the Socket.IO documentation.
const (
	ReasonPingTimeout    = "ping timeout"
	ReasonTransportClose = "transport close"
	ReasonTransportError = "transport error"
	ReasonParseError     = "parse error"
	ReasonForcedClose    = "forced server close"
	ReasonShutdown       = "server shutting down"
)

// The two transports.
const (
	TransportPolling   = "polling"
	TransportWebSocket = "websocket"
)

// lingering is how long the id of a closed long-polling connection stays known, for the one request that fetches what
// is left, and how long a closed WebSocket waits for its client to close too.
const lingering = 2 * time.Second

// Conn is one client's connection, whatever carries it. Its methods may be called from any goroutine.
type Conn struct {
	server   *Server
	id       string
	request  any
	receiver Receiver
	beat     beat         // guarded by the heartbeat
	parts    atomic.Int32 // what keeps the connection registered, see enter
	release  func()       // gives back what Options.Admit took; may be nil

	inbound sync.Mutex // held while a packet is handled: one at a time, in order, over both transports

	mu          sync.Mutex // guards what follows; held for no longer than a write that does not block
	ws          *webSocket // nil: long-polling
	probe       *webSocket // asks to replace long-polling
	probed      bool       // the probe was answered: polls return at once, so that the client can leave them
	poll        *poll      // the parked request of long-polling
	answer      net.Conn   // takes the answer of a poll right now; nil: none
	posting     bool       // a POST is being handled
	queue       queue
	charged     int         // bytes held outside the queue, see charge
	held        bool        // what is queued waits for the next packet, or Flush
	closed      atomic.Bool // written with mu held
	closePacket byte        // the packet that ends the last poll; 0 when there is none to come
	reason      string
	linger      *time.Timer
}

// newConn registers a connection and introduces it to its receiver; nil when the server has stopped. It calls release
// when the connection has ended, or cannot begin.
func (s *Server) newConn(request any, ws *webSocket, release func()) *Conn {
	c := &Conn{server: s, id: newID(), request: request, ws: ws, release: release}
	if ws != nil {
		ws.owner = c
		ws.becomeTransport()
	}
	c.inbound.Lock() // nothing is received before there is a receiver
	defer c.inbound.Unlock()
	if !s.add(c) {
		callIfAny(release)
		return nil
	}
	if ws != nil {
		c.enter() // until the reader of ws has ended
		c.Send(c.openPacket(nil))
	}
	c.receiver = s.open(c)
	return c
}

// enter counts one more part of the connection: its life until Closed is called, each of its WebSockets, a wait for its
// last poll. The connection stays registered until leave has ended the last part. Call while another part lives.
func (c *Conn) enter() {
	c.parts.Add(1)
	c.server.running.Add(1)
}

func (c *Conn) leave() {
	if c.parts.Add(-1) == 0 {
		c.server.forget(c)
		callIfAny(c.release)
	}
	c.server.running.Done()
}

func callIfAny(f func()) {
	if f != nil {
		f()
	}
}

// openPacket is the first packet of a connection.
func (c *Conn) openPacket(upgrades []string) *Packet {
	if upgrades == nil {
		upgrades = []string{}
	}
	o := &c.server.options
	text, _ := json.Marshal(struct {
		SID          string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"`
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int      `json:"maxPayload"`
	}{c.id, upgrades, o.PingInterval.Milliseconds(), o.PingTimeout.Milliseconds(), o.MaxPayload})
	return textPacket(append([]byte{typeOpen}, text...))
}

// ID is the session id of the connection. It is a secret between this server and the client.
func (c *Conn) ID() string { return c.id }

// Request is what Options.Request made of the handshake.
func (c *Conn) Request() any { return c.request }

// Transport is TransportPolling or TransportWebSocket, as of now.
func (c *Conn) Transport() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ws != nil {
		return TransportWebSocket
	}
	return TransportPolling
}

// Send sends packets, with no other between them. It never waits: what cannot be written now is queued, and a
// connection whose queue is beyond its bounds is dropped. False means that the connection is closed.
func (c *Conn) Send(packets ...*Packet) bool { return c.send(false, packets) }

// SendVolatile is Send for packets of little worth: they are left out when the queue is more than a quarter full.
func (c *Conn) SendVolatile(packets ...*Packet) bool { return c.send(true, packets) }

func (c *Conn) send(volatile bool, packets []*Packet) bool {
	c.mu.Lock()
	sent := c.sendLocked(volatile, packets)
	c.mu.Unlock()
	c.server.relieve()
	return sent
}

func (c *Conn) sendLocked(volatile bool, packets []*Packet) bool {
	o := &c.server.options
	if c.closed.Load() {
		return false
	}
	if volatile && c.queue.over(o.MaxQueuePackets/4, o.MaxQueueBytes/4) {
		return true
	}
	for _, p := range packets {
		if c.ws == nil || c.queue.len() > 0 || !c.ws.writeNow(p) {
			c.queue.push(&c.server.budget, p)
		}
	}
	c.releaseHeld()
	if c.queue.over(o.MaxQueuePackets, o.MaxQueueBytes) {
		c.closeLocked(ReasonTransportError, 0)
		return false
	}
	c.wakeWriter()
	return true
}

// Hold queues a packet that is written together with the next one sent, or by Flush: two packets that come one after
// the other then cost one system call.
func (c *Conn) Hold(p *Packet) bool {
	held := c.hold(p)
	c.server.relieve()
	return held
}

func (c *Conn) hold(p *Packet) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return false
	}
	c.held = c.held || c.queue.len() == 0
	c.queue.push(&c.server.budget, p)
	if c.queue.over(c.server.options.MaxQueuePackets, c.server.options.MaxQueueBytes) {
		c.closeLocked(ReasonTransportError, 0)
		return false
	}
	return true
}

// Flush writes what is held.
func (c *Conn) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed.Load() && c.held {
		c.releaseHeld()
		c.wakeWriter()
	}
}

// releaseHeld writes what was held and what follows it in one piece. Call with mu held.
func (c *Conn) releaseHeld() {
	if c.held && c.ws != nil {
		c.ws.writeTogether(&c.queue)
	}
	c.held = false
}

// wakeWriter sees to it that somebody writes what is queued. Call with mu held.
func (c *Conn) wakeWriter() {
	switch {
	case c.ws != nil:
		if c.queue.len() > 0 || c.ws.pong != nil {
			c.ws.startFlusher()
		}
	case c.poll != nil && c.queue.len() > 0 && c.answer == nil:
		c.poll.wake()
	}
}

// Close ends the connection after what is queued has been written; the client may connect again.
func (c *Conn) Close() { c.close(ReasonForcedClose, closeNormal) }

// close ends the connection politely, over WebSocket with a close code.
func (c *Conn) close(reason string, code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeLocked(reason, code)
}

// abort ends the connection without waiting for anything to be written.
func (c *Conn) abort(reason string) { c.close(reason, 0) }

// closeLocked closes the connection, once. A code of 0 drops what is queued. Call with mu held.
func (c *Conn) closeLocked(reason string, code int) {
	if c.closed.Load() {
		return
	}
	c.chargeLocked(-c.charged)
	c.closed.Store(true)
	c.reason = reason
	if code == 0 {
		c.queue.clear(&c.server.budget)
		c.cutAnswer()
	}
	if c.probe != nil {
		c.probe.abort()
		c.probe = nil
	}
	c.server.beats.remove(c)
	if c.ws != nil {
		c.ws.end(code)
	} else {
		c.endPolling(code)
	}
	go c.finish()
}

// ended reports whether the connection answers no request any more.
func (c *Conn) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed.Load() && c.closePacket == 0
}

// finish calls the receiver's Closed, after the packet that is being handled.
func (c *Conn) finish() {
	defer c.leave() // since add
	c.inbound.Lock()
	defer c.inbound.Unlock()
	c.receiver.Closed(c.reason)
}

// cut drops what a polite close still waits for.
func (c *Conn) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cutAnswer()
	if c.ws != nil {
		c.ws.abort()
		c.queue.clear(&c.server.budget)
	}
	if c.closePacket != 0 {
		c.endLinger()
	}
}

// InTurn runs f in a goroutine of its own, while no packet of the connection is handled.
func (c *Conn) InTurn(f func()) {
	go func() {
		c.inbound.Lock()
		defer c.inbound.Unlock()
		f()
	}()
}
