package engine

import (
	"encoding/json"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Reasons of the end of a connection, as the Socket.IO documentation names them.
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

// lingering is how long a closed long-polling connection waits for the request that fetches its last packets, and a
// closed WebSocket for its client to close too.
const lingering = 2 * time.Second

// Conn is the connection of one client, over either transport. Its methods may be called from any goroutine.
type Conn struct {
	server   *Server
	id       string
	request  any
	receiver Receiver
	beat     beat         // guarded by the heartbeat
	release  func()       // gives back what Options.Admit took; may be nil
	parts    atomic.Int32 // what keeps the connection registered, see enter

	inbound sync.Mutex // locked while a packet is handled: one at a time, over both transports

	mu          sync.Mutex // guards the fields below; locked for no longer than a write that does not block
	ws          *webSocket // nil: the transport is long-polling
	probe       *webSocket // may replace long-polling
	poll        *poll      // the waiting GET request of long-polling
	answer      net.Conn   // where the answer to a poll is being written; nil: nowhere
	queue       queue
	charged     int         // bytes held outside the queue, see charge
	probed      bool        // the probe is answered: polls return at once, so that the client can stop polling
	posting     bool        // a POST is being handled
	held        bool        // the queue waits for the next packet, or Flush
	closed      atomic.Bool // changed with mu locked
	closePacket byte        // ends the answer to the last poll; 0: there is no last poll to come
	reason      string
	linger      *time.Timer
}

// newConn registers a connection and opens its receiver. It returns nil if the server has stopped. release is called
// when the connection has ended, or cannot begin.
func (s *Server) newConn(request any, ws *webSocket, release func()) *Conn {
	c := &Conn{server: s, id: newID(), request: request, ws: ws, release: release}
	if ws != nil {
		ws.owner = c
		ws.becomeTransport()
	}
	c.inbound.Lock() // no packet is handled before there is a receiver
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

// enter counts a part of the connection: the time until its receiver is closed, each WebSocket, the wait for a last
// poll. The connection stays registered until leave has been called for every part. Call enter while another part
// lives.
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

// openPacket returns the first packet of a connection.
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

// ID returns the session id of the connection. It is a secret between the server and the client.
func (c *Conn) ID() string { return c.id }

// Request returns what Options.Request returned.
func (c *Conn) Request() any { return c.request }

// Transport returns the current transport: TransportPolling or TransportWebSocket.
func (c *Conn) Transport() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ws != nil {
		return TransportWebSocket
	}
	return TransportPolling
}

// InTurn runs f in a goroutine of its own, when no packet of the connection is being handled.
func (c *Conn) InTurn(f func()) {
	go func() {
		c.inbound.Lock()
		defer c.inbound.Unlock()
		f()
	}()
}
