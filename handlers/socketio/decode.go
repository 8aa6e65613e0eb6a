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
	attachments int   // that follow
	data        []byte
	args        []json.RawMessage // of an event (the name included) or an acknowledgement
}

// What a number in a packet may be at most; an acknowledgement id is chosen by the client, who gets it back as it was.
const maxNumber = 1<<53 - 1

// decodePacket decodes a text message. The error is errPacket.
func decodePacket(text []byte, maxAttachments int) (packet, error) {
	p := packet{namespace: "/", id: noID}
	if len(text) == 0 || text[0] < typeConnect || text[0] > typeBinaryAck {
		return p, errPacket
	}
	p.kind, text = text[0], text[1:]
	if p.binary() {
		n, rest, ok := cutNumber(text)
		if !ok || len(rest) == 0 || rest[0] != '-' || n > int64(maxAttachments) {
			return p, errPacket
		}
		p.attachments, text = int(n), rest[1:]
	}
	if len(text) > 0 && text[0] == '/' {
		var name []byte
		name, text, _ = bytes.Cut(text, []byte{','})
		p.namespace = string(name)
	}
	if n, rest, ok := cutNumber(text); ok {
		p.id, text = n, rest
	}
	p.data = text
	return p, p.checkData()
}

func (p *packet) binary() bool { return p.kind == typeBinaryEvent || p.kind == typeBinaryAck }

// cutNumber reads the decimal digits at the start of text.
func cutNumber(text []byte) (n int64, rest []byte, ok bool) {
	i := 0
	for ; i < len(text) && '0' <= text[i] && text[i] <= '9'; i++ {
		if n = n*10 + int64(text[i]-'0'); n > maxNumber {
			return 0, nil, false
		}
	}
	return n, text[i:], i > 0
}

// checkData checks the data against the packet's kind, and splits it into arguments where it has some.
func (p *packet) checkData() error {
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
		if !p.split() || len(p.args) == 0 || !isEventName(p.args[0]) {
			return errPacket
		}
	case typeAck, typeBinaryAck:
		if !p.split() || p.id == noID {
			return errPacket
		}
	default: // CONNECT_ERROR is for servers
		return errPacket
	}
	return nil
}

// split cuts the data, an array, into its elements.
func (p *packet) split() bool {
	if len(p.data) < 2 || p.data[0] != '[' || !json.Valid(p.data) {
		return false
	}
	p.args = splitArray(bytes.TrimSpace(p.data))
	return true
}

// splitArray cuts a JSON array that is known to be valid into its elements, without decoding them.
func splitArray(array []byte) []json.RawMessage {
	elements := make([]json.RawMessage, 0, 4)
	body := array[1 : len(array)-1]
	start, depth := 0, 0
	for i := 0; i < len(body); i++ {
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
		json.Unmarshal(raw, &name) // cannot fail: the packet is valid JSON
		return name
	}
	if h, ok := known[string(raw[1:len(raw)-1])]; ok {
		return h.name
	}
	return string(raw[1 : len(raw)-1])
}
