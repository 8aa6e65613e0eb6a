//go:build unix && !linux

package engine

import "syscall"

type inquiry struct{}

func enableTCPInq(syscall.RawConn) {}

// writeVector writes the first frame: package syscall has no vectored write.
func writeVector(fd uintptr, frames [][]byte) (int, error) { return syscall.Write(int(fd), frames[0]) }

// read does not know whether more bytes are waiting, so it always reports that.
func (b *readBuffer) read(fd uintptr) (n int, more bool, err error) {
	n, err = syscall.Read(int(fd), b.bytes[:])
	return n, true, err
}
