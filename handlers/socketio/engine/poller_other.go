//go:build !unix

package engine

import (
	"net"
	"syscall"
)

// pollable says that sockets cannot be waited for without a buffer here: they are read as TLS is.
const pollable = false

func (w *webSocket) readOnce(uintptr) bool  { panic("engine: not pollable") }
func (w *webSocket) writeOnce(uintptr) bool { panic("engine: not pollable") }

func (w *webSocket) writeFrames(frames net.Buffers) error {
	_, err := frames.WriteTo(w.conn)
	return err
}

func (w *webSocket) closeWrite() bool {
	half, ok := w.conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

type inquiry struct{}

func enableTCPInq(syscall.RawConn) {}

// watch sees nothing; a client that hangs up is found by its heartbeat.
func watch(net.Conn) (gone <-chan struct{}, stop func()) { return nil, func() {} }
