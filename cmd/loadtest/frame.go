package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The opcodes of RFC 6455 that a server of text packets may use.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xa
)

// largestFrame limits the memory that a broken length can make the client allocate. Packets have at most 64 KiB.
const largestFrame = 16 << 20

var errFragmented = errors.New("fragmented frame: a Socket.IO server should not send one")

// appendFrame appends payload as one final client frame. The mask is zero and leaves the payload unchanged: unmasking
// costs the server as much as ever, and masking costs the client nothing.
func appendFrame(dst []byte, opcode byte, payload []byte) []byte {
	const final, masked = 0x80, 0x80
	dst = append(dst, final|opcode)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, masked|byte(n))
	case n <= 0xffff:
		dst = append(dst, masked|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	default:
		dst = append(dst, masked|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	dst = append(dst, 0, 0, 0, 0)
	return append(dst, payload...)
}

// readFrame reads one server frame. It puts the payload into buf if buf is large enough.
func readFrame(r *bufio.Reader, buf []byte) (opcode byte, payload []byte, err error) {
	head, err := take(r, 2)
	if err != nil {
		return 0, nil, err
	}
	if head[0]&0x80 == 0 || head[0]&0x0f == 0 {
		return 0, nil, errFragmented
	}
	opcode = head[0] & 0x0f
	size := uint64(head[1] & 0x7f)
	switch size {
	case 126:
		if head, err = take(r, 2); err == nil {
			size = uint64(binary.BigEndian.Uint16(head))
		}
	case 127:
		if head, err = take(r, 8); err == nil {
			size = binary.BigEndian.Uint64(head)
		}
	}
	if err != nil {
		return 0, nil, err
	}
	if size > largestFrame {
		return 0, nil, fmt.Errorf("frame of %d bytes", size)
	}
	if uint64(cap(buf)) < size {
		buf = make([]byte, size)
	}
	payload = buf[:size]
	_, err = io.ReadFull(r, payload)
	return opcode, payload, err
}

// take returns the next n bytes without copying them. They are valid until the next read.
func take(r *bufio.Reader, n int) ([]byte, error) {
	b, err := r.Peek(n)
	if err != nil {
		return nil, err
	}
	_, err = r.Discard(n)
	return b, err
}
