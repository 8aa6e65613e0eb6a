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

// Binary is an argument of Emit, EmitWithAck or Ack that is sent as an attachment instead of as JSON. It must be an
// argument of its own, not part of another.
type Binary []byte

// message is an outbound packet with its attachments, encoded once for any number of connections.
type message struct {
	packet      *engine.Packet
	attachments []*engine.Packet
}

// sendTo sends the message, unless it is volatile and the connection lags behind; false means that it is closed.
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

// encoder writes one packet; the pool keeps its buffer and its JSON encoder.
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

// pooledBytes is the largest buffer that goes back into the pool.
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

// noID stands for a packet without an acknowledgement id.
const noID = -1

// encodeEvent encodes an event; the id asks for an acknowledgement, unless it is noID. The error is that of
// encoding/json on one of the arguments.
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

// encodeControl encodes a packet of a connection: CONNECT, DISCONNECT or CONNECT_ERROR.
func encodeControl(kind byte, namespace string, payload []byte) *engine.Packet {
	text := append([]byte{kind}, namespacePrefix(namespace)...)
	return engine.Text(append(text, payload...))
}

// namespacePrefix is what stands for a namespace in a packet.
func namespacePrefix(namespace string) string {
	if namespace == "/" {
		return ""
	}
	return namespace + ","
}

// head writes all that precedes the arguments, and counts the attachments.
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

// finish writes the arguments and makes the packets.
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

// name writes an event's name; nearly all are JSON as they are.
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

// value writes one argument. Raw JSON is the caller's word, and spliced in as it is.
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
	e.Truncate(e.Len() - 1) // the encoder's newline
	return nil
}
