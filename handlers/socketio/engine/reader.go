package engine

import (
	"bytes"
	"errors"
	"sync"
)

// readBuffer holds a typical burst of small messages; longer ones are put together from several.
type readBuffer struct {
	bytes [4 << 10]byte
	inquiry
}

// readBuffers lends the readers their buffers: with thousands of connections at rest only a few are in use.
var readBuffers = sync.Pool{New: func() any { return new(readBuffer) }}

// readAll handles what the client sends until the connection ends, and returns the reason.
func (w *webSocket) readAll() (reason string) {
	w.reason = ReasonTransportClose
	if !w.take(nil) { // what came with the handshake
		return w.reason
	}
	if w.raw != nil {
		w.raw.Read(w.tryRead) // whatever its error, it is over
		return w.reason
	}
	for {
		chunk, err := w.readPlain()
		if err != nil || !w.take(chunk) {
			return w.reason
		}
	}
}

// readPlain reads from a connection that cannot be waited for without a buffer. The bytes are the caller's to keep.
func (w *webSocket) readPlain() ([]byte, error) {
	buffer := readBuffers.Get().(*readBuffer)
	defer readBuffers.Put(buffer)
	n, err := w.conn.Read(buffer.bytes[:])
	if n > 0 {
		return bytes.Clone(buffer.bytes[:n]), nil
	}
	return nil, err
}

// take handles bytes of the client; false ends the connection.
func (w *webSocket) take(chunk []byte) bool {
	if w.draining {
		return true
	}
	w.decoder.feed(chunk)
	goOn := w.handleFrames()
	w.account()
	return goOn
}

// handleFrames handles every whole frame that has arrived; false ends the connection.
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

// drain drops what the client sends from now on. Reading it gives the client the chance to read why it was closed.
func (w *webSocket) drain() { w.draining, w.decoder = true, frameDecoder{} }

// violated closes after a violation of the WebSocket protocol; false ends the connection at once.
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

// message handles one message: of the connection, or of a socket that probes for it.
func (w *webSocket) message(payload []byte, binary bool) bool {
	if w.serving.Load() {
		return w.owner.receive(payload, binary)
	}
	return !binary && w.owner.probing(w, payload)
}

// control answers a control frame. While the client does not read, only the answer to its latest ping waits for it: as
// RFC 6455, section 5.5.3 has it, and a flood of pings costs nothing.
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
