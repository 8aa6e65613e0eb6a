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
	mu      sync.Mutex
	senders map[string]*sentRequests // by address, or by id of a user
}

type sentRequests struct {
	count  int           // that wait or are worked on; guarded by memoryLimit.mu
	usual  chan struct{} // has as many elements as requests are worked on
	costly chan struct{}
}

// join counts a request of a sender.
func (l *memoryLimit) join(sender string) *sentRequests {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.senders[sender]
	if of == nil {
		if l.senders == nil {
			l.senders = map[string]*sentRequests{}
		}
		of = &sentRequests{
			usual:  make(chan struct{}, requestsAtOnce),
			costly: make(chan struct{}, 1),
		}
		l.senders[sender] = of
	}
	of.count++
	return of
}

// leave takes back one join.
func (l *memoryLimit) leave(sender string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if of := l.senders[sender]; of.count == 1 {
		delete(l.senders, sender)
	} else {
		of.count--
	}
}

// limitMemory makes a request wait while too many of its address are worked on.
func (a *App) limitMemory(c *fiber.Ctx) error {
	if a.AddressLimits.Sockets == 0 { // load tests, all from one address
		return c.Next()
	}
	own := &memoryShare{limit: &a.memory}
	own.join(services.AddressKey(a.clientAddress(c)))
	defer own.leave()
	c.Locals(memoryShare{}, own)
	if !own.wait(own.of.usual) {
		return busy()
	}
	restartClock(c)
	return c.Next()
}

// costly goes before a handler that takes megabytes: it hashes a password, decodes a photo, or answers with a long
// document. A user has one of these worked on at a time, and so has an address of people without a login. Their other
// requests go on.
func (a *App) costly(c *fiber.Ctx) error {
	own, waits := c.Locals(memoryShare{}).(*memoryShare)
	if !waits {
		return c.Next()
	}
	own.end()
	if user := identityOf(c).User.ID; user != "" {
		own.leave()
		own.join(user)
	}
	if !own.wait(own.of.costly) {
		return busy()
	}
	restartClock(c)
	return c.Next()
}

// memoryShare is the right of a request to be worked on.
type memoryShare struct {
	limit  *memoryLimit
	sender string
	of     *sentRequests
	taken  chan struct{} // nil while the request waits
}

func (s *memoryShare) join(sender string) { s.sender, s.of = sender, s.limit.join(sender) }

func (s *memoryShare) leave() {
	s.end()
	s.limit.leave(s.sender)
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
		Message:    "Too many requests at once. Wait a moment and try again.",
		RetryAfter: retryBusy,
	}
}
