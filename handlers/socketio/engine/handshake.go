package engine

import (
	"crypto/sha1"
	"encoding/base64"
	"net"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

// The GUID of RFC 6455, section 1.3.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// upgradeKey returns the key of a WebSocket handshake. It returns false if the request is not one.
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

// hijack takes the TCP connection from fasthttp, answers the handshake, calls start and starts the reader. start sets
// the owner of the WebSocket, or returns false to close it. If hijack fails before start, it calls abandon instead.
func (s *Server) hijack(c *fiber.Ctx, key string, start func(*webSocket) bool, abandon func()) error {
	// Without this fasthttp would close the connection when the hijack handler returns.
	s.keepConn.Do(func() { c.App().Server().KeepHijackedConns = true })
	sum := sha1.Sum([]byte(key + acceptGUID))
	response := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: " +
		"Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n"
	// fasthttp does not call the hijack handler if the client disconnects before, and does not report it.
	lost := time.AfterFunc(s.options.UpgradeTimeout, abandon)
	ctx := c.Context()
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(hijacked net.Conn) {
		conn, early := takeOver(hijacked)
		if !lost.Stop() {
			conn.Close()
			return
		}
		if !s.enter() {
			conn.Close()
			abandon()
			return
		}
		defer s.running.Done()
		if !s.respond(conn, response) {
			conn.Close()
			abandon()
			return
		}
		w := newWebSocket(s, conn)
		if !start(w) {
			conn.Close()
			return
		}
		go w.serve(early)
	})
	return nil
}

// respond writes the answer to the handshake. It returns false if it cannot.
func (s *Server) respond(conn net.Conn, response string) bool {
	conn.SetWriteDeadline(time.Now().Add(s.options.WriteTimeout))
	defer conn.SetWriteDeadline(noDeadline)
	_, err := conn.Write([]byte(response))
	return err == nil
}

// takeOver returns the connection beneath fasthttp's, and the bytes in fasthttp's read buffer: a client may send frames
// before it has read the answer to its handshake. Connections other than kernel sockets keep fasthttp's buffer.
func takeOver(hijacked net.Conn) (conn net.Conn, early []byte) {
	unsafe, ok := hijacked.(interface{ UnsafeConn() net.Conn })
	if !ok {
		return hijacked, nil
	}
	socket, ok := unsafe.UnsafeConn().(kernelSocket)
	if !ok {
		return hijacked, nil
	}
	socket.SetReadDeadline(aLongTimeAgo) // Read returns what is buffered, and fails where it would ask the kernel
	defer socket.SetReadDeadline(noDeadline)
	var buffer [512]byte
	for {
		n, err := hijacked.Read(buffer[:])
		early = append(early, buffer[:n]...)
		if err != nil {
			return socket, early
		}
	}
}

// openWebSocket opens a connection that begins as a WebSocket.
func (s *Server) openWebSocket(c *fiber.Ctx, request any, key string, release func()) error {
	start := func(w *webSocket) bool { return s.newConn(request, w, release) != nil }
	return s.hijack(c, key, start, func() { callIfAny(release) })
}
