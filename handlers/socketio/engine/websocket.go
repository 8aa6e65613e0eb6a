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
	draining bool   // closed from this side: the rest is read for the client's answer only
	reason   string // why it ended

	// Guarded by owner.mu.
	output   []byte // what tryWrite shall write
	written  int
	unsent   []byte // the rest of a packet of which a part is written
	flushing bool   // a flusher is running: it alone writes
	broken   bool   // nothing more can be written
	ending   bool   // when all is written, hang up

	patience *time.Timer // of a probe

	tryRead, tryWrite func(fd uintptr) bool // made once: a closure a call would be an allocation a call
}

func newWebSocket(s *Server, conn net.Conn) *webSocket {
	w := &webSocket{server: s, conn: conn, decoder: frameDecoder{limit: s.options.MaxPayload}}
	if socket, ok := conn.(kernelSocket); ok && pollable {
		if raw, err := socket.SyscallConn(); err == nil {
			w.raw = raw
			w.tryRead, w.tryWrite = w.readOnce, w.writeOnce
			enableTCPInq(raw)
		}
	}
	return w
}

// serve reads until the connection ends, and closes it.
func (w *webSocket) serve() {
	reason := w.readAll()
	w.owner.lost(w, reason)
	w.conn.Close()
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
	case c.probe: // the client goes on polling
		c.probe, c.probed = nil, false
	}
}
