package handlers

import (
	"context"
	"sync"

	"github.com/gofiber/fiber/v2"
)

// openSockets counts the open sockets of this node by services.AddressKey. The zero value is ready to use.
type openSockets struct {
	mu   sync.Mutex
	open map[string]int
}

// take counts one more socket of key, unless it has limit already; a limit of 0 sets none.
func (s *openSockets) take(key string, limit int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if limit > 0 && s.open[key] >= limit {
		return false
	}
	if s.open == nil {
		s.open = map[string]int{}
	}
	s.open[key]++
	return true
}

// give takes back one take.
func (s *openSockets) give(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[key]--; s.open[key] <= 0 {
		delete(s.open, key)
	}
}

// AdmitSocket counts the socket that a handshake asks for, and refuses it when its address has as many as
// AddressLimits allows. Agents are never refused: a large office may share one address. The caller calls release
// exactly once, when the socket has closed.
func (a *App) AdmitSocket(c *fiber.Ctx) (release func(), ok bool) {
	key := a.AddressKey(c)
	if a.openSockets.take(key, a.AddressLimits.Sockets) {
		return func() { a.openSockets.give(key) }, true
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	if _, err := a.WebSessions.Identify(ctx, a.WebSessionToken(c)); err == nil {
		return func() {}, true
	}
	a.refusals.note(refusedSockets, a.clientAddress(c))
	return nil, false
}
