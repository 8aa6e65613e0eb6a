package socketio

import (
	"context"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisSubscribeChunk is how many channels one request subscribes to.
const redisSubscribeChunk = 1000

// listenLoop keeps a subscription open until the broker is closed.
func (b *RedisBroker) listenLoop() {
	for {
		err := b.listen()
		if b.alive.Err() != nil {
			return
		}
		b.failed(err)
		select {
		case <-b.alive.Done():
		case <-time.After(b.timing.retry):
		}
	}
}

// listen opens a subscription to all channels and delivers what comes, until it fails or is cut.
func (b *RedisBroker) listen() error {
	pubsub, names := b.open()
	defer func() { _ = pubsub.Close() }()
	// A node that hears its own heartbeat hears everything else, so its channel is the last.
	names = append(names, b.returnChannel(), b.pulseChannel())
	for chunk := range slices.Chunk(names, redisSubscribeChunk) {
		ctx, cancel := context.WithTimeout(b.alive, redisTimeout)
		err := pubsub.Subscribe(ctx, chunk...)
		cancel()
		if err != nil {
			return err
		}
	}
	for {
		m, err := pubsub.Receive(b.alive)
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *redis.Message:
			b.receive(m)
		case *redis.Subscription:
			if m.Kind == "subscribe" {
				b.confirm(m.Channel)
			}
		}
	}
}

// open replaces the subscription with one that has no channels yet, and returns it with the channels that it needs.
func (b *RedisBroker) open() (pubsub *redis.PubSub, names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name := range b.channels {
		names = append(names, name)
	}
	b.pulse.opened() // before the new subscription can be cut
	b.pubsub = b.client.Subscribe(b.alive)
	return b.pubsub, names
}

// cut closes the subscription; listenLoop opens the next one, unless the broker is closed.
func (b *RedisBroker) cut() {
	if pubsub := b.subscription(); pubsub != nil {
		_ = pubsub.Close()
	}
}

func (b *RedisBroker) subscription() *redis.PubSub {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pubsub
}

func (b *RedisBroker) receive(m *redis.Message) {
	switch m.Channel {
	case b.pulseChannel():
		b.beatCame(m.Payload)
	case b.returnChannel():
		if handler := b.returned.Load(); handler != nil {
			(*handler)()
		}
	default:
		for _, s := range b.subscribers(m.Channel) {
			s.deliver([]byte(m.Payload))
		}
	}
}

func (b *RedisBroker) subscribers(name string) []*redisSubscriber {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ch := b.channels[name]; ch != nil {
		return ch.subscribers
	}
	return nil
}

func (b *RedisBroker) confirm(name string) {
	if name == b.pulseChannel() {
		wake(b.pulse.wanted)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if ch := b.channels[name]; ch != nil && !ch.confirmed {
		ch.confirmed = true
		close(ch.active)
	}
}

// changeLoop subscribes and unsubscribes, with one request for many channels. After a failure it repeats nothing: the
// next subscription has all channels.
func (b *RedisBroker) changeLoop() {
	for b.wait(b.changed) {
		wanted, unwanted := b.takeChanges()
		pubsub := b.subscription()
		if pubsub == nil {
			continue
		}
		ctx, cancel := context.WithTimeout(b.alive, redisTimeout)
		if len(unwanted) > 0 {
			_ = pubsub.Unsubscribe(ctx, unwanted...)
		}
		if len(wanted) > 0 {
			if err := pubsub.Subscribe(ctx, wanted...); err != nil {
				b.failed(err)
			}
		}
		cancel()
	}
}

func (b *RedisBroker) takeChanges() (wanted, unwanted []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name := range b.changes {
		if b.channels[name] != nil {
			wanted = append(wanted, name)
		} else {
			unwanted = append(unwanted, name)
		}
	}
	clear(b.changes)
	return wanted, unwanted
}
