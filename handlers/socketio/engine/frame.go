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

// headerLength returns the length of a header by its second byte.
func headerLength(second byte) int {
	length := 2
	switch second & 0x7f {
	case 126:
		length += 2
	case 127:
		length += 8
	}
	if second&0x80 != 0 {
		length += 4
	}
	return length
}

// parseHeader parses the header at the start of b. It returns false if b is too short.
func parseHeader(b []byte) (header, bool) {
	if len(b) < 2 || len(b) < headerLength(b[1]) {
		return header{}, false
	}
	h := header{
		fin:      b[0]&0x80 != 0,
		reserved: b[0] & 0x70,
		opcode:   b[0] & 0x0f,
		masked:   b[1]&0x80 != 0,
		size:     uint64(b[1] & 0x7f),
		length:   headerLength(b[1]),
	}
	switch h.size {
	case 126:
		h.size = uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		h.size = binary.BigEndian.Uint64(b[2:])
	}
	if h.masked {
		copy(h.mask[:], b[h.length-len(h.mask):])
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
	frame := appendHeader(make([]byte, 0, headerSize(len(payload))+len(payload)), opcode, len(payload))
	return newPacket(append(frame, payload...), len(frame))
}

func closeFrame(code int) *Packet {
	return controlFrame(opClose, binary.BigEndian.AppendUint16(nil, uint16(code)))
}

// frameDecoder decodes WebSocket messages and control frames from a client. It has no buffer between messages, so that
// an idle connection costs none. Of a long message it keeps only the beginning.
type frameDecoder struct {
	limit  int32    // the longest message
	keep   int32    // the longest message that is kept; of a longer one it keeps the beginning
	chunk  []byte   // received bytes that are not decoded; they belong to the caller of feed
	buffer []byte   // the beginning of a frame, from earlier chunks
	part   *partial // nil between messages
}

// partial is the beginning of a message.
type partial struct {
	opcode byte
	kept   []byte
	size   uint64 // what has arrived, and the rest of the current frame

	skipping bool   // the rest of the current frame is dropped
	skip     uint64 // how many bytes of it are still to come
	final    bool   // the current frame is the last of its message
}

// beginning is how many bytes are kept of a message that is too long: enough to answer it.
const beginning = 1 << 10

// received is a message or control frame. A message that is cut was longer than frameDecoder.keep.
type received struct {
	opcode  byte
	payload []byte
	cut     bool
}

// held returns the memory that an unfinished message takes.
func (d *frameDecoder) held() int {
	if d.part == nil {
		return cap(d.buffer)
	}
	return cap(d.buffer) + cap(d.part.kept)
}

// feed adds received bytes. Until next has returned false they belong to the decoder, which may change them.
func (d *frameDecoder) feed(chunk []byte) { d.chunk = chunk }

// peek returns the next n received bytes. If fewer have arrived it keeps them and returns false.
func (d *frameDecoder) peek(n int) ([]byte, bool) {
	if len(d.buffer) == 0 && len(d.chunk) >= n {
		return d.chunk[:n], true
	}
	more := min(max(0, n-len(d.buffer)), len(d.chunk))
	if need := len(d.buffer) + more; need > cap(d.buffer) {
		// Growing makes garbage, so grow in a few steps. But do not allocate what the client has only announced.
		d.buffer = append(make([]byte, 0, max(need, min(4*need, n))), d.buffer...)
	}
	d.buffer = append(d.buffer, d.chunk[:more]...)
	d.chunk = d.chunk[more:]
	return d.buffer, len(d.buffer) >= n
}

// header parses the next header. It returns false if it has not arrived in whole.
func (d *frameDecoder) header() (header, bool) {
	b, ok := d.peek(2)
	if !ok {
		return header{}, false
	}
	if b, ok = d.peek(headerLength(b[1])); !ok {
		return header{}, false
	}
	return parseHeader(b)
}

// payload removes a frame whose payload has the given size, and returns its payload. It returns false if that has not
// arrived in whole. lent means that the payload belongs to the caller of feed.
func (d *frameDecoder) payload(h header, size int) (payload []byte, lent, ok bool) {
	end := h.length + size
	b, ok := d.peek(end)
	if !ok {
		return nil, false, false
	}
	if lent = len(d.buffer) == 0; lent {
		d.chunk = d.chunk[end:]
	} else {
		d.buffer = nil
	}
	payload = b[h.length:end:end]
	unmask(payload, h.mask)
	return payload, lent, true
}

// next returns the next complete message or control frame. ok is false if it needs more bytes. The caller may keep the
// payload of a message, and must copy that of a control frame. The error is a *frameError; do not use the decoder after
// it.
func (d *frameDecoder) next() (m received, ok bool, err error) {
	for {
		if d.part != nil && d.part.skipping {
			if !d.skipped() {
				return received{}, false, nil
			}
			if d.part.final {
				return d.end(), true, nil
			}
		}
		h, ok := d.header()
		if !ok {
			return received{}, false, nil
		}
		if err := d.check(h); err != nil {
			return received{}, false, err
		}
		payload, lent, ok := d.payload(h, d.kept(h))
		if !ok {
			return received{}, false, nil
		}
		if h.opcode >= opClose {
			return received{opcode: h.opcode, payload: payload}, true, nil
		}
		if m, whole := d.assemble(h, payload, lent); whole {
			if m.opcode == opText && !m.cut && !utf8.Valid(m.payload) {
				return received{}, false, &frameError{closeInvalidText, "text is not UTF-8"}
			}
			return m, true, nil
		}
	}
}

// tooLong reports whether the message with this frame is longer than what is kept of messages.
func (d *frameDecoder) tooLong(h header) bool { return d.arrived()+h.size > uint64(d.keep) }

// arrived returns the size of the current message's earlier frames.
func (d *frameDecoder) arrived() uint64 {
	if d.part == nil {
		return 0
	}
	return d.part.size
}

// kept returns how many bytes of a frame's payload to keep.
func (d *frameDecoder) kept(h header) int {
	if h.opcode >= opClose || !d.tooLong(h) {
		return int(h.size)
	}
	room := beginning
	if d.part != nil {
		room = max(0, beginning-len(d.part.kept))
	}
	return int(min(h.size, uint64(room)))
}

// skipped drops the rest of the current frame. It returns false if more of it is to come.
func (d *frameDecoder) skipped() bool {
	n := min(d.part.skip, uint64(len(d.chunk)))
	d.chunk = d.chunk[n:]
	d.part.skip -= n
	d.part.skipping = d.part.skip > 0
	return !d.part.skipping
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
	case (h.opcode == opContinuation) != (d.part != nil):
		return &frameError{closeProtocol, "fragment out of place"}
	case h.size > uint64(d.limit)-d.arrived():
		return &frameError{closeTooBig, "message too long"}
	}
	return nil
}

// assemble joins fragments. It copies a message of one frame only if its payload is lent.
func (d *frameDecoder) assemble(h header, payload []byte, lent bool) (m received, whole bool) {
	cut := d.tooLong(h)
	if h.fin && d.part == nil && !cut {
		if lent {
			payload = bytes.Clone(payload)
		}
		return received{opcode: h.opcode, payload: payload}, true
	}
	if d.part == nil {
		d.part = &partial{opcode: h.opcode}
	}
	p := d.part
	p.size += h.size
	if cut {
		p.kept = bytes.Clone(p.kept[:min(len(p.kept), beginning)])
		p.skip = h.size - uint64(len(payload))
		p.skipping, p.final = p.skip > 0, h.fin
	}
	p.kept = append(p.kept, payload...)
	if !h.fin || p.skipping {
		return received{}, false
	}
	return d.end(), true
}

// end returns the message whose last fragment has arrived.
func (d *frameDecoder) end() received {
	p := d.part
	d.part = nil
	return received{p.opcode, p.kept, p.size > uint64(d.keep)}
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
