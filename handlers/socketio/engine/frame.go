package engine

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// The opcodes of RFC 6455.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// The close codes of RFC 6455 that this package sends.
const (
	closeNormal      = 1000
	closeGoingAway   = 1001
	closeProtocol    = 1002
	closeInvalidText = 1007
	closeTooBig      = 1009
)

// frameError is a violation of the WebSocket protocol by a client, with the close code that answers it.
type frameError struct {
	code int
	text string
}

func (e *frameError) Error() string { return fmt.Sprintf("engine: websocket: %s (%d)", e.text, e.code) }

// header is a WebSocket frame's header.
type header struct {
	fin, masked bool
	reserved    byte
	opcode      byte
	size        uint64 // of the payload
	mask        [4]byte
	length      int // of the header itself
}

// parseHeader reads the header at the start of b; false means that b is too short.
func parseHeader(b []byte) (header, bool) {
	if len(b) < 2 {
		return header{}, false
	}
	h := header{
		fin:      b[0]&0x80 != 0,
		reserved: b[0] & 0x70,
		opcode:   b[0] & 0x0f,
		masked:   b[1]&0x80 != 0,
		size:     uint64(b[1] & 0x7f),
		length:   2,
	}
	switch h.size {
	case 126:
		h.length += 2
	case 127:
		h.length += 8
	}
	end := h.length
	if h.masked {
		h.length += 4
	}
	if len(b) < h.length {
		return header{}, false
	}
	switch h.size {
	case 126:
		h.size = uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		h.size = binary.BigEndian.Uint64(b[2:])
	}
	if h.masked {
		copy(h.mask[:], b[end:])
	}
	return h, true
}

// headerSize is the length of the header that appendHeader appends.
func headerSize(size int) int {
	switch {
	case size < 126:
		return 2
	case size <= 0xffff:
		return 4
	}
	return 10
}

// appendHeader appends the header of an unfragmented frame from the server, which is never masked.
func appendHeader(b []byte, opcode byte, size int) []byte {
	b = append(b, 0x80|opcode)
	switch headerSize(size) {
	case 2:
		return append(b, byte(size))
	case 4:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(size))
	}
	return binary.BigEndian.AppendUint64(append(b, 127), uint64(size))
}

// controlFrame makes a control frame; the payload must not be longer than 125 bytes.
func controlFrame(opcode byte, payload []byte) *Packet {
	frame := appendHeader(nil, opcode, len(payload))
	return &Packet{frame: append(frame, payload...), head: 2}
}

func closeFrame(code int) *Packet {
	return controlFrame(opClose, binary.BigEndian.AppendUint16(nil, uint16(code)))
}

// frameDecoder turns the bytes of a client into WebSocket messages and control frames. It keeps nothing between
// messages, so that a connection at rest costs no buffer.
type frameDecoder struct {
	limit   int    // of one message's size
	buffer  []byte // received, not consumed
	message []byte // the fragments of a message so far
	opcode  byte   // what the fragments are of; 0 when there are none
}

// feed hands over bytes, which from now on are the decoder's.
func (d *frameDecoder) feed(chunk []byte) {
	if len(d.buffer) == 0 {
		d.buffer = chunk
		return
	}
	d.buffer = append(d.buffer, chunk...)
}

// next returns the next whole message or control frame; false means that more bytes are needed. The payload is the
// caller's to keep. The error is a *frameError, after which the decoder must not be used.
func (d *frameDecoder) next() (opcode byte, payload []byte, ok bool, err error) {
	for {
		h, ok := parseHeader(d.buffer)
		if !ok {
			return 0, nil, false, nil
		}
		if err := d.check(h); err != nil {
			return 0, nil, false, err
		}
		if uint64(len(d.buffer)-h.length) < h.size {
			return 0, nil, false, nil
		}
		payload := d.consume(h)
		unmask(payload, h.mask)
		if h.opcode >= opClose {
			return h.opcode, payload, true, nil
		}
		if opcode, message, whole := d.assemble(h, payload); whole {
			if opcode == opText && !utf8.Valid(message) {
				return 0, nil, false, &frameError{closeInvalidText, "text is not UTF-8"}
			}
			return opcode, message, true, nil
		}
	}
}

// check refuses a frame by its header, before its payload has arrived: nobody makes us buffer what we would not take.
func (d *frameDecoder) check(h header) error {
	switch {
	case h.reserved != 0:
		return &frameError{closeProtocol, "reserved bit"}
	case !h.masked:
		return &frameError{closeProtocol, "frame without mask"}
	case h.opcode > opBinary && h.opcode < opClose || h.opcode > opPong:
		return &frameError{closeProtocol, "unknown opcode"}
	case h.opcode >= opClose && (!h.fin || h.size > 125):
		return &frameError{closeProtocol, "control frame in fragments or too long"}
	case h.opcode >= opClose:
		return nil
	case (h.opcode == opContinuation) != (d.opcode != 0):
		return &frameError{closeProtocol, "fragment out of place"}
	case h.size > uint64(d.limit-len(d.message)):
		return &frameError{closeTooBig, "message too long"}
	}
	return nil
}

// consume cuts the frame off the buffer and returns its payload.
func (d *frameDecoder) consume(h header) []byte {
	end := h.length + int(h.size)
	payload := d.buffer[h.length:end:end]
	if d.buffer = d.buffer[end:]; len(d.buffer) == 0 {
		d.buffer = nil
	}
	return payload
}

// assemble joins fragments; the common message of one frame passes as it is.
func (d *frameDecoder) assemble(h header, payload []byte) (opcode byte, message []byte, whole bool) {
	if h.fin && d.opcode == 0 {
		return h.opcode, payload, true
	}
	if d.opcode == 0 {
		d.opcode = h.opcode
	}
	d.message = append(d.message, payload...)
	if !h.fin {
		return 0, nil, false
	}
	opcode, message = d.opcode, d.message
	d.opcode, d.message = 0, nil
	return opcode, message, true
}

// unmask undoes a client's masking in place, eight bytes at a time.
func unmask(b []byte, mask [4]byte) {
	key := uint64(binary.LittleEndian.Uint32(mask[:]))
	if key == 0 {
		return
	}
	key |= key << 32
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^key)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= mask[i&3]
	}
}
