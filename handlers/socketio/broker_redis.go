package socketio

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	redisSubscribeWait = 500 * time.Millisecond // how long Subscribe waits for Redis to confirm
	redisProbeInterval = time.Second
	redisTimeout       = 2 * time.Second // of one batch of messages
	redisBatch         = 512
	maxOutbox          = 8192 // messages that wait for Redis
	maxOutboxBytes     = 16 << 20
)

var errRedisDown = errors.New("socketio: redis does not answer")

// RedisBroker connects nodes through Redis pub/sub. It subscribes to a room's channel while the room has members on
// this node. While Redis is down it keeps a bounded number of its own messages and sends them afterwards; what other
// nodes publish in that time does not arrive, and clients must fetch it. A batch that fails halfway may reach some
// nodes twice if the Redis client retries.
type RedisBroker struct {
	client  redis.UniversalClient
	prefix  string
	log     *slog.Logger
	pubsub  *redis.PubSub
	up      atomic.Bool
	outbox  outbox
	changed chan struct{} // wakes the goroutine that subscribes
	stop    chan struct{}
	running sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	channels map[string]*redisChannel
	changes  map[string]struct{} // channels to subscribe to, or to unsubscribe from
}

// redisChannel is a channel that this node subscribes to.
type redisChannel struct {
	active      chan struct{} // closed when Redis has confirmed
	confirmed   bool
	subscribers []*redisSubscriber // replaced as a whole, never changed
}

type redisSubscriber struct{ deliver func([]byte) }

// NewRedisBroker starts a broker on a Redis client, which the caller closes after the broker. The names of its channels
// begin with prefix. Redis may be down, now or later. Call Close to end the broker.
func NewRedisBroker(client redis.UniversalClient, prefix string, log *slog.Logger) *RedisBroker {
	if log == nil {
		log = slog.Default()
	}
	b := &RedisBroker{
		client:   client,
		prefix:   prefix,
		log:      log,
		pubsub:   client.Subscribe(context.Background()),
		outbox:   outbox{filled: make(chan struct{}, 1)},
		changed:  make(chan struct{}, 1),
		stop:     make(chan struct{}),
		channels: map[string]*redisChannel{},
		changes:  map[string]struct{}{},
	}
	b.up.Store(true) // the first request corrects it
	messages := b.pubsub.ChannelWithSubscriptions(redis.WithChannelSize(1024))
	b.running.Go(func() { b.receive(messages) })
	b.running.Go(b.subscribeLoop)
	b.running.Go(b.publishLoop)
	b.running.Go(b.probeLoop)
	return b
}

// Close sends what is left, unless Redis is down, and ends the broker. It does not close the Redis client.
func (b *RedisBroker) Close() error {
	b.mu.Lock()
	closed := b.closed
	b.closed = true
	b.mu.Unlock()
	if closed {
		return nil
	}
	close(b.stop)
	err := b.pubsub.Close()
	b.running.Wait()
	return err
}

// Up reports whether Redis answered the last request.
func (b *RedisBroker) Up() bool { return b.up.Load() }

func (b *RedisBroker) setUp(up bool, err error) {
	switch was := b.up.Swap(up); {
	case was && !up:
		b.log.Warn("socketio: redis is down; other nodes are not reached", "error", err)
	case !was && up:
		b.log.Info("socketio: redis is back")
		wake(b.outbox.filled)
	}
}

// Publish implements Broker.
func (b *RedisBroker) Publish(channel string, message []byte) {
	b.outbox.add(outgoing{b.prefix + channel, message})
}

// Subscribe implements Broker.
func (b *RedisBroker) Subscribe(channel string, deliver func([]byte)) (cancel func(), err error) {
	name, s := b.prefix+channel, &redisSubscriber{deliver}
	b.mu.Lock()
	ch := b.channels[name]
	if ch == nil {
		ch = &redisChannel{active: make(chan struct{})}
		b.channels[name] = ch
		b.changes[name] = struct{}{}
	}
	ch.subscribers = append(slices.Clone(ch.subscribers), s)
	b.mu.Unlock()
	wake(b.changed)

	cancel = func() { b.unsubscribe(name, s) }
	if !b.Up() {
		return cancel, errRedisDown
	}
	timeout := time.NewTimer(redisSubscribeWait)
	defer timeout.Stop()
	select {
	case <-ch.active:
		return cancel, nil
	case <-timeout.C:
		b.setUp(false, errRedisDown)
		return cancel, errRedisDown
	case <-b.stop:
		return cancel, redis.ErrClosed
	}
}

func (b *RedisBroker) unsubscribe(name string, s *redisSubscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := b.channels[name]
	if ch == nil {
		return
	}
	ch.subscribers = slices.DeleteFunc(slices.Clone(ch.subscribers), func(other *redisSubscriber) bool {
		return other == s
	})
	if len(ch.subscribers) == 0 {
		delete(b.channels, name)
		b.changes[name] = struct{}{}
		wake(b.changed)
	}
}

// receive delivers what Redis sends until the broker is closed.
func (b *RedisBroker) receive(messages <-chan any) {
	for m := range messages {
		switch m := m.(type) {
		case *redis.Message:
			for _, s := range b.subscribers(m.Channel) {
				s.deliver([]byte(m.Payload))
			}
		case *redis.Subscription:
			if m.Kind == "subscribe" {
				b.confirm(m.Channel)
			}
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
	b.mu.Lock()
	defer b.mu.Unlock()
	if ch := b.channels[name]; ch != nil && !ch.confirmed {
		ch.confirmed = true
		close(ch.active)
	}
}

// subscribeLoop subscribes and unsubscribes, with one request for many channels. After a failure it repeats nothing:
// go-redis subscribes to all channels again when it reconnects.
func (b *RedisBroker) subscribeLoop() {
	for b.wait(b.changed) {
		wanted, unwanted := b.takeChanges()
		ctx, cancel := context.WithTimeout(context.Background(), redisTimeout)
		if len(unwanted) > 0 {
			_ = b.pubsub.Unsubscribe(ctx, unwanted...)
		}
		if len(wanted) > 0 {
			if err := b.pubsub.Subscribe(ctx, wanted...); err != nil {
				b.setUp(false, err)
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

// probeLoop pings Redis every second, so that Join and Publish need not wait to find out that it is down.
func (b *RedisBroker) probeLoop() {
	ticker := time.NewTicker(redisProbeInterval)
	defer ticker.Stop()
	for {
		ctx, cancel := context.WithTimeout(context.Background(), redisTimeout)
		err := b.client.Ping(ctx).Err()
		cancel()
		select {
		case <-b.stop:
			return
		default:
			b.setUp(err == nil, err)
		}
		select {
		case <-b.stop:
			return
		case <-ticker.C:
		}
	}
}

// wait waits for a signal. It returns false when the broker is closed.
func (b *RedisBroker) wait(signal <-chan struct{}) bool {
	select {
	case <-signal:
		return true
	case <-b.stop:
		return false
	}
}

// wake sends a signal without waiting. The channel must have a buffer of one.
func wake(signal chan<- struct{}) {
	select {
	case signal <- struct{}{}:
	default:
	}
}
