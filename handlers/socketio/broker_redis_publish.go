package socketio

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// outgoing is a message on its way to Redis.
type outgoing struct {
	channel string
	message []byte
}

// outbox keeps messages in order for the goroutine that sends them. When it is full it drops the oldest.
type outbox struct {
	filled chan struct{} // wakes that goroutine

	mu       sync.Mutex
	messages []outgoing
	bytes    int
}

func (o *outbox) add(m outgoing) {
	o.mu.Lock()
	o.messages = append(o.messages, m)
	o.bytes += len(m.message)
	for len(o.messages) > maxOutbox || o.bytes > maxOutboxBytes {
		o.drop(1)
	}
	o.mu.Unlock()
	wake(o.filled)
}

// take removes and returns the next messages, up to limit.
func (o *outbox) take(limit int) []outgoing {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(limit, len(o.messages))
	batch := append([]outgoing(nil), o.messages[:n]...)
	o.drop(n)
	return batch
}

// drop removes the n oldest messages. Call with mu locked.
func (o *outbox) drop(n int) {
	for i := range n {
		o.bytes -= len(o.messages[i].message)
		o.messages[i] = outgoing{}
	}
	if o.messages = o.messages[n:]; len(o.messages) == 0 {
		o.messages = nil
	}
}

// publishLoop sends the messages in the outbox.
func (b *RedisBroker) publishLoop() {
	for b.wait(b.outbox.filled) {
		b.emptyOutbox()
	}
	b.emptyOutbox() // what was published during shutdown
}

func (b *RedisBroker) emptyOutbox() {
	for b.Up() {
		batch := b.outbox.take(redisBatch)
		if len(batch) == 0 {
			return
		}
		if err := b.send(batch); err != nil {
			b.failed(err)
		}
	}
}

func (b *RedisBroker) send(batch []outgoing) error {
	ctx, cancel := context.WithTimeout(context.Background(), redisTimeout)
	defer cancel()
	_, err := b.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, o := range batch {
			p.Publish(ctx, o.channel, o.message)
		}
		return nil
	})
	return err
}
