package socketio

import (
	"bytes"
	"encoding/json"
)

// packet is an inbound packet. Its data is valid JSON, and a slice of what was received.
type packet struct {
	kind        byte
	namespace   string
	id          int64 // noID: none
	attachments int64 // number of binary messages that follow
	data        []byte
	args        []json.RawMessage // of an event (the name included) or an acknowledgement
}

const (
	// maxNumber is the largest number in a packet. The ids of acknowledgements are such numbers, chosen by the client.
	maxNumber = 1<<53 - 1
	// maxDigits is the length of maxNumber. It also bounds leading zeros.
	maxDigits = 16
	// maxNamespaceName is the longest name of a namespace in a packet. The refusal of a namespace repeats its name.
	maxNamespaceName = 64
)

// decodePacket decodes a text message, or the beginning of one that was cut. The error is errPacket, or names a limit
// that the packet exceeds; its data is not decoded then.
func (o *Options) decodePacket(text []byte, cut bool) (packet, error) {
	p, err := decodeHead(text)
	switch {
	case err != nil:
		return p, err
	case cut || len(text) > o.MaxPacket:
		return p, ErrPacketTooLarge
	case p.attachments > int64(o.MaxAttachments):
		return p, ErrTooManyAttachments
	case p.kind == typeConnect && len(p.data) > o.MaxAuth:
		return p, errAuthTooLarge
	}
	return p, p.checkData(o.MaxArguments)
}

// decodeHead decodes what precedes the data. It costs the same for data of any length.
func decodeHead(text []byte) (packet, error) {
	p := packet{namespace: "/", id: noID}
	if len(text) == 0 || text[0] < typeConnect || text[0] > typeBinaryAck {
		return p, errPacket
	}
	p.kind, text = text[0], text[1:]
	if p.binary() {
		n, rest, ok := cutNumber(text)
		if !ok || len(rest) == 0 || rest[0] != '-' {
			return p, errPacket
		}
		p.attachments, text = n, rest[1:]
	}
	if len(text) > 0 && text[0] == '/' {
		name, rest, _ := bytes.Cut(text, []byte{','})
		if len(name) > maxNamespaceName {
			return p, errPacket
		}
		p.namespace, text = string(name), rest
	}
	if n, rest, ok := cutNumber(text); ok {
		p.id, text = n, rest
	}
	p.data = text
	return p, nil
}

func (p *packet) binary() bool { return p.kind == typeBinaryEvent || p.kind == typeBinaryAck }

func (p *packet) event() bool { return p.kind == typeEvent || p.kind == typeBinaryEvent }

// cutNumber reads the decimal digits at the start of text.
func cutNumber(text []byte) (n int64, rest []byte, ok bool) {
	i := 0
	for ; i < len(text) && '0' <= text[i] && text[i] <= '9'; i++ {
		if n = n*10 + int64(text[i]-'0'); n > maxNumber || i == maxDigits {
			return 0, nil, false
		}
	}
	return n, text[i:], i > 0
}

// checkData checks the data against the packet's kind, and splits it into arguments where it has some. The error is
// errPacket or ErrTooManyArguments.
func (p *packet) checkData(maxArguments int) error {
	switch p.kind {
	case typeConnect:
		if len(p.data) > 0 && (p.data[0] != '{' || !json.Valid(p.data)) {
			return errPacket
		}
	case typeDisconnect:
		if len(p.data) > 0 {
			return errPacket
		}
	case typeEvent, typeBinaryEvent:
		if err := p.split(maxArguments + 1); err != nil { // the first is the name
			return err
		}
		if len(p.args) == 0 || !isEventName(p.args[0]) {
			return errPacket
		}
	case typeAck, typeBinaryAck:
		if p.id == noID {
			return errPacket
		}
		return p.split(maxArguments)
	default: // only servers send CONNECT_ERROR
		return errPacket
	}
	return nil
}

// split splits the data, an array, into its elements.
func (p *packet) split(limit int) error {
	if len(p.data) < 2 || p.data[0] != '[' || !json.Valid(p.data) {
		return errPacket
	}
	if p.args = splitArray(bytes.TrimSpace(p.data), limit); len(p.args) > limit {
		return ErrTooManyArguments
	}
	return nil
}

// splitArray splits a valid JSON array into its elements, without decoding them. It stops soon after limit elements: a
// client sends two bytes for an element, which takes 24 bytes here.
func splitArray(array []byte, limit int) []json.RawMessage {
	elements := make([]json.RawMessage, 0, 4)
	body := array[1 : len(array)-1]
	start, depth := 0, 0
	for i := 0; i < len(body) && len(elements) <= limit; i++ {
		switch body[i] {
		case '"':
			for i++; body[i] != '"'; i++ {
				if body[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',':
			if depth == 0 {
				elements = append(elements, element(body[start:i]))
				start = i + 1
			}
		}
	}
	if last := element(body[start:]); len(last) > 0 {
		elements = append(elements, last)
	}
	return elements
}

func element(b []byte) json.RawMessage { return json.RawMessage(bytes.TrimSpace(b)) }

// reservedEvents are names that clients must not use for events.
var reservedEvents = map[string]bool{
	"connect": true, "connect_error": true, "disconnect": true, "disconnecting": true,
	"newListener": true, "removeListener": true,
}

func isEventName(raw json.RawMessage) bool {
	switch c := raw[0]; {
	case c == '"':
		return !reservedEvents[string(raw[1:len(raw)-1])]
	default: // the protocol allows numbers
		return c == '-' || '0' <= c && c <= '9'
	}
}

// eventName returns the name as a string. It allocates only for names without a handler.
func eventName(raw json.RawMessage, known map[string]eventHandler) string {
	if raw[0] != '"' {
		return string(raw)
	}
	if bytes.IndexByte(raw, '\\') >= 0 {
		var name string
		_ = json.Unmarshal(raw, &name) // cannot fail: the packet is valid JSON
		return name
	}
	if h, ok := known[string(raw[1:len(raw)-1])]; ok {
		return h.name
	}
	return string(raw[1 : len(raw)-1])
}
