package engine

import (
	"net"
	"time"
)

// writeNow writes a packet at once, as far as the kernel takes it, and queues the rest; false means that all of it has
// to be queued. Call with the owner's lock held, when its queue is empty.
func (w *webSocket) writeNow(p *Packet) bool {
	if w.broken {
		return true // the reader will find out
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

// try writes as much as the kernel takes, and returns how much that is.
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

// writeTogether writes a short queue as one piece, as far as the kernel takes it. Call with the owner's lock held.
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

// writeApart writes a packet of a socket that is no transport: there is no queue for it, and the kernel's buffer is
// empty. Call with the owner's lock held.
func (w *webSocket) writeApart(p *Packet) bool {
	if w.raw != nil {
		return !w.broken && w.try(p.frame) == len(p.frame)
	}
	w.conn.SetWriteDeadline(time.Now().Add(time.Second))
	defer w.conn.SetWriteDeadline(noDeadline)
	_, err := w.conn.Write(p.frame)
	return err == nil
}

// startFlusher starts the goroutine that writes the queue, if it is not running. Call with the owner's lock held.
func (w *webSocket) startFlusher() {
	if !w.flushing && !w.broken {
		w.flushing = true
		w.server.running.Go(w.flush)
	}
}

// flush writes what is queued until there is no more.
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
			w.conn.SetDeadline(aLongTimeAgo) // if it was closed before, its reader still has to come back
			return
		}
	}
}

// nextBatch removes what is written from the queue and returns what to write next; when there is nothing, the flusher
// ends.
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
	if w.pong != nil && !c.closed.Load() {
		buffers = append(buffers, w.pong.frame)
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

// end ends the socket: with a close frame behind what is queued, or with code 0 at once. Call with the owner's lock
// held.
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

// hangUp tells the client that nothing more will come, and gives it a moment to do the same: closing with unread bytes
// would make the kernel discard what the client has yet to read.
func (w *webSocket) hangUp() {
	w.broken = true
	if !w.closeWrite() {
		w.abort()
		return
	}
	w.conn.SetReadDeadline(time.Now().Add(lingering))
}

// abort makes the reader, and a flusher that waits, come back with an error; the reader then closes.
func (w *webSocket) abort() {
	w.broken = true
	w.conn.SetDeadline(aLongTimeAgo)
}
