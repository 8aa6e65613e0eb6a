//go:build unix && !linux

package engine

import "syscall"

type inquiry struct{}

func enableTCPInq(syscall.RawConn) {}

// writeVector writes the first frame: there is no vectored write in package syscall.
func writeVector(fd uintptr, frames [][]byte) (int, error) { return syscall.Write(int(fd), frames[0]) }

// read cannot say what is left, so there may always be more.
func (b *readBuffer) read(fd uintptr) (n int, more bool, err error) {
	n, err = syscall.Read(int(fd), b.bytes[:])
	return n, true, err
}
