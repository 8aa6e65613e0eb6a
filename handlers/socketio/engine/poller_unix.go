//go:build unix

package engine

import (
	"bytes"
	"io"
	"net"
	"syscall"
)

// pollable says that sockets can be waited for without a buffer here.
const pollable = true

// readOnce reads what the kernel has. False, when that is nothing, makes the runtime's poller wait: the buffer has gone
// back by then.
func (w *webSocket) readOnce(fd uintptr) bool {
	buffer := readBuffers.Get().(*readBuffer)
	defer readBuffers.Put(buffer)
	n, err := ignoringInterrupts(func() (int, error) { return syscall.Read(int(fd), buffer[:]) })
	switch {
	case err == syscall.EAGAIN:
		return false
	case n > 0:
		w.chunk, w.readErr = bytes.Clone(buffer[:n]), nil
	case err == nil:
		w.readErr = io.EOF
	default:
		w.readErr = err
	}
	return true
}

// writeOnce writes as much of w.output as the kernel takes, and sets w.written to it, or to -1 on failure. It never
// makes the poller wait.
func (w *webSocket) writeOnce(fd uintptr) bool {
	n, err := ignoringInterrupts(func() (int, error) { return syscall.Write(int(fd), w.output) })
	switch {
	case err == syscall.EAGAIN:
		w.written = 0
	case err != nil:
		w.written = -1
	default:
		w.written = n
	}
	return true
}

func ignoringInterrupts(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); err != syscall.EINTR {
			return n, err
		}
	}
}

// watch tells when the client of a parked request hangs up. The function stop ends the watch, and returns when nobody
// uses the connection any more.
func watch(conn net.Conn) (gone <-chan struct{}, stop func()) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil, func() {}
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, func() {}
	}
	left, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		raw.Read(func(fd uintptr) bool {
			var b [1]byte
			n, err := ignoringInterrupts(func() (int, error) {
				n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
				return n, err
			})
			if err == syscall.EAGAIN {
				return false
			}
			if n <= 0 { // else the next request has come early, and waits
				close(left)
			}
			return true
		})
	}()
	return left, func() {
		tcp.SetReadDeadline(aLongTimeAgo)
		<-done
		tcp.SetReadDeadline(noDeadline)
	}
}
