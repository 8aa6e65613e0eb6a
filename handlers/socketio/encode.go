package socketio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"

	"parley/handlers/socketio/engine"
)

// The packet types of Socket.IO 5.
const (
	typeConnect      = '0'
	typeDisconnect   = '1'
	typeEvent        = '2'
	typeAck          = '3'
	typeConnectError = '4'
	typeBinaryEvent  = '5'
	typeBinaryAck    = '6'
)

// Binary is an argument of Emit, EmitWithAck or Ack that is sent as a binary attachment. It must be an argument by
// itself, not part of another.
type Binary []byte

// message is an outbound packet with its attachments. It is encoded once for any number of connections.
type message struct {
	packet      *engine.Packet
	attachments []*engine.Packet
}

// sendTo sends the message to a connection. A volatile message is dropped if the connection lags behind. It returns
// false if the connection is closed.
func (m message) sendTo(c *engine.Conn, volatile bool) bool {
	switch {
	case len(m.attachments) > 0:
		packets := append([]*engine.Packet{m.packet}, m.attachments...)
		if volatile {
			return c.SendVolatile(packets...)
		}
		return c.Send(packets...)
	case volatile:
		return c.SendVolatile(m.packet)
	}
	return c.Send(m.packet)
}

// encoder encodes one packet. A pool keeps encoders for their buffers.
type encoder struct {
	bytes.Buffer
	json *json.Encoder
}

var encoders = sync.Pool{New: func() any {
	e := &encoder{}
	e.json = json.NewEncoder(&e.Buffer)
	e.json.SetEscapeHTML(false)
	return e
}}

// pooledBytes is the largest buffer that the pool keeps.
const pooledBytes = 64 << 10

func newEncoder() *encoder {
	e := encoders.Get().(*encoder)
	e.Reset()
	return e
}

func (e *encoder) release() {
	if e.Cap() <= pooledBytes {
		encoders.Put(e)
	}
}

// noID marks a packet without an acknowledgement id.
const noID = -1

// encodeEvent encodes an event. An id other than noID asks for an acknowledgement. The error is one of encoding/json.
func encodeEvent(n *Namespace, id int64, event string, args []any) (message, error) {
	e := newEncoder()
	defer e.release()
	attachments := e.head(typeEvent, typeBinaryEvent, n, id, args)
	e.WriteByte('[')
	if err := e.name(event); err != nil {
		return message{}, err
	}
	return e.finish(args, attachments, true)
}

// encodeAck encodes an acknowledgement.
func encodeAck(n *Namespace, id int64, args []any) (message, error) {
	e := newEncoder()
	defer e.release()
	attachments := e.head(typeAck, typeBinaryAck, n, id, args)
	e.WriteByte('[')
	return e.finish(args, attachments, false)
}

// encodeControl encodes a CONNECT, DISCONNECT or CONNECT_ERROR packet.
func encodeControl(kind byte, namespace string, payload []byte) *engine.Packet {
	text := append([]byte{kind}, namespacePrefix(namespace)...)
	return engine.Text(append(text, payload...))
}

// namespacePrefix returns how a packet names a namespace.
func namespacePrefix(namespace string) string {
	if namespace == "/" {
		return ""
	}
	return namespace + ","
}

// head writes what precedes the arguments, and returns the number of attachments.
func (e *encoder) head(kind, binaryKind byte, n *Namespace, id int64, args []any) (attachments int) {
	for _, arg := range args {
		if _, ok := arg.(Binary); ok {
			attachments++
		}
	}
	if attachments == 0 {
		e.WriteByte(kind)
	} else {
		e.WriteByte(binaryKind)
		e.Write(strconv.AppendInt(e.AvailableBuffer(), int64(attachments), 10))
		e.WriteByte('-')
	}
	e.WriteString(n.prefix)
	if id != noID {
		e.Write(strconv.AppendInt(e.AvailableBuffer(), id, 10))
	}
	return attachments
}

// finish writes the arguments and returns the packets.
func (e *encoder) finish(args []any, attachments int, comma bool) (m message, err error) {
	if attachments > 0 {
		m.attachments = make([]*engine.Packet, 0, attachments)
	}
	for i, arg := range args {
		if comma || i > 0 {
			e.WriteByte(',')
		}
		if binary, ok := arg.(Binary); ok {
			fmt.Fprintf(e, `{"_placeholder":true,"num":%d}`, len(m.attachments))
			m.attachments = append(m.attachments, engine.Binary(binary))
		} else if err := e.value(arg); err != nil {
			return message{}, err
		}
	}
	e.WriteByte(']')
	m.packet = engine.Text(e.Bytes())
	return m, nil
}

// name writes an event's name. Most names need no escaping.
func (e *encoder) name(event string) error {
	for i := range len(event) {
		if c := event[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return e.value(event)
		}
	}
	e.WriteByte('"')
	e.WriteString(event)
	e.WriteByte('"')
	return nil
}

// value writes one argument. Raw JSON is not checked.
func (e *encoder) value(v any) error {
	if raw, ok := v.(json.RawMessage); ok {
		if len(raw) == 0 {
			raw = json.RawMessage("null")
		}
		e.Write(raw)
		return nil
	}
	if err := e.json.Encode(v); err != nil {
		return fmt.Errorf("socketio: encode an argument: %w", err)
	}
	e.Truncate(e.Len() - 1) // the newline that json.Encoder adds
	return nil
}
