package engine

import "net"

// queue is the packets of one connection that are not written yet; guarded by Conn.mu. A packet stays in the queue, and
// in the budget, until all of its bytes are written.
type queue struct {
	packets []*Packet
	head    int // index of the first packet
	written int // bytes of the first packet that are written
	writing int // packets that the flusher is writing
	bytes   int // sum of the packets' sizes
}

func (q *queue) len() int { return len(q.packets) - q.head }

func (q *queue) push(b *budget, p *Packet) {
	q.packets = append(q.packets, p)
	q.bytes += p.size()
	b.hold(p)
}

func (q *queue) peek() *Packet { return q.packets[q.head] }

func (q *queue) pop(b *budget) *Packet {
	p := q.packets[q.head]
	q.packets[q.head] = nil
	q.head++
	q.written = 0
	q.bytes -= p.size()
	b.release(p)
	if q.head == len(q.packets) && cap(q.packets) <= keptCapacity {
		q.packets, q.head = q.packets[:0], 0
	} else if q.head == len(q.packets) {
		*q = queue{}
	} else if q.head >= 1024 && q.head*2 >= len(q.packets) {
		n := copy(q.packets, q.packets[q.head:])
		clear(q.packets[n:])
		q.packets, q.head = q.packets[:n], 0
	}
	return p
}

// keptCapacity is the capacity that an empty queue keeps, for Hold.
const keptCapacity = 4

// clear drops all packets and frees the memory.
func (q *queue) clear(b *budget) {
	for _, p := range q.packets[q.head:] {
		b.release(p)
	}
	*q = queue{}
}

// dropUnstarted drops the packets that are not written in part or being written.
func (q *queue) dropUnstarted(b *budget) {
	started := q.head + q.writing
	if q.writing == 0 && q.written > 0 {
		started++
	}
	for i, p := range q.packets[started:] {
		q.packets[started+i] = nil
		q.bytes -= p.size()
		b.release(p)
	}
	q.packets = q.packets[:started]
}

// over reports whether the queue has more packets or bytes.
func (q *queue) over(packets, bytes int) bool { return q.len() > packets || q.bytes > bytes }

// share returns the cost of the queue, where each queue with a packet bears an equal part of the shared cost.
func (q *queue) share() (bytes int64) {
	for _, p := range q.packets[q.head:] {
		bytes += slotBytes + p.sharedBytes()/max(1, int64(p.queues.Load()))
	}
	return bytes
}

// The limits of one write: large enough for few system calls, small enough for a slow client to meet the deadline.
const (
	batchPackets = 64
	batchBytes   = 64 << 10
)

// batch appends the frames to write next. They stay in the queue until popBatch.
func (q *queue) batch(buffers net.Buffers) net.Buffers {
	for size := 0; q.writing < q.len() && q.writing < batchPackets && size < batchBytes; q.writing++ {
		frame := q.packets[q.head+q.writing].frame
		if q.writing == 0 {
			frame = frame[q.written:]
		}
		size += len(frame)
		buffers = append(buffers, frame)
	}
	return buffers
}

// popBatch removes the packets that batch returned.
func (q *queue) popBatch(b *budget) {
	for n := q.writing; n > 0; n-- {
		q.pop(b)
	}
	q.writing = 0
}

// advance removes n written bytes.
func (q *queue) advance(b *budget, n int) {
	for n > 0 {
		rest := len(q.peek().frame) - q.written
		if n < rest {
			q.written += n
			return
		}
		n -= rest
		q.pop(b)
	}
}
