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

// kernelSocket is a connection that the kernel carries: a *net.TCPConn, or what a listener has wrapped around one. TLS
// and pipes are none.
type kernelSocket interface {
	net.Conn
	syscall.Conn
}

// webSocket is the server's side of one WebSocket. What writes is guarded by the lock of its connection.
type webSocket struct {
	server *Server
	conn   net.Conn
	raw    syscall.RawConn // nil: not a socket of the kernel, but TLS or a pipe
	owner  *Conn           // nil until it serves or probes for one; set before the reader starts

	serving atomic.Bool // the owner's transport; false: it probes

	// Of the reading goroutine.
	decoder  frameDecoder
	charged  int    // what the owner is charged for the decoder's bytes
	draining bool   // closed from this side: the rest is read for the client's answer only
	reason   string // why it ended

	// Guarded by owner.mu.
	output   []byte // what tryWrite shall write
	written  int
	pong     *Packet // answers the client's latest ping once what is queued is written
	flushing bool    // a flusher is running: it alone writes
	broken   bool    // nothing more can be written
	ending   bool    // when all is written, hang up

	patience *time.Timer // ends a probe that is never finished

	tryRead, tryWrite func(fd uintptr) bool // made once: a closure a call would be an allocation a call
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

// probeLimit is the longest message of a WebSocket that is no transport yet: "2probe" is the longest that makes sense.
const probeLimit = 64

// largestMessage is the longest WebSocket message that is read to its end. What exceeds Options.MaxMessage of it is not
// kept, so that reading it costs no memory, and its sender can be told what was wrong.
const largestMessage = 1 << 20

// becomeTransport prepares the socket for the connection's messages. Call before the reader starts, or in it.
func (w *webSocket) becomeTransport() {
	o := &w.server.options
	w.decoder.limit = max(largestMessage, o.MaxPayload)
	w.decoder.keep = o.MaxMessage + 1 // and the type of the packet
	w.serving.Store(true)
}

// serve reads until the connection ends, and closes it.
func (w *webSocket) serve() {
	defer w.owner.leave()
	reason := w.readAll()
	w.decoder = frameDecoder{}
	w.account()
	w.owner.lost(w, reason)
	w.conn.Close()
}

// account charges the owner for what the decoder holds of a message that has not arrived completely. What fits into a
// read buffer is not worth the work.
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

// lost notes that one of the connection's WebSockets has ended.
func (c *Conn) lost(w *webSocket, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.broken = true
	if w.patience != nil {
		w.patience.Stop()
	}
	switch w {
	case c.ws:
		c.closeLocked(reason, 0)
		c.queue.clear(&c.server.budget) // closed before, politely, it may wait for its client still
	case c.probe: // the client goes on polling
		c.probe, c.probed = nil, false
	}
}
