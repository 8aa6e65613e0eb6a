//go:build unix

package engine

import (
	"cmp"
	"net"
	"syscall"
)

// pollable reports whether a goroutine can wait for a socket without a buffer.
const pollable = true

// readOnce reads and handles what the kernel has. It returns false when there is no more, which makes the runtime's
// poller wait; no buffer is in use then. One call of RawConn.Read lasts as long as the connection, because only within
// one call the poller notices data that arrived between the last read and the wait.
func (w *webSocket) readOnce(fd uintptr) (over bool) {
	for {
		more, goOn := w.receive(fd)
		if !more || !goOn {
			return !goOn
		}
	}
}

// receive reads once, and handles it. more reports that more bytes may be waiting, goOn that the connection goes on.
func (w *webSocket) receive(fd uintptr) (more, goOn bool) {
	buffer := readBuffers.Get().(*readBuffer)
	defer readBuffers.Put(buffer)
	n, err := ignoringInterrupts(func() (n int, err error) {
		n, more, err = buffer.read(fd)
		return n, err
	})
	if n > 0 {
		return more, w.handle(buffer.bytes[:n])
	}
	return false, err == syscall.EAGAIN
}

// writeOnce writes as much of w.output as the kernel takes, and sets w.written to the number of bytes, or to -1 on
// failure. It never waits.
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

// writeFrames writes all frames. It waits for a slow client until the deadline of the connection. It uses the file
// descriptor, because net.Buffers would write frame by frame to a connection that a listener has wrapped.
func (w *webSocket) writeFrames(frames net.Buffers) error {
	if w.raw == nil {
		_, err := frames.WriteTo(w.conn)
		return err
	}
	var failure error
	err := w.raw.Write(func(fd uintptr) bool {
		for len(frames) > 0 {
			n, err := ignoringInterrupts(func() (int, error) { return writeVector(fd, frames) })
			if err != nil {
				failure = err
				return err != syscall.EAGAIN
			}
			frames = cutBytes(frames, n)
		}
		failure = nil
		return true
	})
	return cmp.Or(err, failure)
}

// cutBytes removes the first n bytes of frames.
func cutBytes(frames net.Buffers, n int) net.Buffers {
	for len(frames) > 0 && n >= len(frames[0]) {
		n -= len(frames[0])
		frames = frames[1:]
	}
	if n > 0 {
		frames[0] = frames[0][n:]
	}
	return frames
}

// closeWrite closes the server's half of the connection. It returns false if that is not possible.
func (w *webSocket) closeWrite() bool {
	if w.raw == nil {
		half, ok := w.conn.(interface{ CloseWrite() error })
		return ok && half.CloseWrite() == nil
	}
	var failure error
	err := w.raw.Control(func(fd uintptr) { failure = syscall.Shutdown(int(fd), syscall.SHUT_WR) })
	return err == nil && failure == nil
}

func ignoringInterrupts(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); err != syscall.EINTR {
			return n, err
		}
	}
}

// watch closes gone when the client of a waiting request disconnects. stop ends it, and returns when the connection is
// not in use any more.
func watch(conn net.Conn) (gone <-chan struct{}, stop func()) {
	socket, ok := conn.(kernelSocket)
	if !ok {
		return nil, func() {}
	}
	raw, err := socket.SyscallConn()
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
			if n <= 0 { // else it is the next request
				close(left)
			}
			return true
		})
	}()
	return left, func() {
		socket.SetReadDeadline(aLongTimeAgo)
		<-done
		socket.SetReadDeadline(noDeadline)
	}
}
