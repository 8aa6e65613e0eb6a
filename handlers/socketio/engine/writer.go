package engine

import (
	"net"
	"time"
)

// writeNow writes as much of a packet as the kernel takes, and queues the rest. It returns false if it wrote nothing
// and the caller has to queue the packet. Call with the owner's lock, when its queue is empty.
func (w *webSocket) writeNow(p *Packet) bool {
	if w.broken {
		return true // the reader notices it
	}
	if w.raw == nil || w.flushing {
		return false
	}
	n := w.try(p.frame)
	if n > 0 && n < len(p.frame) {
		q := &w.owner.queue
		q.push(&w.server.budget, p)
		q.written = n
	}
	return n > 0 || w.broken
}

// try writes as much as the kernel takes, and returns how much that was.
func (w *webSocket) try(frames []byte) int {
	w.output, w.written = frames, 0
	err := w.raw.Write(w.tryWrite)
	w.output = nil
	if err != nil || w.written < 0 {
		w.abort()
		return 0
	}
	return w.written
}

// writeTogether writes a short queue in one piece, as much as the kernel takes. Call with the owner's lock.
func (w *webSocket) writeTogether(q *queue) {
	if w.raw == nil || w.flushing || w.broken || q.bytes > len(readBuffer{}.bytes) {
		return
	}
	buffer := readBuffers.Get().(*readBuffer)
	defer readBuffers.Put(buffer)
	together := buffer.bytes[:0]
	for _, p := range q.packets[q.head:] {
		together = append(together, p.frame...)
	}
	q.advance(&w.server.budget, w.try(together))
}

// writeApart writes a packet to a probe, which has no queue. It returns false if the kernel does not take all of it.
// Call with the owner's lock.
func (w *webSocket) writeApart(p *Packet) bool {
	if w.raw != nil {
		return !w.broken && w.try(p.frame) == len(p.frame)
	}
	w.conn.SetWriteDeadline(time.Now().Add(time.Second))
	defer w.conn.SetWriteDeadline(noDeadline)
	_, err := w.conn.Write(p.frame)
	return err == nil
}

// startFlusher starts the goroutine that writes the queue, unless it is running. Call with the owner's lock.
func (w *webSocket) startFlusher() {
	if !w.flushing && !w.broken {
		w.flushing = true
		w.server.running.Go(w.flush)
	}
}

// flush writes the queue until it is empty.
func (w *webSocket) flush() {
	buffers := make(net.Buffers, 0, batchPackets+1)
	for {
		batch := w.nextBatch(buffers[:0])
		if len(batch) == 0 {
			return
		}
		w.conn.SetWriteDeadline(time.Now().Add(w.server.options.WriteTimeout))
		if err := w.writeFrames(batch); err != nil {
			w.owner.lost(w, ReasonTransportError)
			w.conn.SetDeadline(aLongTimeAgo) // ends the reader, also of a connection that was closed before
			return
		}
	}
}

// nextBatch removes what is written from the queue, and returns what to write next. It returns nothing to end the
// flusher.
func (w *webSocket) nextBatch(buffers net.Buffers) net.Buffers {
	c := w.owner
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.broken {
		w.flushing = false
		return nil
	}
	c.queue.popBatch(&w.server.budget)
	buffers = c.queue.batch(buffers)
	if len(w.pong) > 0 && !c.closed.Load() {
		buffers = append(buffers, w.pong)
	}
	w.pong = nil
	if len(buffers) > 0 {
		return buffers
	}
	w.flushing = false
	w.conn.SetWriteDeadline(noDeadline)
	if w.ending {
		w.hangUp()
	}
	return nil
}

// end writes a close frame after what is queued, and hangs up. With code 0 it ends the socket at once. Call with the
// owner's lock.
func (w *webSocket) end(code int) {
	if code == 0 {
		w.abort()
		return
	}
	c := w.owner
	w.ending = true
	if p := closeFrame(code); c.queue.len() > 0 || !w.writeNow(p) {
		c.queue.push(&w.server.budget, p)
	}
	if c.queue.len() > 0 {
		w.startFlusher()
	} else if !w.flushing {
		w.hangUp()
	}
}

// hangUp closes the server's half of the connection and waits a moment for the client's: closing with unread bytes
// would make the kernel discard what the client has not read yet.
func (w *webSocket) hangUp() {
	w.broken = true
	if !w.closeWrite() {
		w.abort()
		return
	}
	w.conn.SetReadDeadline(time.Now().Add(lingering))
}

// abort makes the reader and the flusher fail. The reader then closes the connection.
func (w *webSocket) abort() {
	w.broken = true
	w.conn.SetDeadline(aLongTimeAgo)
}
