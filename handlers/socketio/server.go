package socketio

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/gofiber/fiber/v2"

	"parley/handlers/socketio/engine"
)

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
	s.engine = engine.New(options.engine(), func(c *engine.Conn) engine.Receiver { return newClient(s, c) })
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

// QueuedBytes is how much of Options.QueueBudget is used.
func (s *Server) QueuedBytes() int64 { return s.engine.QueuedBytes() }

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
