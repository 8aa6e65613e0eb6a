// Package engine is an Engine.IO server (protocol 4) on Fiber: connections over HTTP long-polling and WebSocket, the
// upgrade from one to the other, heartbeats. It carries text and binary messages in order and knows nothing of what
// they say; package socketio does.
//
// A WebSocket is hijacked from fasthttp, whose context is released at once. From then on one goroutine waits for the
// connection in the runtime's poller and holds a read buffer only while there is data; whoever sends writes in place,
// without blocking, and only what the kernel does not take is queued. Only the reading goroutine closes the
// connection: everyone else asks it to, with a deadline that has passed.
package engine

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Options configure a Server; a zero value takes the default in the comment.
type Options struct {
	PingInterval    time.Duration // 25 s
	PingTimeout     time.Duration // 20 s
	UpgradeTimeout  time.Duration // 10 s, from a probing WebSocket's handshake to its upgrade packet
	WriteTimeout    time.Duration // 10 s, for one write to a client that does not read
	MaxPayload      int           // 1,000,000 bytes: one HTTP body, and what the client is told
	MaxMessage      int           // MaxPayload: a longer message reaches the receiver cut off after MaxMessage+1 bytes
	MaxQueuePackets int           // 16384, see below
	MaxQueueBytes   int           // 8 MiB
	QueueBudget     int           // 16 MiB, of all connections together
	MaxConnections  int           // unlimited; above it a handshake is answered with 503
	// Admit
	Admit func(c *fiber.Ctx) (release func(), ok bool)

	// Request is called once a connection, during its handshake. What it returns is all that is kept of the request,
	// and must not alias it: Fiber recycles the memory.
	Request func(c *fiber.Ctx) any
	// AllowOrigin tells which foreign origins may use long-polling (CORS); nil allows none. It does not restrict
	// WebSockets, which browsers open from anywhere: who acts on cookies checks the Origin header in Request.
	AllowOrigin func(origin string) bool
	Log         *slog.Logger // slog.Default()
}

// The queue's bounds are generous for a reason: a healthy long-polling client in a burst of 5,000 messages, or a
// browser busy for some 100 ms, falls that far behind, and a queued broadcast is a pointer to shared bytes. A client
// that does not read at all is dropped by WriteTimeout, or by its missing pong, long before it fills them.
const (
	defaultQueuePackets = 16384
	defaultQueueBytes   = 8 << 20
)

func (o *Options) setDefaults() {
	setDefault(&o.PingInterval, 25*time.Second)
	setDefault(&o.PingTimeout, 20*time.Second)
	setDefault(&o.UpgradeTimeout, 10*time.Second)
	setDefault(&o.WriteTimeout, 10*time.Second)
	setDefault(&o.MaxPayload, 1_000_000)
	setDefault(&o.MaxQueuePackets, defaultQueuePackets)
	setDefault(&o.MaxMessage, o.MaxPayload)
	setDefault(&o.MaxQueueBytes, defaultQueueBytes)
	setDefault(&o.QueueBudget, 16<<20)
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

func setDefault[T time.Duration | int](value *T, fallback T) {
	if *value <= 0 {
		*value = fallback
	}
}

// ErrTooLong is for Receiver.Message to return: a WebSocket is then closed with code 1009.
var ErrTooLong = errors.New("engine: message too long")

// Receiver is what a connection's packets are for. Its methods are called one at a time, in order.
type Receiver interface {
	// Message takes a message, which is the receiver's to keep. While it blocks, the client's further packets wait. A
	// message of more than Options.MaxMessage bytes is cut off somewhere behind them. An error closes the connection
	// with ReasonParseError.
	Message(message []byte, binary bool) error
	// Closed is called once, after the last Message. It runs in a goroutine of the connection, never in the one that
	// closed it.
	Closed(reason string)
}

// Server is an Engine.IO server. Its methods may be called from any goroutine.
type Server struct {
	options  Options
	open     func(*Conn) Receiver
	beats    *heartbeat
	keepConn sync.Once
	draining atomic.Bool
	budget   budget
	running  sync.WaitGroup // goroutines of connections and of the heartbeat

	mu      sync.Mutex
	conns   map[string]*Conn
	stopped bool
}

// New starts a server. Every new connection is passed to open, before its first packet is handled, which returns who
// receives them. Shutdown ends what New starts.
func New(options Options, open func(*Conn) Receiver) *Server {
	options.setDefaults()
	s := &Server{options: options, open: open, conns: map[string]*Conn{}}
	s.budget.limit = int64(options.QueueBudget)
	ping := textPacket([]byte{typePing})
	s.beats = &heartbeat{
		interval: options.PingInterval,
		timeout:  options.PingTimeout,
		ping:     func(c *Conn) { c.Send(ping) },
		expire:   func(c *Conn) { c.abort(ReasonPingTimeout) },
		stop:     make(chan struct{}),
	}
	s.running.Go(s.beats.run)
	return s
}

// Connections is the number of open connections.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// QueuedBytes is how much of Options.QueueBudget is used.
func (s *Server) QueuedBytes() int64 { return s.budget.used.Load() }

// Drain refuses new connections, with 503. Existing ones go on.
func (s *Server) Drain() { s.draining.Store(true) }

// Shutdown closes every connection so that its client connects again elsewhere: what is queued is written, then comes
// Engine.IO's close packet or WebSocket's 1001. It waits for all goroutines of the connections; when ctx ends first,
// it cuts them off and returns its error. The HTTP server must go on serving until Shutdown returns, or long-polling
// clients cannot fetch their last packets.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	for _, c := range s.stop() {
		c.close(ReasonShutdown, closeGoingAway)
	}
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	for _, c := range s.all() {
		c.cut()
	}
	return ctx.Err()
}

// stop marks the server as stopped and returns its connections.
func (s *Server) stop() []*Conn {
	s.mu.Lock()
	if !s.stopped {
		s.stopped = true
		close(s.beats.stop)
	}
	s.mu.Unlock()
	return s.all()
}

func (s *Server) all() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	conns := make([]*Conn, 0, len(s.conns))
	for _, c := range s.conns {
		conns = append(conns, c)
	}
	return conns
}

// lookup returns the connection of a session id; nil when there is none, or none that answers any more.
func (s *Server) lookup(id string) *Conn {
	s.mu.Lock()
	c := s.conns[id]
	s.mu.Unlock()
	if c == nil || c.ended() {
		return nil
	}
	return c
}

// hasRoom reports whether there is room for one more connection.
func (s *Server) hasRoom() bool {
	return !s.draining.Load() && (s.options.MaxConnections <= 0 || s.Connections() < s.options.MaxConnections)
}

// add registers a connection and starts its heartbeat; false means that the server has stopped.
func (s *Server) add(c *Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	c.enter() // until finish
	s.conns[c.id] = c
	s.beats.add(c)
	return true
}

// enter counts a goroutine that Shutdown shall wait for; false means that the server has stopped.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		s.running.Add(1)
	}
	return !s.stopped
}

// forget makes a connection's id unknown.
func (s *Server) forget(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c.id)
}

// newID makes an id that cannot be guessed: it is all a long-polling request has to show.
func newID() string {
	var b [15]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
