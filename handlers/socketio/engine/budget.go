package engine

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The cost in bytes of a queued packet besides its frame, rounded up.
const (
	slotBytes   = 16 // in each queue: a pointer, and the unused part of a growing slice
	packetBytes = 64 // once: the Packet, and what the allocator adds to the frame
)

// size returns the cost of a packet in one queue.
func (p *Packet) size() int { return len(p.frame) + packetBytes + slotBytes }

// sharedBytes returns the part of the cost that all queues with the packet share.
func (p *Packet) sharedBytes() int64 { return int64(len(p.frame) + packetBytes) }

// budget counts the memory for packets of all connections of a server: queued, in an answer of long-polling, or
// received in part. Many slow clients, each within its own limits, could fill the memory together.
type budget struct {
	limit     int64
	used      atomic.Int64
	relieving sync.Mutex
	dropped   int       // connections since the last log line; guarded by relieving
	logged    time.Time // time of the last log line
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

// Charge adds to Options.QueueBudget what the receiver keeps for the connection, such as a partial message. A negative
// number subtracts. Closing the connection subtracts everything.
func (c *Conn) Charge(bytes int) { c.charge(bytes) }

// charge counts bytes that the connection has outside its queue. A negative number subtracts.
func (c *Conn) charge(bytes int) {
	c.mu.Lock()
	c.chargeLocked(bytes)
	c.mu.Unlock()
	c.server.relieve()
}

// chargeLocked does nothing for a closed connection: closing has subtracted everything. Call with mu locked.
func (c *Conn) chargeLocked(bytes int) {
	if !c.closed.Load() {
		c.charged += bytes
		c.server.budget.used.Add(int64(bytes))
	}
}

// relieve closes connections while the budget is exceeded, beginning with those that hold the most. Call it without the
// lock of a connection.
func (s *Server) relieve() {
	if b := &s.budget; b.used.Load() > b.limit {
		b.relieving.Lock()
		defer b.relieving.Unlock()
		s.dropLargest()
	}
}

// dropLargest frees an eighth of the budget more than it must, since looking at every connection takes time.
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

// logDropped logs the number of dropped connections, at most once in logInterval: an attack must not fill the log. Call
// with budget.relieving locked.
func (s *Server) logDropped() {
	b := &s.budget
	if now := time.Now(); now.Sub(b.logged) >= logInterval {
		s.options.Log.Warn("engine: connections dropped, since the queues of all exceeded their budget",
			"connections", b.dropped, "budget_bytes", b.limit)
		b.dropped, b.logged = 0, now
	}
}

// share returns how much dropping the connection would free.
func (c *Conn) share() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int64(c.charged) + c.queue.share()
}

// drop closes the connection at once, also one that is closing and waits for its client.
func (c *Conn) drop() {
	c.abort(ReasonTransportError)
	c.cut()
}
