// Package socketio is a Socket.IO server (protocol 5, over Engine.IO 4) on Fiber. It speaks the words of the Socket.IO
// documentation: a server has namespaces, a client's presence in one is a socket, sockets join rooms, events may be
// acknowledged. It knows nothing of the application.
//
//	server := socketio.New(socketio.Options{})
//	server.Of("/").On("hello", func(s *socketio.Socket, e *socketio.Event) { e.Ack("hi") })
//	app.All("/socket.io", server.Handler())
//	app.All("/socket.io/*", server.Handler())
//
// The events of a connection are handled in order, one at a time, each under a recover. A handler that blocks holds up
// its own connection only. What a client sends that cannot be decoded closes that connection and nothing else.
//
// Sending never waits for a client: see Options.MaxQueuePackets for what happens to one that does not read. A broadcast
// is encoded once. Broadcasts reach the sockets of other nodes through a Broker.
//
// There is no room named after a socket's id: who wants to reach one socket keeps the *Socket, or a room for it.
package socketio

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/handlers/socketio/engine"
)

// Options configure a Server; a zero value takes the default in the comment.
type Options struct {
	PingInterval   time.Duration // 25 s
	PingTimeout    time.Duration // 20 s
	ConnectTimeout time.Duration // 45 s: a connection that joined no namespace by then is closed
	UpgradeTimeout time.Duration // 10 s
	WriteTimeout   time.Duration // 10 s, for one write to a client that does not read
	HoldBack       time.Duration // 250 ms: see Broadcast.Sequence

	MaxPayload int // 1,000,000 bytes: one WebSocket message, one HTTP body, the attachments of one packet
	// MaxQueuePackets (16384) and MaxQueueBytes (8 MiB) bound what waits for one connection. Volatile packets are left
	// out from a quarter on; a connection beyond them is dropped, and its client connects again. They are generous,
	// since a healthy long-polling client in a burst of 5,000 messages, or a browser that is busy for some 100 ms,
	// falls that far behind, and a queued broadcast is a pointer to shared bytes.
	MaxQueuePackets, MaxQueueBytes int
	MaxConnections                 int // unlimited; above it a handshake is answered with 503
	MaxRooms                       int // 4096, of one socket
	MaxNamespaces                  int // 8, of one connection
	MaxAttachments                 int // 10, of one packet

	// Request is called once a connection, during its handshake. What it returns is all that is kept of the request,
	// and must not alias it: Fiber recycles the memory.
	Request func(c *fiber.Ctx) any
	// AllowOrigin tells which foreign origins may use long-polling (CORS); nil allows none. It does not restrict
	// WebSockets, which browsers open from anywhere: who acts on cookies checks the Origin header in Request.
	AllowOrigin func(origin string) bool

	Broker Broker       // nil: this process only
	Log    *slog.Logger // slog.Default()
}

func (o *Options) setDefaults() {
	setDefault(&o.ConnectTimeout, 45*time.Second)
	setDefault(&o.HoldBack, 250*time.Millisecond)
	setDefault(&o.MaxPayload, 1_000_000)
	setDefault(&o.MaxRooms, 4096)
	setDefault(&o.MaxNamespaces, 8)
	setDefault(&o.MaxAttachments, 10)
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

func setDefault[T time.Duration | int](value *T, fallback T) {
	if *value <= 0 {
		*value = fallback
	}
}

// Server is a Socket.IO server. Its methods may be called from any goroutine.
type Server struct {
	options  Options
	engine   *engine.Server
	node     string // tells this server's messages from those of others at the broker
	draining atomic.Bool

	mu         sync.RWMutex
	namespaces map[string]*Namespace
}

// New starts a server, with the namespace "/" in place. Shutdown ends what New starts.
func New(options Options) *Server {
	options.setDefaults()
	s := &Server{options: options, node: newID(), namespaces: map[string]*Namespace{}}
	s.Of("/")
	s.engine = engine.New(engine.Options{
		PingInterval:    options.PingInterval,
		PingTimeout:     options.PingTimeout,
		UpgradeTimeout:  options.UpgradeTimeout,
		WriteTimeout:    options.WriteTimeout,
		MaxPayload:      options.MaxPayload,
		MaxQueuePackets: options.MaxQueuePackets,
		MaxQueueBytes:   options.MaxQueueBytes,
		MaxConnections:  options.MaxConnections,
		Request:         options.Request,
		AllowOrigin:     options.AllowOrigin,
		Log:             options.Log,
	}, func(c *engine.Conn) engine.Receiver { return newClient(s, c) })
	return s
}

// Handler serves all requests of the protocol; mount it for all methods, at a path with and without a trailing slash.
// It sets KeepHijackedConns on the fasthttp server it runs in.
func (s *Server) Handler() fiber.Handler { return s.engine.Handler() }

// Of returns the namespace of that name ("/admin"), and makes it if need be. A client that asks for one that was never
// made is refused with "Invalid namespace".
func (s *Server) Of(name string) *Namespace {
	if name == "" || name[0] != '/' {
		name = "/" + name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.namespaces[name]
	if n == nil {
		n = newNamespace(s, name)
		s.namespaces[name] = n
	}
	return n
}

func (s *Server) namespace(name string) *Namespace {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.namespaces[name]
}

// Connections is the number of open connections, whether they joined a namespace or not.
func (s *Server) Connections() int { return s.engine.Connections() }

// Drain refuses new connections, with 503, and leaves the events that arrive from now on unhandled and unacknowledged,
// so that clients send them again elsewhere. Handlers that run go on, and so does everything outbound.
func (s *Server) Drain() {
	s.draining.Store(true)
	s.engine.Drain()
}

// Shutdown drains, writes what is queued and closes every connection in the way that makes the official clients connect
// again: with Engine.IO's close, not with a disconnect packet. It waits for handlers and all goroutines of connections;
// when ctx ends first it cuts them off and returns its error. The HTTP server must go on serving until Shutdown
// returns, or long-polling clients cannot fetch their last packets.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	return s.engine.Shutdown(ctx)
}
