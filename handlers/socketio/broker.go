package socketio

import (
	"slices"
	"sync"
)

// Broker carries broadcasts between nodes. Its methods may be called from any goroutine.
type Broker interface {
	// Publish sends a message to all subscribers of a channel, this node's included. It never waits for the network.
	// The order of a channel's messages is kept. While the far side is down messages are kept up to a bound, and the
	// oldest dropped beyond it. The message must not be changed afterwards.
	Publish(channel string, message []byte)
	// Subscribe calls deliver for every message of a channel, one at a time, until cancel is called; deliver must not
	// block, and must not change the message. It returns once the subscription is active, or with an error after half a
	// second at most, and at once when the far side is known to be down. After an error the broker goes on trying;
	// cancel is never nil.
	Subscribe(channel string, deliver func(message []byte)) (cancel func(), err error)
}

// A Broker that also has this method tells whether other nodes can be reached. While they cannot, nothing is held back
// for their numbered packets.
type healthReporter interface{ Up() bool }

// alone reports whether no other node can be reached: no packet of theirs will come to fill a gap.
func (s *Server) alone() bool {
	if s.options.Broker == nil {
		return true
	}
	b, ok := s.options.Broker.(healthReporter)
	return ok && !b.Up()
}

// channel is the broker's name of a room.
func (n *Namespace) channel(room string) string { return n.name + "#" + room }

// subscription is a room's subscription at the broker.
type subscription struct {
	once   sync.Once
	active chan struct{} // closed when Subscribe has returned

	mu     sync.Mutex
	ended  bool
	cancel func()
}

// await returns once the subscription is active, or its first attempt has failed. The first to come subscribes.
func (sub *subscription) await(r *room) {
	sub.once.Do(func() {
		defer close(sub.active)
		n := r.namespace
		channel := n.channel(r.name)
		cancel, err := n.server.options.Broker.Subscribe(channel, func(m []byte) { n.receive(r.name, m) })
		if err != nil {
			n.server.options.Log.Warn("socketio: room is local until the broker answers", "namespace", n.name, "error",
				err)
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

// end ends the subscription, even when it has not begun yet.
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

// NewMemoryBroker makes a broker for several servers in one process, as tests have them. It delivers within Publish.
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
	// Always a new slice: Publish reads the old one without the lock.
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
