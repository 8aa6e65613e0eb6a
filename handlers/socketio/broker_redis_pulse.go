package socketio

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"
)

var errRedisSilent = errors.New("socketio: redis does not deliver what is published")

// pulse counts the heartbeats that this node sends to itself through Redis. They prove that both directions work: a
// connection that is dead in one direction looks like one on which nothing happens.
type pulse struct {
	id     string
	wanted chan struct{} // asks for a heartbeat at once

	mu    sync.Mutex
	sent  uint64
	proof uint64    // the first heartbeat that was sent after the last failure
	heard time.Time // when the last one came, or the subscription was opened
}

func newPulse() *pulse {
	return &pulse{id: newID(), wanted: make(chan struct{}, 1), heard: time.Now()}
}

// pulseChannel returns the channel of this node's heartbeats. No room has it, because the names of namespaces begin
// with a slash.
func (b *RedisBroker) pulseChannel() string { return b.prefix + "pulse:" + b.pulse.id }

// returnChannel returns the channel on which nodes say that Redis is back for them.
func (b *RedisBroker) returnChannel() string { return b.prefix + "return" }

// beatLoop sends heartbeats, and cuts a subscription on which they do not come back.
func (b *RedisBroker) beatLoop() {
	ticker := time.NewTicker(b.timing.beat)
	defer ticker.Stop()
	for {
		if b.pulse.silent(b.timing.deadline) {
			b.failed(errRedisSilent)
			b.cut()
		}
		ctx, cancel := context.WithTimeout(b.alive, min(redisTimeout, b.timing.deadline))
		err := b.client.Publish(ctx, b.pulseChannel(), b.pulse.next()).Err()
		cancel()
		if err != nil && b.alive.Err() == nil {
			b.failed(err)
		}
		select {
		case <-b.alive.Done():
			return
		case <-ticker.C:
		case <-b.pulse.wanted:
		}
	}
}

// failed notes that Redis does not work. It works again with a heartbeat that is sent from now on.
func (b *RedisBroker) failed(err error) {
	b.pulse.mu.Lock()
	b.pulse.proof = b.pulse.sent + 1
	was := b.up.Swap(false)
	b.pulse.mu.Unlock()
	if was {
		b.log.Warn("socketio: redis is down; other nodes are not reached", "error", err)
	}
}

// beatCame notes a heartbeat. If it is the first after a failure, all nodes hear of it, after what had to wait: other
// nodes lack what this one could not send.
func (b *RedisBroker) beatCame(payload string) {
	n, err := strconv.ParseUint(payload, 10, 64)
	if err != nil {
		return
	}
	b.pulse.mu.Lock()
	b.pulse.heard = time.Now()
	back := n >= b.pulse.proof && !b.up.Swap(true)
	b.pulse.mu.Unlock()
	if back {
		b.log.Info("socketio: redis is back")
		b.outbox.add(outgoing{channel: b.returnChannel()})
	}
}

func (p *pulse) next() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent++
	return p.sent
}

func (p *pulse) silent(deadline time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.heard) > deadline
}

func (p *pulse) opened() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = time.Now()
}
