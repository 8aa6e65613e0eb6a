package socketio

import (
	"slices"
	"sync"
	"time"
)

// maxHeld is how many packets may wait in one room. With one more, all of them are delivered.
const maxHeld = 1024

// sequencer delivers the numbered packets of a room in order, see Broadcast.Sequence. One goroutine delivers at a time,
// also what others add in the meantime, so that none of them waits. No lock is held while writing.
type sequencer struct {
	room *room

	mu    sync.Mutex
	known bool
	next  uint64
	busy  bool       // a goroutine is delivering; it looks at ready again before it ends
	ready []delivery // in order
	held  []heldDelivery
	timer *time.Timer // runs while packets wait
}

// heldDelivery waits for the packets before it.
type heldDelivery struct {
	n     uint64
	until time.Time
	delivery
}

// begin sets the first number, unless one is known.
func (q *sequencer) begin(next uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.known {
		q.known, q.next = true, next
	}
}

// deliver delivers packet n after those before it.
func (q *sequencer) deliver(n uint64, d delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.known {
		q.known, q.next = true, n
	}
	switch {
	case n > q.next && !q.room.namespace.server.alone():
		q.hold(n, d)
		return
	case n > q.next: // no other node can fill the gap
		q.releaseThrough(n)
	}
	if n < q.next && d.delayed { // its successors are delivered: clients have seen the gap and fetched it
		return
	}
	if n >= q.next {
		q.next = n + 1
	}
	q.ready = append(q.ready, d)
	q.releaseConsecutive()
	q.drain()
}

// deliverAfter delivers a packet after those up to n, and waits no longer for those of them that are missing.
func (q *sequencer) deliverAfter(n uint64, d delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.releaseThrough(n)
	q.known, q.next = true, max(q.next, n+1)
	q.releaseConsecutive()
	q.ready = append(q.ready, d)
	q.drain()
}

// delivered returns the number up to which packets were delivered or are no longer waited for. It returns false if no
// number is known.
func (q *sequencer) delivered() (n uint64, known bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.next - 1, q.known
}

// drain delivers what is ready. Call with mu locked; it unlocks mu while it writes.
func (q *sequencer) drain() {
	if q.busy {
		return
	}
	q.busy = true
	for len(q.ready) > 0 {
		ready := q.ready
		q.ready = nil
		q.mu.Unlock()
		for _, d := range ready {
			q.room.deliver(d)
		}
		q.mu.Lock()
		if q.ready == nil && cap(ready) <= 64 {
			clear(ready)
			q.ready = ready[:0]
		}
	}
	q.busy = false
}

// hold keeps a packet until those before it have come.
func (q *sequencer) hold(n uint64, d delivery) {
	wait := q.room.namespace.server.options.HoldBack
	i, _ := slices.BinarySearchFunc(q.held, n, func(h heldDelivery, n uint64) int {
		if h.n <= n {
			return -1
		}
		return 1
	})
	q.held = slices.Insert(q.held, i, heldDelivery{n: n, until: time.Now().Add(wait), delivery: d})
	if len(q.held) > maxHeld {
		q.releaseThrough(q.held[len(q.held)-1].n)
		q.drain()
		return
	}
	if q.timer == nil {
		q.timer = time.AfterFunc(wait, q.giveUp)
	}
}

// giveUp delivers the packets that have waited long enough, and all held ones before them.
func (q *sequencer) giveUp() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.timer == nil {
		return
	}
	now := time.Now()
	for i := len(q.held) - 1; i >= 0; i-- {
		if !now.Before(q.held[i].until) {
			q.releaseThrough(q.held[i].n)
			break
		}
	}
	q.timer = nil
	if len(q.held) > 0 {
		earliest := slices.MinFunc(q.held, func(a, b heldDelivery) int { return a.until.Compare(b.until) })
		q.timer = time.AfterFunc(max(time.Until(earliest.until), time.Millisecond), q.giveUp)
	}
	q.drain()
}

// releaseThrough makes the held packets up to n ready, and those that follow without a gap. It no longer waits for the
// missing ones.
func (q *sequencer) releaseThrough(n uint64) {
	i := 0
	for ; i < len(q.held) && q.held[i].n <= n; i++ {
		q.ready = append(q.ready, q.held[i].delivery)
		q.next = max(q.next, q.held[i].n+1)
	}
	q.held = slices.Delete(q.held, 0, i)
	q.releaseConsecutive()
}

// releaseConsecutive makes the held packets ready that follow without a gap.
func (q *sequencer) releaseConsecutive() {
	i := 0
	for ; i < len(q.held) && q.held[i].n <= q.next; i++ {
		q.ready = append(q.ready, q.held[i].delivery)
		q.next = max(q.next, q.held[i].n+1)
	}
	q.held = slices.Delete(q.held, 0, i)
	if len(q.held) == 0 && q.timer != nil {
		q.timer.Stop()
		q.timer = nil
	}
}

// stop drops the held packets when the room has no members left.
func (q *sequencer) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = nil
	if q.timer != nil {
		q.timer.Stop()
		q.timer = nil
	}
}
