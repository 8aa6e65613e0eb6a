package handlers

import (
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/services"
)

const (
	requestsAtOnce = 16               // of one address, that are worked on at the same time
	requestWait    = 10 * time.Second // how long the others wait
	retryBusy      = 2 * time.Second  // when to come again after that
)

// memoryLimit limits the memory of each address's requests. A request takes some 100 KB while it is worked on, and an
// address could send thousands. So only a few of its requests are worked on at once, and the others wait. The zero
// value is ready to use.
type memoryLimit struct {
	mu        sync.Mutex
	addresses map[string]*addressRequests
}

type addressRequests struct {
	count  int           // that wait or are worked on; guarded by memoryLimit.mu
	usual  chan struct{} // has as many elements as requests are worked on
	costly chan struct{}
}

// join counts a request of an address.
func (l *memoryLimit) join(address string) *addressRequests {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.addresses[address]
	if of == nil {
		if l.addresses == nil {
			l.addresses = map[string]*addressRequests{}
		}
		of = &addressRequests{
			usual:  make(chan struct{}, requestsAtOnce),
			costly: make(chan struct{}, 1),
		}
		l.addresses[address] = of
	}
	of.count++
	return of
}

// leave takes back one join.
func (l *memoryLimit) leave(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if of := l.addresses[address]; of.count == 1 {
		delete(l.addresses, address)
	} else {
		of.count--
	}
}

// limitMemory makes a request wait while too many of its address are worked on.
func (a *App) limitMemory(c *fiber.Ctx) error {
	if a.AddressLimits.Sockets == 0 { // load tests, all from one address
		return c.Next()
	}
	address := services.AddressKey(a.clientAddress(c))
	of := a.memory.join(address)
	defer a.memory.leave(address)
	own := &memoryShare{of: of}
	defer own.end()
	c.Locals(memoryShare{}, own)
	if !own.wait(of.usual) {
		return busy()
	}
	restartClock(c)
	return c.Next()
}

// costly goes before a handler that takes megabytes: it hashes a password, decodes a photo, or answers with a long
// document. An address has one of these worked on at a time, and its other requests go on.
func (a *App) costly(c *fiber.Ctx) error {
	own, waits := c.Locals(memoryShare{}).(*memoryShare)
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

// memoryShare is the right of a request to be worked on.
type memoryShare struct {
	of    *addressRequests
	taken chan struct{} // nil while the request waits
}

// wait reports whether the request has got its share in time.
func (s *memoryShare) wait(shares chan struct{}) bool {
	timeout := time.NewTimer(requestWait)
	defer timeout.Stop()
	select {
	case shares <- struct{}{}:
		s.taken = shares
		return true
	case <-timeout.C:
		return false
	}
}

func (s *memoryShare) end() {
	if s.taken != nil {
		<-s.taken
		s.taken = nil
	}
}

func busy() error {
	return &services.Error{
		Kind:       services.RateLimited,
		Message:    "Too many requests from your address at once. Wait a moment and try again.",
		RetryAfter: retryBusy,
	}
}
