// Package engine is an Engine.IO server (protocol 4) for Fiber: connections over HTTP long-polling and WebSocket, the
// upgrade from one to the other, and heartbeats. It carries text and binary messages in order. Package socketio gives
// them a meaning.
//
// A WebSocket is hijacked from fasthttp, which releases its memory at once. One goroutine reads it: it waits in the
// runtime's poller and has a read buffer only while there is data. Send writes at once, without blocking; only what the
// kernel does not take is queued, for a goroutine that lives until the queue is empty. Only the reading goroutine
// closes the socket. Others make it do so with a deadline in the past.
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

// Options configure a Server. A zero value takes the default that the comment names.
type Options struct {
	// PingInterval (25 s) is the time between a client's pong and the next ping.
	PingInterval time.Duration
	// PingTimeout (20 s) is how long a client has to answer a ping.
	PingTimeout time.Duration
	// UpgradeTimeout (10 s) is how long a WebSocket may take to replace long-polling.
	UpgradeTimeout time.Duration
	// WriteTimeout (10 s) is how long a client may take to read 64 KiB, or one packet.
	WriteTimeout time.Duration

	// MaxPayload (1,000,000 bytes) is the longest body of a long-polling request, either way. The handshake announces
	// it to the client.
	MaxPayload int
	// MaxMessage (MaxPayload) is the longest message, in bytes. The receiver gets only the beginning of a longer one.
	// It never gets one of more than 1 MiB and MaxPayload: that closes the connection.
	MaxMessage int
	// MaxQueuePackets (16,384) and MaxQueueBytes (8 MiB) bound the queue of one connection. A connection beyond them is
	// closed; volatile packets are dropped from a quarter on.
	MaxQueuePackets, MaxQueueBytes int
	// QueueBudget (16 MiB) bounds all queues together, with messages that have arrived in part. The bytes of a packet
	// in several queues count once. Beyond it the connections that hold the most are closed first.
	QueueBudget int
	// MaxConnections (no limit) is the most connections. A handshake beyond it is answered with 503.
	MaxConnections int

	// Admit (nil: all are admitted) decides whether a new connection may open; false answers its handshake with 429.
	// release, which may be nil, is called exactly once, when nothing of the connection is left.
	Admit func(c *fiber.Ctx) (release func(), ok bool)
	// Request (nil) is called once for each new connection. Conn.Request returns its result, which must not refer to
	// the request's memory: Fiber uses it again.
	Request func(c *fiber.Ctx) any
	// AllowOrigin (nil: none) reports whether pages of a foreign origin may use long-polling, with cookies (CORS).
	AllowOrigin func(origin string) bool
	// Log is slog.Default() by default.
	Log *slog.Logger
}

func (o *Options) setDefaults() {
	setDefault(&o.PingInterval, 25*time.Second)
	setDefault(&o.PingTimeout, 20*time.Second)
	setDefault(&o.UpgradeTimeout, 10*time.Second)
	setDefault(&o.WriteTimeout, 10*time.Second)
	setDefault(&o.MaxPayload, 1_000_000)
	setDefault(&o.MaxQueuePackets, 16384)
	setDefault(&o.MaxMessage, o.MaxPayload)
	setDefault(&o.MaxQueueBytes, 8<<20)
	setDefault(&o.QueueBudget, 16<<20)
	o.MaxPayload, o.MaxMessage = min(o.MaxPayload, 1<<30), min(o.MaxMessage, 1<<30)
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

func setDefault[T time.Duration | int](value *T, fallback T) {
	if *value <= 0 {
		*value = fallback
	}
}

// ErrTooLong is an error for Receiver.Message to return. It closes a WebSocket with code 1009.
var ErrTooLong = errors.New("engine: message too long")

// Message is what a client sent.
type Message struct {
	Data   []byte
	Binary bool
	Cut    bool // it is longer than Options.MaxMessage: Data is its first KiB
}

// Receiver receives the messages of a connection. Its methods are called one at a time.
type Receiver interface {
	// Message handles a message, which the receiver may keep. While it blocks, later packets of the client wait. An
	// error closes the connection with ReasonParseError.
	Message(Message) error
	// Closed is called once, after the last Message, in a goroutine of its own.
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

// New starts a server. It calls open for every new connection, before its first packet. Call Shutdown to end it.
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

// Connections returns the number of connections, including those that are closing.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// QueuedBytes returns how much of Options.QueueBudget is in use.
func (s *Server) QueuedBytes() int64 { return s.budget.used.Load() }

// Drain refuses new connections with 503. Others are not affected.
func (s *Server) Drain() { s.draining.Store(true) }

// Shutdown closes every connection, so that its client connects again: it writes what is queued, and then Engine.IO's
// close packet, or closes the WebSocket with code 1001. It waits for all goroutines of the connections; when ctx ends
// first, it drops the connections and returns the error of ctx. Keep the HTTP server running until Shutdown returns, or
// long-polling clients cannot fetch their last packets.
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

// lookup returns the connection with a session id, or nil if there is none or it has ended.
func (s *Server) lookup(id string) *Conn {
	s.mu.Lock()
	c := s.conns[id]
	s.mu.Unlock()
	if c == nil || c.ended() {
		return nil
	}
	return c
}

// hasRoom reports whether one more connection may open.
func (s *Server) hasRoom() bool {
	return !s.draining.Load() && (s.options.MaxConnections <= 0 || s.Connections() < s.options.MaxConnections)
}

// add registers a connection and starts its heartbeat. It returns false if the server has stopped.
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

// enter counts a goroutine that Shutdown waits for. It returns false if the server has stopped.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		s.running.Add(1)
	}
	return !s.stopped
}

// forget unregisters a connection.
func (s *Server) forget(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c.id)
}

// newID returns a random id that cannot be guessed: it is all that authenticates a long-polling request.
func newID() string {
	var b [15]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
