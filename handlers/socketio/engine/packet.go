package engine

import (
	"bytes"
	"encoding/base64"
	"errors"
	"sync/atomic"
)

// The packet types of Engine.IO 4: the first character of every text packet.
const (
	typeOpen    = '0'
	typeClose   = '1'
	typePing    = '2'
	typePong    = '3'
	typeMessage = '4'
	typeUpgrade = '5'
	typeNoop    = '6'
	typeBinary  = 'b' // long-polling only: a binary message in base64
)

// separator separates the packets in the body of a long-polling request.
const separator = '\x1e'

// ErrPacket reports that bytes from a client or another node are not an Engine.IO packet.
var ErrPacket = errors.New("engine: malformed packet")

// Packet is an outbound packet. It is encoded once, as a WebSocket frame, and then never changes, so that all
// connections of a Server can share it. Long-polling sends a text packet as the same frame without the header.
type Packet struct {
	frame  []byte
	queues atomic.Int32 // number of queues with the packet; its bytes count once in the budget
	head   uint8        // length of the frame's header
}

// Text returns a packet with a copy of a text message. The text must be UTF-8 without the character U+001E.
func Text(message []byte) *Packet {
	frame := appendHeader(make([]byte, 0, headerSize(len(message)+1)+len(message)+1), opText, len(message)+1)
	head := len(frame)
	frame = append(frame, typeMessage)
	return newPacket(append(frame, message...), head)
}

// Binary returns a packet with a copy of a binary message.
func Binary(message []byte) *Packet {
	frame := appendHeader(make([]byte, 0, headerSize(len(message))+len(message)), opBinary, len(message))
	head := len(frame)
	return newPacket(append(frame, message...), head)
}

// textPacket returns a packet with text that begins with the type of the packet.
func textPacket(text []byte) *Packet {
	frame := appendHeader(nil, opText, len(text))
	head := len(frame)
	return newPacket(append(frame, text...), head)
}

func newPacket(frame []byte, head int) *Packet { return &Packet{frame: frame, head: uint8(head)} }

// Frame returns the packet as a WebSocket frame, for ParsePackets. The bytes must not be changed.
func (p *Packet) Frame() []byte { return p.frame }

// ParsePackets parses a sequence of packets as Frame returned them, and shares their bytes. It is for messages between
// nodes, which trust each other. It returns ErrPacket for anything else.
func ParsePackets(frames []byte) ([]*Packet, error) {
	var packets []*Packet
	for len(frames) > 0 {
		h, ok := parseHeader(frames)
		if !ok || h.masked || !h.fin || (h.opcode != opText && h.opcode != opBinary) ||
			h.size > uint64(len(frames)-h.length) {
			return nil, ErrPacket
		}
		end := h.length + int(h.size)
		packets = append(packets, newPacket(frames[:end:end], h.length))
		frames = frames[end:]
	}
	return packets, nil
}

// payload returns the frame without its header.
func (p *Packet) payload() []byte { return p.frame[p.head:] }

// pollingSize returns an upper bound of what appendPolling appends.
func (p *Packet) pollingSize() int {
	if p.binary() {
		return 1 + base64.StdEncoding.EncodedLen(len(p.payload()))
	}
	return len(p.payload())
}

func (p *Packet) binary() bool { return p.frame[0]&0x0f == opBinary }

// appendPolling appends the packet as long-polling sends it.
func (p *Packet) appendPolling(body []byte) []byte {
	if p.binary() {
		return base64.StdEncoding.AppendEncode(append(body, typeBinary), p.payload())
	}
	return append(body, p.payload()...)
}

// eachPacket calls do for each packet of a long-polling body, without copying, until the first error.
func eachPacket(body []byte, do func(packet []byte) error) error {
	for {
		packet, rest, more := bytes.Cut(body, []byte{separator})
		if err := do(packet); err != nil || !more {
			return err
		}
		body = rest
	}
}

// decodeBase64 decodes a binary message in a long-polling body.
func decodeBase64(text []byte) ([]byte, error) {
	message, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return nil, ErrPacket
	}
	return message, nil
}
