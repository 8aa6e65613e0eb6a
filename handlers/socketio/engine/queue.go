package engine

import "net"

// queue holds the packets of one connection that could not be written yet; guarded by Conn.mu. The packets of a
// broadcast are shared, so an entry costs a pointer, whatever its size.
type queue struct {
	packets []*Packet
	head    int // packets before it have left
	bytes   int
}

func (q *queue) len() int { return len(q.packets) - q.head }

func (q *queue) push(p *Packet) {
	q.packets = append(q.packets, p)
	q.bytes += p.size()
}

func (q *queue) peek() *Packet { return q.packets[q.head] }

func (q *queue) pop() *Packet {
	p := q.packets[q.head]
	q.packets[q.head] = nil
	q.head++
	q.bytes -= p.size()
	if q.head == len(q.packets) && cap(q.packets) <= keptCapacity {
		q.packets, q.head = q.packets[:0], 0
	} else if q.head == len(q.packets) {
		q.clear()
	} else if q.head >= 1024 && q.head*2 >= len(q.packets) {
		n := copy(q.packets, q.packets[q.head:])
		clear(q.packets[n:])
		q.packets, q.head = q.packets[:n], 0
	}
	return p
}

// keptCapacity is what an empty queue keeps: room for what was held a moment.
const keptCapacity = 4

// clear forgets everything, the memory included: most connections never need a queue again.
func (q *queue) clear() { *q = queue{} }

// over tells whether the queue holds more than a share of its bounds.
func (q *queue) over(packets, bytes int) bool { return q.len() > packets || q.bytes > bytes }

// What one vectored write carries at most: few system calls, and a deadline that means something.
const (
	batchPackets = 64
	batchBytes   = 256 << 10
)

// batch moves the next packets out of the queue.
func (q *queue) batch(buffers net.Buffers) net.Buffers {
	for size := 0; q.len() > 0 && len(buffers) < batchPackets && size < batchBytes; {
		p := q.pop()
		size += p.size()
		buffers = append(buffers, p.frame)
	}
	return buffers
}
