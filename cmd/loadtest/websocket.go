package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const dialTimeout = 20 * time.Second

// A websocket is a transport over one TCP connection. One goroutine may receive while others send.
type websocket struct {
	net.Conn
	r  *bufio.Reader
	in []byte // buffer of the last packet

	mu  sync.Mutex
	out []byte
}

// dialWebSocket opens a WebSocket to the node at base. It does not wait for the Engine.IO handshake.
func dialWebSocket(base string, header http.Header) (*websocket, error) {
	host := strings.TrimPrefix(base, "http://")
	c, err := net.DialTimeout("tcp", host, dialTimeout)
	if err != nil {
		return nil, err
	}
	return newWebSocket(c, host, header, dialTimeout)
}

// newWebSocket makes a WebSocket of a connection, which it closes if that fails.
func newWebSocket(c net.Conn, host string, header http.Header, patience time.Duration) (*websocket, error) {
	w := &websocket{Conn: c, r: bufio.NewReaderSize(c, 2048)}
	w.SetDeadline(time.Now().Add(patience))
	if err := w.upgrade(host, header); err != nil {
		c.Close()
		return nil, err
	}
	return w, w.SetDeadline(time.Time{})
}

func (w *websocket) upgrade(host string, header http.Header) error {
	request := "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: " + host +
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
		"AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	for name, values := range header {
		request += name + ": " + values[0] + "\r\n"
	}
	if _, err := io.WriteString(w, request+"\r\n"); err != nil {
		return err
	}
	status, err := w.r.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 101") {
		return fmt.Errorf("WebSocket refused: %s", strings.TrimSpace(status))
	}
	for line := status; line != "\r\n"; {
		if line, err = w.r.ReadString('\n'); err != nil {
			return err
		}
	}
	return nil
}

func (w *websocket) send(packet []byte) error {
	return w.write(opText, packet)
}

func (w *websocket) write(opcode byte, payload []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out = appendFrame(w.out[:0], opcode, payload)
	_, err := w.Write(w.out)
	return err
}

// receive returns the next packet, valid until the next call.
func (w *websocket) receive() ([]byte, error) {
	for {
		opcode, payload, err := readFrame(w.r, w.in)
		if err != nil {
			return nil, err
		}
		w.in = payload[:0]
		switch opcode {
		case opText:
			return payload, nil
		case opClose:
			return nil, io.EOF
		case opPing:
			if err := w.write(opPong, payload); err != nil {
				return nil, err
			}
		}
	}
}

// leave closes the connection as a browser does, with a close frame.
func (w *websocket) leave() error {
	w.SetWriteDeadline(time.Now().Add(time.Second))
	w.write(opClose, []byte{0x03, 0xe8}) // 1000: normal closure
	return w.Close()
}

// cut drops the connection as a broken network does: the server gets a reset.
func (w *websocket) cut() error {
	if tcp, isTCP := w.Conn.(*net.TCPConn); isTCP {
		tcp.SetLinger(0)
	}
	return w.Close()
}
