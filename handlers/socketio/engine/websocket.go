package engine

import (
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	noDeadline   = time.Time{}
	aLongTimeAgo = time.Unix(1, 0) // as a deadline: now
)

// kernelSocket is a connection with a file descriptor: a *net.TCPConn, or a wrapper that a listener has put around one.
// TLS connections and pipes have none.
type kernelSocket interface {
	net.Conn
	syscall.Conn
}

// webSocket is one WebSocket, the transport of a connection or its probe.
type webSocket struct {
	server *Server
	conn   net.Conn
	raw    syscall.RawConn // nil: not a kernel socket
	owner  *Conn           // set before the reader starts

	serving atomic.Bool // it is the owner's transport; false: its probe

	// Used by the reading goroutine only.
	decoder  frameDecoder
	charged  int    // bytes of the decoder that the owner is charged for
	draining bool   // closed by the server: what arrives is dropped
	reason   string // of the end

	// Guarded by owner.mu.
	output   []byte // what tryWrite writes
	written  int
	pong     []byte // the frame that answers the client's latest ping once what is queued is written
	flushing bool   // a flusher runs, and nothing else may write
	broken   bool   // nothing can be written any more
	ending   bool   // when everything is written, hang up

	probeTimer *time.Timer // ends a probe that is never finished

	tryRead, tryWrite func(fd uintptr) bool // readOnce and writeOnce, allocated once
}

func newWebSocket(s *Server, conn net.Conn) *webSocket {
	w := &webSocket{
		server:  s,
		conn:    conn,
		decoder: frameDecoder{limit: probeLimit, keep: probeLimit},
	}
	if socket, ok := conn.(kernelSocket); ok && pollable {
		if raw, err := socket.SyscallConn(); err == nil {
			w.raw = raw
			w.tryRead, w.tryWrite = w.readOnce, w.writeOnce
			enableTCPInq(raw)
		}
	}
	return w
}

// probeLimit is the longest message of a probe. "2probe" is the longest that is valid.
const probeLimit = 64

// largestMessage is the longest WebSocket message that does not close the connection. What exceeds Options.MaxMessage
// is read and dropped, so that it takes no memory and its sender can get an answer.
const largestMessage = 1 << 20

// becomeTransport makes the decoder accept messages. Call it before the reader starts, or in the reading goroutine.
func (w *webSocket) becomeTransport() {
	o := &w.server.options
	w.decoder.limit = int32(max(largestMessage, o.MaxPayload))
	w.decoder.keep = int32(o.MaxMessage + 1) // with the type of the packet
	w.serving.Store(true)
}

// serve handles the bytes that arrived with the handshake, reads until the connection ends, and closes it.
func (w *webSocket) serve(early []byte) {
	defer w.owner.leave()
	reason := w.readAll(early)
	w.decoder = frameDecoder{}
	w.account()
	w.owner.lost(w, reason)
	w.conn.Close()
}

// account charges the owner for a partial message, if it is larger than a read buffer.
func (w *webSocket) account() {
	held := w.decoder.held()
	if held <= len(readBuffer{}.bytes) {
		held = 0
	}
	if held != w.charged {
		w.owner.charge(held - w.charged)
		w.charged = held
	}
}

// lost handles the end of a WebSocket of the connection.
func (c *Conn) lost(w *webSocket, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.broken = true
	if w.probeTimer != nil {
		w.probeTimer.Stop()
	}
	switch w {
	case c.ws:
		c.closeLocked(reason, 0)
		c.queue.clear(&c.server.budget) // a connection that was closing may have packets left
	case c.probe: // the client continues to poll
		c.probe, c.probed = nil, false
	}
}
