//go:build !unix

package engine

import (
	"net"
	"syscall"
)

// pollable reports whether a goroutine can wait for a socket without a buffer. Here it cannot.
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

// watch does nothing here. The heartbeat notices that a client has disconnected.
func watch(net.Conn) (gone <-chan struct{}, stop func()) { return nil, func() {} }
