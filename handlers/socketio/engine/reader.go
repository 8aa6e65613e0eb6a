package engine

import (
	"errors"
	"sync"
)

// readBuffer is large enough for a burst of small messages. Longer messages take several reads.
type readBuffer struct {
	bytes [4 << 10]byte
	inquiry
}

// readBuffers is the pool of buffers: only connections that are reading right now have one.
var readBuffers = sync.Pool{New: func() any { return new(readBuffer) }}

// readAll handles what the client sends until the connection ends, and returns the reason. It begins with bytes that
// have arrived already.
func (w *webSocket) readAll(early []byte) (reason string) {
	w.reason = ReasonTransportClose
	if !w.handle(early) {
		return w.reason
	}
	if w.raw != nil {
		w.raw.Read(w.tryRead) // it returns at the end of the connection
		return w.reason
	}
	for w.receivePlain() {
	}
	return w.reason
}

// receivePlain reads once, from a connection that is not a kernel socket. It returns false at its end.
func (w *webSocket) receivePlain() bool {
	buffer := readBuffers.Get().(*readBuffer)
	defer readBuffers.Put(buffer)
	n, err := w.conn.Read(buffer.bytes[:])
	return w.handle(buffer.bytes[:n]) && err == nil
}

// handle handles received bytes, which it may change but does not keep. It returns false to end the connection.
func (w *webSocket) handle(chunk []byte) bool {
	if w.draining || len(chunk) == 0 {
		return true
	}
	w.decoder.feed(chunk)
	goOn := w.handleFrames()
	w.account()
	return goOn
}

// handleFrames handles the complete frames that have arrived. It returns false to end the connection.
func (w *webSocket) handleFrames() bool {
	for {
		m, ok, err := w.decoder.next()
		if err != nil {
			return w.violated(err)
		}
		if !ok {
			return true
		}
		switch m.opcode {
		case opPing:
			w.owner.answerControl(w, opPong, m.payload)
		case opPong:
		case opClose:
			w.owner.answerControl(w, opClose, m.payload[:min(2, len(m.payload))])
			return false
		default:
			if !w.message(Message{m.payload, m.opcode == opBinary, m.cut}) {
				w.drain()
				return true
			}
		}
	}
}

// drain drops what the client sends from now on. Unread bytes would make the kernel reset the connection, and the
// client would not get the close frame.
func (w *webSocket) drain() { w.draining, w.decoder = true, frameDecoder{} }

// violated closes the connection after a violation of the WebSocket protocol. It returns false to end it at once.
func (w *webSocket) violated(err error) bool {
	var violation *frameError
	errors.As(err, &violation)
	if !w.serving.Load() {
		return false
	}
	w.owner.close(ReasonTransportError, violation.code)
	w.drain()
	return true
}

// message handles a message, of the transport or of a probe.
func (w *webSocket) message(m Message) bool {
	if w.serving.Load() {
		return w.owner.receive(m)
	}
	return !m.Binary && w.owner.probing(w, m.Data)
}

// answerControl answers a control frame.
func (c *Conn) answerControl(w *webSocket, opcode byte, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case w != c.ws:
		if !w.writeApart(controlFrame(opcode, payload)) {
			w.abort()
		}
	case c.closed.Load():
	case opcode == opPong && !c.held:
		w.answerPing(payload)
	default:
		c.sendLocked(false, []*Packet{controlFrame(opcode, payload)})
	}
}

// answerPing sends a pong, or lets it wait for what is queued. Only the pong to the latest ping waits, as RFC 6455,
// section 5.5.3 allows: a flood of pings must not fill the queue, nor make garbage. Call with the owner's lock.
func (w *webSocket) answerPing(payload []byte) {
	w.pong = append(appendHeader(w.pong[:0], opPong, len(payload)), payload...)
	queue := &w.owner.queue
	if w.raw != nil && !w.flushing && !w.broken && queue.len() == 0 {
		written := w.try(w.pong)
		if 0 < written && written < len(w.pong) {
			queue.push(&w.server.budget, controlFrame(opPong, payload))
			queue.written = written
		}
		if written > 0 {
			w.pong = w.pong[:0]
		}
	}
	w.owner.wakeWriter()
}
