package engine

import "net"

// queue holds the packets of one connection that are not written yet; guarded by Conn.mu. A packet stays in the queue,
// and counts, until all of its bytes are written.
type queue struct {
	packets []*Packet
	head    int // packets before it have left
	written int // bytes of the first packet that are written
	writing int // packets that the flusher is writing: they stay whatever happens
	bytes   int // what the queue would cost if it shared no packet
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

// keptCapacity is what an empty queue keeps: room for a packet that Hold leaves for a moment.
const keptCapacity = 4

// clear drops everything and frees the memory: most connections never need a queue again.
func (q *queue) clear(b *budget) {
	for _, p := range q.packets[q.head:] {
		b.release(p)
	}
	*q = queue{}
}

// dropUnstarted drops every packet of which no byte is written or being written.
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

// over reports whether the queue holds more than that.
func (q *queue) over(packets, bytes int) bool { return q.len() > packets || q.bytes > bytes }

// share returns what dropping the queue would free, with the bytes of a shared packet divided among its queues.
func (q *queue) share() (bytes int64) {
	for _, p := range q.packets[q.head:] {
		bytes += slotBytes + p.sharedBytes()/max(1, int64(p.queues.Load()))
	}
	return bytes
}

// One vectored write carries at most this much: few system calls, and a deadline that a slow client can meet.
const (
	batchPackets = 64
	batchBytes   = 64 << 10
)

// batch appends the frames to write next to buffers. They stay in the queue until popBatch.
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

// popBatch removes what batch returned, which is written now.
func (q *queue) popBatch(b *budget) {
	for n := q.writing; n > 0; n-- {
		q.pop(b)
	}
	q.writing = 0
}

// advance removes n written bytes from the front.
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
