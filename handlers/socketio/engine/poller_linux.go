package engine

import (
	"syscall"
	"unsafe"
)

// inquiry is the buffers with which recvmsg reports how many bytes are waiting after a read (option TCP_INQ, Linux
// 4.18, see tcp(7)). Without it each message would cost a second read that finds nothing. After the client's FIN it
// reports 1, so the end of the stream is noticed.
type inquiry struct {
	header  syscall.Msghdr
	vector  syscall.Iovec
	control [64]byte
}

const tcpInq = 36 // TCP_INQ, and TCP_CM_INQ, of linux/tcp.h

// enableTCPInq sets the option TCP_INQ. Where the kernel does not know it, receive reads once more.
func enableTCPInq(raw syscall.RawConn) {
	raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpInq, 1) })
}

func (b *readBuffer) read(fd uintptr) (n int, more bool, err error) {
	b.vector = syscall.Iovec{Base: &b.bytes[0]}
	b.vector.SetLen(len(b.bytes))
	b.header = syscall.Msghdr{Iov: &b.vector, Iovlen: 1, Control: &b.control[0]}
	b.header.SetControllen(len(b.control))
	r, _, errno := syscall.Syscall(syscall.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&b.header)), 0)
	if errno != 0 {
		return 0, false, errno
	}
	return int(r), b.left() != 0, nil
}

// left returns how many bytes are waiting, or -1 if the kernel does not report it.
func (b *readBuffer) left() int32 {
	if int(b.header.Controllen) < syscall.CmsgLen(4) {
		return -1
	}
	message := (*syscall.Cmsghdr)(unsafe.Pointer(&b.control[0]))
	if message.Level != syscall.IPPROTO_TCP || message.Type != tcpInq {
		return -1
	}
	return *(*int32)(unsafe.Pointer(&b.control[syscall.CmsgLen(0)]))
}

// writeVector writes as much of frames as the kernel takes, in one system call.
func writeVector(fd uintptr, frames [][]byte) (int, error) {
	var vectors [batchPackets + 1]syscall.Iovec
	for i, frame := range frames {
		vectors[i] = syscall.Iovec{Base: &frame[0]}
		vectors[i].SetLen(len(frame))
	}
	n, _, errno := syscall.Syscall(syscall.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&vectors[0])), uintptr(len(frames)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
