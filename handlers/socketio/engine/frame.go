package engine

import (
	"bytes"
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

// frameError is a client's violation of the WebSocket protocol, with the close code for it.
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

// parseHeader parses the header at the start of b. It returns false if b is too short.
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

// headerSize returns the length of the header that appendHeader appends.
func headerSize(size int) int {
	switch {
	case size < 126:
		return 2
	case size <= 0xffff:
		return 4
	}
	return 10
}

// appendHeader appends the header of a frame from the server: not fragmented and not masked.
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

// controlFrame returns a control frame. The payload may have 125 bytes at most.
func controlFrame(opcode byte, payload []byte) *Packet {
	frame := appendHeader(nil, opcode, len(payload))
	return newPacket(append(frame, payload...), len(frame))
}

func closeFrame(code int) *Packet {
	return controlFrame(opClose, binary.BigEndian.AppendUint16(nil, uint16(code)))
}

// frameDecoder decodes WebSocket messages and control frames from a client. It has no buffer between messages, so that
// an idle connection costs none. Of a long message it keeps only the beginning.
type frameDecoder struct {
	limit   int    // the longest message
	keep    int    // the longest message that is kept; of a longer one it keeps a byte more
	buffer  []byte // received bytes that are not decoded
	used    int    // decoded bytes before buffer, in the same allocation
	wanted  int    // length of the buffer with the whole first frame
	message []byte // the fragments so far of a message
	size    uint64 // the size of the fragments, including what was not kept
	opcode  byte   // of the fragmented message; 0: there is none

	skip  uint64 // bytes of the current frame to drop
	final bool   // the current frame is the last of its message
}

// held returns the memory that an unfinished message takes.
func (d *frameDecoder) held() int { return cap(d.buffer) + cap(d.message) }

// feed adds received bytes, which it copies.
func (d *frameDecoder) feed(chunk []byte) {
	if len(d.buffer) == 0 {
		d.buffer = bytes.Clone(chunk)
		return
	}
	if need := len(d.buffer) + len(chunk); need > cap(d.buffer) {
		// Growing makes garbage, so grow in a few steps. But do not allocate what the client has only announced.
		d.buffer = append(make([]byte, 0, max(need, min(4*need, d.wanted))), d.buffer...)
		d.used = 0
	}
	d.buffer = append(d.buffer, chunk...)
}

// next returns the next complete message or control frame. It returns false if it needs more bytes. The caller may keep
// the payload. The error is a *frameError; do not use the decoder after it.
func (d *frameDecoder) next() (opcode byte, payload []byte, ok bool, err error) {
	for {
		if opcode, message, whole := d.skipped(); whole {
			return opcode, message, true, nil
		}
		h, ok := parseHeader(d.buffer)
		if !ok || d.skip > 0 {
			d.compact()
			return 0, nil, false, nil
		}
		if err := d.check(h); err != nil {
			return 0, nil, false, err
		}
		size := d.kept(h)
		if len(d.buffer)-h.length < size {
			d.wanted = h.length + size
			d.compact()
			return 0, nil, false, nil
		}
		payload := d.consume(h.length, size)
		unmask(payload, h.mask)
		if h.opcode >= opClose {
			return h.opcode, payload, true, nil
		}
		if opcode, message, whole := d.assemble(h, payload); whole {
			if opcode == opText && len(message) <= d.keep && !utf8.Valid(message) {
				return 0, nil, false, &frameError{closeInvalidText, "text is not UTF-8"}
			}
			return opcode, message, true, nil
		}
	}
}

// kept returns how many bytes of a frame's payload to keep.
func (d *frameDecoder) kept(h header) int {
	if h.opcode >= opClose {
		return int(h.size)
	}
	return int(min(h.size, uint64(d.keep+1-len(d.message))))
}

// skipped drops bytes that are not kept. At the end of the message it returns what was kept: more than keep bytes,
// which shows that the message is cut off.
func (d *frameDecoder) skipped() (opcode byte, message []byte, whole bool) {
	if d.skip == 0 {
		return 0, nil, false
	}
	n := min(d.skip, uint64(len(d.buffer)))
	d.consume(0, int(n))
	if d.skip -= n; d.skip > 0 || !d.final {
		return 0, nil, false
	}
	return d.end()
}

// check refuses a frame by its header, before it buffers the payload.
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
	case h.size > uint64(d.limit)-d.size:
		return &frameError{closeTooBig, "message too long"}
	}
	return nil
}

// consume removes a header and a payload from the buffer, and returns the payload.
func (d *frameDecoder) consume(header, size int) []byte {
	end := header + size
	payload := d.buffer[header:end:end]
	d.used += end
	if d.buffer = d.buffer[end:]; len(d.buffer) == 0 {
		d.buffer, d.used = nil, 0
	}
	return payload
}

// compact frees the memory of decoded bytes. The rest of the next frame may take a long time to arrive.
func (d *frameDecoder) compact() {
	if d.used > len(readBuffer{}.bytes) {
		d.buffer, d.used = bytes.Clone(d.buffer), 0
	}
}

// assemble joins fragments. It does not copy a message of one frame.
func (d *frameDecoder) assemble(h header, payload []byte) (opcode byte, message []byte, whole bool) {
	cut := uint64(len(payload)) < h.size
	if h.fin && d.opcode == 0 && !cut {
		return h.opcode, payload, true
	}
	if d.opcode == 0 {
		d.opcode = h.opcode
	}
	d.message = append(d.message, payload...)
	d.size += h.size
	if cut {
		d.skip, d.final = h.size-uint64(len(payload)), h.fin
		return 0, nil, false
	}
	if !h.fin {
		return 0, nil, false
	}
	return d.end()
}

// end returns the message whose last fragment has arrived.
func (d *frameDecoder) end() (opcode byte, message []byte, whole bool) {
	opcode, message = d.opcode, d.message
	d.opcode, d.message = 0, nil
	d.size = 0
	return opcode, message, true
}

// unmask removes a client's masking in place, eight bytes at a time.
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
