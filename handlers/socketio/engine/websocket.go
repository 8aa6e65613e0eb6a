package engine

import (
	"crypto/sha1"
	"encoding/base64"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
)

var (
	noDeadline   = time.Time{}
	aLongTimeAgo = time.Unix(1, 0) // as a deadline: now
)

// webSocket is the server's side of one WebSocket. What writes is guarded by the lock of its connection.
type webSocket struct {
	server *Server
	conn   net.Conn
	raw    syscall.RawConn // nil: not a socket of the kernel, but TLS or a pipe
	owner  *Conn           // nil until it serves or probes for one; set before the reader starts

	serving atomic.Bool // the owner's transport; false: it probes

	// Of the reading goroutine.
	decoder frameDecoder
	chunk   []byte
	readErr error

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
	if tcp, ok := conn.(*net.TCPConn); ok && pollable {
		if raw, err := tcp.SyscallConn(); err == nil {
			w.raw = raw
			w.tryRead, w.tryWrite = w.readOnce, w.writeOnce
		}
	}
	return w
}

// The GUID of RFC 6455, section 1.3.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// upgradeKey returns the handshake's key; false means that the request is no WebSocket handshake.
func upgradeKey(c *fiber.Ctx) (string, bool) {
	key := c.Get("Sec-WebSocket-Key")
	nonce, err := base64.StdEncoding.DecodeString(key)
	ok := err == nil && len(nonce) == 16 && c.Method() == fiber.MethodGet && c.Get("Sec-WebSocket-Version") == "13" &&
		hasToken(c.Get("Upgrade"), "websocket") && hasToken(c.Get("Connection"), "upgrade")
	return key, ok
}

func hasToken(list, token string) bool {
	for part := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(part), token) {
			return true
		}
	}
	return false
}

// hijack takes the connection from fasthttp, answers the handshake and starts the reader. The function start, which
// runs before the reader, gives the socket its owner; false closes it again.
func (s *Server) hijack(c *fiber.Ctx, key string, start func(*webSocket) bool) error {
	// Without this fasthttp would close the connection, and count it, for as long as its handler runs.
	s.keepConn.Do(func() { c.App().Server().KeepHijackedConns = true })
	sum := sha1.Sum([]byte(key + acceptGUID))
	response := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n"
	ctx := c.Context()
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(hijacked net.Conn) {
		conn, early := takeOver(hijacked)
		if !s.enter() {
			conn.Close()
			return
		}
		defer s.running.Done()
		conn.SetWriteDeadline(time.Now().Add(s.options.WriteTimeout))
		if _, err := conn.Write([]byte(response)); err != nil {
			conn.Close()
			return
		}
		conn.SetWriteDeadline(noDeadline)
		w := newWebSocket(s, conn)
		if !start(w) {
			conn.Close()
			return
		}
		w.decoder.feed(early)
		s.running.Go(w.serve)
	})
	return nil
}

// takeOver returns the connection beneath fasthttp's and the bytes that its reader already holds, from a client that
// does not wait for the handshake's answer. With anything but TCP the reader stays in place.
func takeOver(hijacked net.Conn) (conn net.Conn, early []byte) {
	unsafe, ok := hijacked.(interface{ UnsafeConn() net.Conn })
	if !ok {
		return hijacked, nil
	}
	tcp, ok := unsafe.UnsafeConn().(*net.TCPConn)
	if !ok {
		return hijacked, nil
	}
	tcp.SetReadDeadline(aLongTimeAgo) // the reader gives what it has, and fails where it would ask the kernel
	defer tcp.SetReadDeadline(noDeadline)
	var buffer [512]byte
	for {
		n, err := hijacked.Read(buffer[:])
		early = append(early, buffer[:n]...)
		if err != nil {
			return tcp, early
		}
	}
}

// openWebSocket starts a connection that is a WebSocket from the beginning.
func (s *Server) openWebSocket(c *fiber.Ctx, request any, key string) error {
	return s.hijack(c, key, func(w *webSocket) bool {
		return s.newConn(request, w) != nil
	})
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

// writeNow writes a packet at once, as far as the kernel takes it; false means that it has to be queued. Call with the
// owner's lock held.
func (w *webSocket) writeNow(p *Packet) bool {
	if w.broken {
		return true // the reader will find out
	}
	if w.raw == nil || w.flushing || w.unsent != nil {
		return false
	}
	w.output, w.written = p.frame, 0
	err := w.raw.Write(w.tryWrite)
	n := w.written
	w.output = nil
	switch {
	case err != nil || n < 0:
		w.broken = true
		w.abort()
		return true
	case n == 0:
		return false
	case n < len(p.frame):
		w.unsent = p.frame[n:]
	}
	return true
}

// writeApart writes a packet of a socket that is no transport: there is no queue for it, and the kernel's buffer is
// empty. Call with the owner's lock held.
func (w *webSocket) writeApart(p *Packet) bool {
	if w.raw != nil {
		return w.writeNow(p) && w.unsent == nil && !w.broken
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
	buffers := make(net.Buffers, 0, batchPackets)
	for {
		batch := w.nextBatch(buffers[:0])
		if len(batch) == 0 {
			return
		}
		w.conn.SetWriteDeadline(time.Now().Add(w.server.options.WriteTimeout))
		if _, err := batch.WriteTo(w.conn); err != nil {
			w.owner.lost(w, ReasonTransportError)
			w.abort()
			return
		}
	}
}

// nextBatch takes the next packets to write; when there are none, the flusher's time is over.
func (w *webSocket) nextBatch(buffers net.Buffers) net.Buffers {
	c := w.owner
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.unsent != nil {
		buffers = append(buffers, w.unsent)
		w.unsent = nil
	}
	if buffers = c.queue.batch(buffers); len(buffers) > 0 && !w.broken {
		return buffers
	}
	w.flushing = false
	if w.broken {
		return nil
	}
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
		c.queue.push(p)
	}
	if c.queue.len() > 0 || w.unsent != nil {
		w.startFlusher()
	} else if !w.flushing {
		w.hangUp()
	}
}

// hangUp tells the client that nothing more will come, and gives it a moment to do the same: closing with unread bytes
// would make the kernel discard what the client has yet to read.
func (w *webSocket) hangUp() {
	w.broken = true
	if half, ok := w.conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
		w.conn.SetReadDeadline(time.Now().Add(lingering))
		return
	}
	w.abort()
}

// abort makes the reader, and a flusher that waits, come back with an error; the reader then closes.
func (w *webSocket) abort() {
	w.broken = true
	w.conn.SetDeadline(aLongTimeAgo)
}
