package engine

import (
	"syscall"
	"unsafe"
)

// inquiry is what recvmsg needs to say, with the option TCP_INQ (tcp(7), Linux 4.18), how much it has left unread. To
// find that out by a second read costs a system call a message. After the client's FIN it says 1, so the end is not
// missed.
type inquiry struct {
	header  syscall.Msghdr
	vector  syscall.Iovec
	control [64]byte
}

const tcpInq = 36 // TCP_INQ, and TCP_CM_INQ, of linux/tcp.h

// enableTCPInq makes receive learn what is left. Where the kernel refuses, receive learns nothing and reads again.
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

// left is what the kernel says is unread, or -1 when it does not say.
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
