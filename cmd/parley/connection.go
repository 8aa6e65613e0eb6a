package main

import (
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	lingering   = 2 * time.Second // how long a client may go on sending after the last answer
	lingerBytes = 8 << 20         // and how much
)

// connection is one that a listener has let in. It counts until it is closed, also when a WebSocket has taken it over,
// which fasthttp does not notice.
type connection struct {
	net.Conn
	listener *listener
	key      string
	from     *peer
	held     atomic.Int64
	lingers  atomic.Bool
}

// SyscallConn lets the Socket.IO server wait for the connection without a buffer.
func (c *connection) SyscallConn() (syscall.RawConn, error) {
	socket, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, syscall.ENOTSUP
	}
	return socket.SyscallConn()
}

// Linger makes Close wait until the client has read the answer, or a while: a client that is cut off while it sends
// never sees it.
func (c *connection) Linger() { c.lingers.Store(true) }

// Close ends the connection.
func (c *connection) Close() error {
	if c.lingers.Load() {
		drain(c.Conn)
	}
	err := c.Conn.Close()
	c.release()
	c.listener.forget(c)
	return err
}

// drain ends our half of a connection, and reads what the client still sends.
func drain(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	conn.SetReadDeadline(time.Now().Add(lingering))
	_, _ = io.CopyN(io.Discard, conn, lingerBytes) // however it ends, the connection ends next
}

// Hold counts bytes of memory that a request or its answer takes up until release. It reports false, and counts
// nothing, when that is more than one address may have, or all.
func (c *connection) Hold(bytes int) bool {
	n := int64(bytes)
	c.held.Add(n)
	ofAddress, ofAll := c.from.held.Add(n), c.listener.held.Add(n)
	if ofAll <= bytesTotal && (ofAddress <= bytesAddress || c.from.proxy) {
		return true
	}
	c.held.Add(-n)
	c.from.held.Add(-n)
	c.listener.held.Add(-n)
	return false
}

// release gives back what the connection holds.
func (c *connection) release() {
	n := c.held.Swap(0)
	c.from.held.Add(-n)
	c.listener.held.Add(-n)
}

// stateChanged is the HTTP server's ConnState: between two requests a connection holds nothing.
func stateChanged(conn net.Conn, state fasthttp.ConnState) {
	if conn, ok := conn.(*connection); ok && (state == fasthttp.StateIdle || state == fasthttp.StateHijacked) {
		conn.release()
	}
}
