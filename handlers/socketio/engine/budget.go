package engine

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// What a queued packet costs besides its frame, in bytes, rounded up.
const (
	slotBytes   = 16 // in each queue: a pointer, and the room a growing slice keeps
	packetBytes = 64 // once: the Packet, and what the allocator adds to its frame
)

// size returns what the packet would cost a connection that shares it with no other.
func (p *Packet) size() int { return len(p.frame) + packetBytes + slotBytes }

// sharedBytes returns what the packet costs once, however many queues hold it.
func (p *Packet) sharedBytes() int64 { return int64(len(p.frame) + packetBytes) }

// budget counts the memory that all connections of a server hold for packets on their way: queued, being written by
// long-polling, or received in part. One limit for all of them is what keeps many slow clients, each within its own
// limits, from filling the memory.
type budget struct {
	limit     int64
	used      atomic.Int64
	relieving sync.Mutex
	dropped   int       // connections, since the last log line; guarded by relieving
	logged    time.Time // when that was
}

const logInterval = 10 * time.Second

// hold counts a packet that enters a queue.
func (b *budget) hold(p *Packet) {
	cost := int64(slotBytes)
	if p.queues.Add(1) == 1 {
		cost += p.sharedBytes()
	}
	b.used.Add(cost)
}

// release counts a packet that leaves a queue.
func (b *budget) release(p *Packet) {
	cost := int64(slotBytes)
	if p.queues.Add(-1) == 0 {
		cost += p.sharedBytes()
	}
	b.used.Add(-cost)
}

// Charge counts bytes that the receiver keeps for the connection in Options.QueueBudget, such as a message that is not
// complete yet; a negative number takes them back. Closing the connection takes all of them back.
func (c *Conn) Charge(bytes int) { c.charge(bytes) }

// charge counts bytes that the connection holds outside its queue; a negative number takes them back.
func (c *Conn) charge(bytes int) {
	c.mu.Lock()
	c.chargeLocked(bytes)
	c.mu.Unlock()
	c.server.relieve()
}

// chargeLocked does nothing once the connection is closed: closing has taken back what was charged.
func (c *Conn) chargeLocked(bytes int) {
	if !c.closed.Load() {
		c.charged += bytes
		c.server.budget.used.Add(int64(bytes))
	}
}

// relieve drops connections while the budget is exceeded, those first that hold the most. Call without any lock of a
// connection.
func (s *Server) relieve() {
	if b := &s.budget; b.used.Load() > b.limit {
		b.relieving.Lock()
		defer b.relieving.Unlock()
		s.dropLargest()
	}
}

// dropLargest frees an eighth of the budget more than it must, so that looking at every connection is rare.
func (s *Server) dropLargest() {
	b := &s.budget
	if b.used.Load() <= b.limit {
		return // another goroutine has made room
	}
	type holder struct {
		conn  *Conn
		bytes int64
	}
	var holders []holder
	for _, c := range s.all() {
		if bytes := c.share(); bytes > 0 {
			holders = append(holders, holder{c, bytes})
		}
	}
	slices.SortFunc(holders, func(a, b holder) int { return cmp.Compare(b.bytes, a.bytes) })
	for _, h := range holders {
		if b.used.Load() <= b.limit-b.limit/8 {
			break
		}
		h.conn.drop()
		b.dropped++
	}
	s.logDropped()
}

// logDropped logs how many connections were dropped, at most once in logInterval: an attack must not fill the log too.
// Call with budget.relieving held.
func (s *Server) logDropped() {
	b := &s.budget
	if now := time.Now(); now.Sub(b.logged) >= logInterval {
		s.options.Log.Warn("engine: connections dropped, since the queues of all exceeded their budget",
			"connections", b.dropped, "budget_bytes", b.limit)
		b.dropped, b.logged = 0, now
	}
}

// share returns what dropping the connection would free.
func (c *Conn) share() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int64(c.charged) + c.queue.share()
}

// drop ends the connection at once, also when it is closing and waits for its client.
func (c *Conn) drop() {
	c.abort(ReasonTransportError)
	c.cut()
}
