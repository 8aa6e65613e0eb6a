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
	redisTimeout       = 2 * time.Second        // of one batch of messages
	redisBatch         = 512
	maxOutbox          = 8192 // messages that wait for Redis
	maxOutboxBytes     = 16 << 20
)

var errRedisDown = errors.New("socketio: redis does not answer")

// RedisBroker connects nodes through Redis pub/sub. It subscribes to a room's channel while the room has members on
// this node. While Redis is down it keeps a bounded number of its own messages and sends them afterward; what other
// nodes publish in that time does not arrive, and clients must fetch it: see OnReturn. A batch that fails halfway may
// reach some nodes twice if the Redis client retries.
type RedisBroker struct {
	client   redis.UniversalClient
	prefix   string
	log      *slog.Logger
	timing   redisTiming
	up       atomic.Bool
	outbox   outbox
	pulse    *pulse
	changed  chan struct{} // wakes the goroutine that subscribes
	returned atomic.Pointer[func()]
	alive    context.Context
	end      context.CancelFunc
	running  sync.WaitGroup

	mu       sync.Mutex
	pubsub   *redis.PubSub // replaced when it is dead; nil before the first
	channels map[string]*redisChannel
	changes  map[string]struct{} // channels to subscribe to, or to unsubscribe from
}

// redisTiming is how a broker notices that Redis is down, and how fast it tries again.
type redisTiming struct {
	beat     time.Duration // between two heartbeats
	deadline time.Duration // how long a heartbeat may be missing
	retry    time.Duration // between two attempts to subscribe
}

var defaultRedisTiming = redisTiming{
	beat:     time.Second,
	deadline: 3 * time.Second,
	retry:    500 * time.Millisecond,
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
	return newRedisBroker(client, prefix, log, defaultRedisTiming)
}

func newRedisBroker(client redis.UniversalClient, prefix string, log *slog.Logger, timing redisTiming) *RedisBroker {
	if log == nil {
		log = slog.Default()
	}
	b := &RedisBroker{
		client:   client,
		prefix:   prefix,
		log:      log,
		timing:   timing,
		outbox:   outbox{filled: make(chan struct{}, 1)},
		pulse:    newPulse(),
		changed:  make(chan struct{}, 1),
		channels: map[string]*redisChannel{},
		changes:  map[string]struct{}{},
	}
	b.alive, b.end = context.WithCancel(context.Background())
	b.up.Store(true) // the first heartbeat corrects it
	b.running.Go(b.listenLoop)
	b.running.Go(b.changeLoop)
	b.running.Go(b.publishLoop)
	b.running.Go(b.beatLoop)
	return b
}

// Close sends what is left, unless Redis is down, and ends the broker. It does not close the Redis client.
func (b *RedisBroker) Close() error {
	b.end()
	b.cut()
	b.running.Wait()
	return nil
}

// Up reports whether a message to Redis comes back: the last heartbeat did, and no request has failed since.
func (b *RedisBroker) Up() bool { return b.up.Load() }

// OnReturn implements returnReporter.
func (b *RedisBroker) OnReturn(handler func()) { b.returned.Store(&handler) }

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
		b.failed(errRedisDown)
		return cancel, errRedisDown
	case <-b.alive.Done():
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

// wait waits for a signal. It returns false when the broker is closed.
func (b *RedisBroker) wait(signal <-chan struct{}) bool {
	select {
	case <-signal:
		return true
	case <-b.alive.Done():
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
