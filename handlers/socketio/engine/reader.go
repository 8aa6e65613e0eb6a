package engine

import (
	"bytes"
	"errors"
	"sync"
)

// readBuffer holds a typical burst of small messages; longer ones are put together from several.
type readBuffer [4 << 10]byte

// readBuffers lends the readers their buffers: with thousands of connections at rest only a few are in use.
var readBuffers = sync.Pool{New: func() any { return new(readBuffer) }}

// readAll handles what the client sends until the connection ends, and returns the reason.
func (w *webSocket) readAll() (reason string) {
	for {
		if reason, ok := w.handleFrames(); !ok {
			return reason
		}
		chunk, err := w.read()
		if err != nil {
			return ReasonTransportClose
		}
		w.decoder.feed(chunk)
	}
}

// read waits for bytes of the client, which are the caller's to keep. While it waits, nothing is borrowed.
func (w *webSocket) read() ([]byte, error) {
	if w.raw == nil {
		return w.readPlain()
	}
	if err := w.raw.Read(w.tryRead); err != nil {
		return nil, err
	}
	chunk := w.chunk
	w.chunk = nil
	return chunk, w.readErr
}

// readPlain reads from a connection that cannot be waited for without a buffer.
func (w *webSocket) readPlain() ([]byte, error) {
	buffer := readBuffers.Get().(*readBuffer)
	defer readBuffers.Put(buffer)
	n, err := w.conn.Read(buffer[:])
	if n > 0 {
		return bytes.Clone(buffer[:n]), nil
	}
	return nil, err
}

// handleFrames handles every whole frame that has arrived; false ends the connection.
func (w *webSocket) handleFrames() (reason string, ok bool) {
	for {
		opcode, payload, ok, err := w.decoder.next()
		if err != nil {
			var violation *frameError
			errors.As(err, &violation)
			w.owner.refuse(w, violation.code)
			return ReasonTransportError, false
		}
		if !ok {
			return "", true
		}
		switch opcode {
		case opPing:
			w.owner.control(w, controlFrame(opPong, payload))
		case opPong:
		case opClose:
			w.owner.control(w, controlFrame(opClose, payload[:min(2, len(payload))]))
			return ReasonTransportClose, false
		default:
			if !w.message(payload, opcode == opBinary) {
				return w.drainUntilClosed()
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

// drainUntilClosed reads on after the connection was closed from this side, for the client's answer.
func (w *webSocket) drainUntilClosed() (reason string, ok bool) {
	w.decoder = frameDecoder{}
	for {
		if _, err := w.read(); err != nil {
			return ReasonTransportClose, false
		}
	}
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
