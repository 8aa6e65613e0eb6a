package handlers

import (
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/services"
)

const (
	turnsAtOnce = 16               // requests of one address that are worked on at the same time
	turnWait    = 10 * time.Second // how long the others wait
	retryBusy   = 2 * time.Second  // when to come again after that
)

// turns lets each address have so many requests worked on at once. The others wait: what a request takes while it is
// worked on, some 100 KB, is nothing for one, and everything for the thousands that one address could send. The zero
// value is ready to use.
type turns struct {
	mu        sync.Mutex
	addresses map[string]*addressTurns
}

type addressTurns struct {
	requests int           // that wait or are worked on; guarded by turns.mu
	usual    chan struct{} // has as many elements as requests are worked on
	costly   chan struct{}
}

// join counts a request of an address.
func (t *turns) join(address string) *addressTurns {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.addresses[address]
	if of == nil {
		if t.addresses == nil {
			t.addresses = map[string]*addressTurns{}
		}
		of = &addressTurns{usual: make(chan struct{}, turnsAtOnce), costly: make(chan struct{}, 1)}
		t.addresses[address] = of
	}
	of.requests++
	return of
}

// leave takes back one join.
func (t *turns) leave(address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if of := t.addresses[address]; of.requests == 1 {
		delete(t.addresses, address)
	} else {
		of.requests--
	}
}

// inTurn makes a request wait until its address has a turn.
func (a *App) inTurn(c *fiber.Ctx) error {
	if a.AddressLimits.Sockets == 0 { // load tests, all from one address
		return c.Next()
	}
	address := services.AddressKey(a.clientAddress(c))
	of := a.turns.join(address)
	defer a.turns.leave(address)
	own := &turn{of: of}
	defer own.end()
	c.Locals(turn{}, own)
	if !own.wait(of.usual) {
		return busy()
	}
	restartClock(c)
	return c.Next()
}

// costly goes before a handler that takes megabytes: it hashes a password, decodes a photo, or answers with a long
// document. An address has one of these worked on at a time, and its other requests go on meanwhile.
func (a *App) costly(c *fiber.Ctx) error {
	own, waits := c.Locals(turn{}).(*turn)
	if !waits {
		return c.Next()
	}
	own.end()
	if !own.wait(own.of.costly) {
		return busy()
	}
	restartClock(c)
	return c.Next()
}

// turn is what a request has of its address.
type turn struct {
	of    *addressTurns
	taken chan struct{} // nil while the request waits
}

// wait reports whether the request has got its turn in time.
func (t *turn) wait(turns chan struct{}) bool {
	timeout := time.NewTimer(turnWait)
	defer timeout.Stop()
	select {
	case turns <- struct{}{}:
		t.taken = turns
		return true
	case <-timeout.C:
		return false
	}
}

func (t *turn) end() {
	if t.taken != nil {
		<-t.taken
		t.taken = nil
	}
}

func busy() error {
	return &services.Error{
		Kind:       services.RateLimited,
		Message:    "Too many requests from your address at once. Wait a moment and try again.",
		RetryAfter: retryBusy,
	}
}
