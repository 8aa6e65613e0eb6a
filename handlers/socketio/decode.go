package socketio

import (
	"bytes"
	"encoding/json"
)

// packet is an inbound packet. Its data is JSON that has been checked, and aliases the bytes it was decoded from.
type packet struct {
	kind        byte
	namespace   string
	id          int64 // noID: none
	attachments int64 // that follow
	data        []byte
	args        []json.RawMessage // of an event (the name included) or an acknowledgement
}

const (
	// maxNumber is the largest number in a packet. A client chooses the ids of its acknowledgements, and gets them
	// back.
	maxNumber = 1<<53 - 1
	// maxDigits is the length of maxNumber: zeros in front of a number are counted too.
	maxDigits = 16
	// maxNamespaceName is the longest name of a namespace that a client may send: it is sent back with a refusal.
	maxNamespaceName = 64
)

// decodePacket decodes a text message. The error is errPacket, or a limit that the packet exceeds: then only what
// precedes its data is decoded.
func (o *Options) decodePacket(text []byte) (packet, error) {
	p, err := decodeHead(text)
	switch {
	case err != nil:
		return p, err
	case len(text) > o.MaxPacket:
		return p, ErrPacketTooLarge
	case p.attachments > int64(o.MaxAttachments):
		return p, ErrTooManyAttachments
	case p.kind == typeConnect && len(p.data) > o.MaxAuth:
		return p, errAuthTooLarge
	}
	return p, p.checkData(o.MaxArguments)
}

// decodeHead decodes what precedes the data, whose length it never looks at.
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
		if err := p.split(maxArguments + 1); err != nil { // and the name
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
	default: // CONNECT_ERROR is for servers
		return errPacket
	}
	return nil
}

// split cuts the data, an array, into its elements.
func (p *packet) split(limit int) error {
	if len(p.data) < 2 || p.data[0] != '[' || !json.Valid(p.data) {
		return errPacket
	}
	if p.args = splitArray(bytes.TrimSpace(p.data), limit); len(p.args) > limit {
		return ErrTooManyArguments
	}
	return nil
}

// splitArray cuts a JSON array that is known to be valid into its elements, without decoding them. Of more than limit
// it returns one more than limit: each takes memory, and two bytes of the client suffice for one.
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

// reservedEvents are names that the Socket.IO libraries keep for themselves.
var reservedEvents = map[string]bool{
	"connect": true, "connect_error": true, "disconnect": true, "disconnecting": true,
	"newListener": true, "removeListener": true,
}

func isEventName(raw json.RawMessage) bool {
	switch c := raw[0]; {
	case c == '"':
		return !reservedEvents[string(raw[1:len(raw)-1])]
	default: // numbers are names too, by the protocol
		return c == '-' || '0' <= c && c <= '9'
	}
}

// eventName is the name as a string; it is only copied when the namespace does not know it.
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
