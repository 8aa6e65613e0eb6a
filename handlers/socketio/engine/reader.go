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

// readAll handles what the client sends until the connection ends, and returns the reason.
func (w *webSocket) readAll() (reason string) {
	w.reason = ReasonTransportClose
	if !w.handle() { // what arrived with the handshake
		return w.reason
	}
	if w.raw != nil {
		w.raw.Read(w.tryRead) // it returns at the end of the connection
		return w.reason
	}
	for w.receivePlain() == nil && w.handle() {
	}
	return w.reason
}

// receivePlain reads once into the decoder, from a connection that is not a kernel socket.
func (w *webSocket) receivePlain() error {
	buffer := readBuffers.Get().(*readBuffer)
	defer readBuffers.Put(buffer)
	n, err := w.conn.Read(buffer.bytes[:])
	if n > 0 {
		w.take(buffer.bytes[:n])
		return nil
	}
	return err
}

// take adds received bytes to the decoder, unless the connection is closed.
func (w *webSocket) take(chunk []byte) {
	if !w.draining {
		w.decoder.feed(chunk)
	}
}

// handle handles what has arrived. It returns false to end the connection.
func (w *webSocket) handle() bool {
	goOn := w.draining || w.handleFrames()
	w.account()
	return goOn
}

// handleFrames handles the complete frames that have arrived. It returns false to end the connection.
func (w *webSocket) handleFrames() bool {
	for {
		opcode, payload, ok, err := w.decoder.next()
		if err != nil {
			return w.violated(err)
		}
		if !ok {
			return true
		}
		switch opcode {
		case opPing:
			w.owner.control(w, controlFrame(opPong, payload))
		case opPong:
		case opClose:
			w.owner.control(w, controlFrame(opClose, payload[:min(2, len(payload))]))
			return false
		default:
			if !w.message(payload, opcode == opBinary) {
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
func (w *webSocket) message(payload []byte, binary bool) bool {
	if w.serving.Load() {
		return w.owner.receive(payload, binary)
	}
	return !binary && w.owner.probing(w, payload)
}

// control answers a control frame. For a client that does not read, only the pong to its latest ping waits, as RFC
// 6455, section 5.5.3 allows: a flood of pings must not fill the queue.
func (c *Conn) control(w *webSocket, p *Packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case w != c.ws:
		if !w.writeApart(p) {
			w.abort()
		}
	case c.closed.Load():
	case w.flushing || c.queue.len() > 0 && !c.held:
		w.pong = p
		w.startFlusher()
	default:
		c.sendLocked(false, []*Packet{p})
	}
}
