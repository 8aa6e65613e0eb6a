package socketio

import (
	"slices"
	"sync"
)

// Broker carries broadcasts between nodes. Its methods may be called from any goroutine.
type Broker interface {
	// Publish sends a message to all subscribers of a channel, including those of this node. It keeps the order of a
	// channel's messages and never waits for the network. While the other side is down it keeps a bounded number of
	// messages and drops the oldest. The message must not be changed afterward.
	Publish(channel string, message []byte)
	// Subscribe calls deliver for every message of a channel, one at a time, until cancel is called. deliver must not
	// block or change the message. Subscribe returns when the subscription is active, or with an error: after half a
	// second at most, and at once while the other side is known to be down. After an error the broker keeps trying.
	// cancel is never nil.
	Subscribe(channel string, deliver func(message []byte)) (cancel func(), err error)
}

// healthReporter is a Broker that reports whether other nodes can be reached. While they cannot, no packet waits for
// theirs.
type healthReporter interface{ Up() bool }

// returnReporter is a Broker that reports when it may have lost messages.
type returnReporter interface {
	// OnReturn sets the function that is called when this node, or another, reaches the other nodes again: what was
	// published in the meantime may be lost. Calls come one at a time, after the messages that had to wait. It must not
	// block.
	OnReturn(handler func())
}

// alone reports whether no other node can be reached, so that waiting for their packets is useless.
func (s *Server) alone() bool {
	if s.options.Broker == nil {
		return true
	}
	b, ok := s.options.Broker.(healthReporter)
	return ok && !b.Up()
}

// channel returns the name of a room's channel at the broker.
func (n *Namespace) channel(room string) string { return n.name + "#" + room }

// subscription is a room's subscription at the broker.
type subscription struct {
	once   sync.Once
	active chan struct{} // closed when Subscribe has returned

	mu     sync.Mutex
	ended  bool
	cancel func()
}

// await returns when the subscription is active or has failed once. The first caller subscribes.
func (sub *subscription) await(r *room) {
	sub.once.Do(func() {
		defer close(sub.active)
		n := r.namespace
		channel := n.channel(r.name)
		cancel, err := n.server.options.Broker.Subscribe(channel, func(m []byte) { n.receive(r.name, m) })
		if err != nil {
			n.server.options.Log.Debug("socketio: room is local until the broker answers",
				"namespace", n.name, "error", err)
		}
		sub.mu.Lock()
		sub.cancel = cancel
		ended := sub.ended
		sub.mu.Unlock()
		if ended {
			cancel()
		}
	})
	<-sub.active
}

// end cancels the subscription, also if it has not begun.
func (sub *subscription) end() {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	sub.ended = true
	if sub.cancel != nil {
		sub.cancel()
	}
}

// memoryBroker connects servers within one process.
type memoryBroker struct {
	mu          sync.RWMutex
	subscribers map[string][]*memorySubscriber
}

type memorySubscriber struct{ deliver func([]byte) }

// NewMemoryBroker returns a broker for several servers in one process, as in tests. Publish delivers before it returns.
func NewMemoryBroker() Broker { return &memoryBroker{subscribers: map[string][]*memorySubscriber{}} }

func (b *memoryBroker) Publish(channel string, message []byte) {
	b.mu.RLock()
	subscribers := b.subscribers[channel]
	b.mu.RUnlock()
	for _, s := range subscribers {
		s.deliver(message)
	}
}

func (b *memoryBroker) Subscribe(channel string, deliver func([]byte)) (cancel func(), err error) {
	s := &memorySubscriber{deliver}
	b.mu.Lock()
	defer b.mu.Unlock()
	// A new slice, since Publish reads the old one without the lock.
	b.subscribers[channel] = append(slices.Clone(b.subscribers[channel]), s)
	return func() { b.unsubscribe(channel, s) }, nil
}

func (b *memoryBroker) unsubscribe(channel string, s *memorySubscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(b.subscribers[channel]), func(other *memorySubscriber) bool {
		return other == s
	})
	if len(rest) == 0 {
		delete(b.subscribers, channel)
	} else {
		b.subscribers[channel] = rest
	}
}
