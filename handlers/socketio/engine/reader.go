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
	if !w.handleFrames() { // what came with the handshake
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
	return w.handleFrames()
}

// handleFrames handles every whole frame that has arrived; false ends the connection.
func (w *webSocket) handleFrames() bool {
	for {
		opcode, payload, ok, err := w.decoder.next()
		if err != nil {
			var violation *frameError
			errors.As(err, &violation)
			w.owner.refuse(w, violation.code)
			w.reason = ReasonTransportError
			return false
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
				w.draining, w.decoder = true, frameDecoder{}
				return true
			}
		}
	}
}

// message handles one message: of the connection, or of a socket that probes for it.
func (w *webSocket) message(payload []byte, binary bool) bool {
	if w.serving.Load() {
		return w.owner.receive(payload, binary)
	}
	return !binary && w.owner.probing(w, payload)
}

// control answers a control frame.
func (c *Conn) control(w *webSocket, p *Packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w == c.ws {
		c.sendLocked(false, []*Packet{p})
	} else {
		w.writeApart(p)
	}
}

// refuse closes after a violation of the WebSocket protocol.
func (c *Conn) refuse(w *webSocket, code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w == c.ws {
		c.closeLocked(ReasonTransportError, code)
	}
}
