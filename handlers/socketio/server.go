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
	node     string // identifies this server's messages at the broker
	draining atomic.Bool

	mu         sync.RWMutex
	namespaces map[string]*Namespace
}

// New starts a server with the namespace "/". Call Shutdown to end it.
func New(options Options) *Server {
	options.setDefaults()
	s := &Server{options: options, node: newID(), namespaces: map[string]*Namespace{}}
	s.Of("/")
	s.engine = engine.New(options.engine(), func(c *engine.Conn) engine.Receiver { return newClient(s, c) })
	return s
}

// Handler returns the handler of all requests of the protocol. Mount it for all methods, at a path with and without a
// trailing slash. It sets KeepHijackedConns on the fasthttp server that it runs in.
func (s *Server) Handler() fiber.Handler { return s.engine.Handler() }

// Of returns the namespace with that name, such as "/admin", and creates it if it does not exist. Clients can only join
// namespaces that exist; a name may have 64 bytes at most.
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

// Connections returns the number of open connections, in a namespace or not.
func (s *Server) Connections() int { return s.engine.Connections() }

// QueuedBytes returns how much of Options.QueueBudget is in use.
func (s *Server) QueuedBytes() int64 { return s.engine.QueuedBytes() }

// Drain refuses new connections with 503, and drops events that arrive from now on without an acknowledgement, so that
// clients send them again to another node. Running handlers and outbound packets are not affected.
func (s *Server) Drain() {
	s.draining.Store(true)
	s.engine.Drain()
}

// Shutdown drains, writes what is queued and closes every connection. It closes with Engine.IO's close packet, not with
// a disconnect packet, so that the official clients connect again. It waits for handlers and for all goroutines of the
// connections; when ctx ends first, it drops the connections and returns the error of ctx. Keep the HTTP server running
// until Shutdown returns, or long-polling clients cannot fetch their last packets.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	return s.engine.Shutdown(ctx)
}
