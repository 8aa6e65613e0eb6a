package socketio

import (
	"encoding/json"
	"sync/atomic"
)

// Event is what a client emitted. It stays valid after its handler has returned; Args and Attachments are parts of the
// bytes that came from the network together, so clone what is kept for long.
type Event struct {
	Name        string
	Args        []json.RawMessage // valid JSON; a binary argument is a placeholder, see Binary
	Attachments [][]byte

	socket       *Socket
	id           int64
	acknowledged atomic.Bool
}

// HasAck tells whether the client waits for an acknowledgement.
func (e *Event) HasAck() bool { return e.id != noID }

// Ack acknowledges the event, once: it may be called at any time, from any goroutine, and does nothing the second time
// or when the client asked for no acknowledgement. It returns ErrDisconnected, or the error of encoding an argument.
func (e *Event) Ack(args ...any) error {
	if !e.HasAck() || e.acknowledged.Swap(true) {
		return nil
	}
	m, err := encodeAck(e.socket.namespace, e.id, args)
	if err != nil {
		return err
	}
	return e.socket.send(m)
}

// AckHeld is Ack, but the acknowledgement is written together with whatever its connection is sent next, or by
// Socket.Flush, which must follow.
func (e *Event) AckHeld(args ...any) error {
	if !e.HasAck() || e.acknowledged.Swap(true) {
		return nil
	}
	m, err := encodeAck(e.socket.namespace, e.id, args)
	if err != nil {
		return err
	}
	return e.socket.hold(m)
}

// Binary returns the attachment that argument i stands for; false when it stands for none.
func (e *Event) Binary(i int) ([]byte, bool) {
	if i < 0 || i >= len(e.Args) || len(e.Attachments) == 0 || e.Args[i][0] != '{' {
		return nil, false
	}
	var placeholder struct {
		Placeholder bool `json:"_placeholder"`
		Num         int  `json:"num"`
	}
	if err := json.Unmarshal(e.Args[i], &placeholder); err != nil || !placeholder.Placeholder {
		return nil, false
	}
	if placeholder.Num < 0 || placeholder.Num >= len(e.Attachments) {
		return nil, false
	}
	return e.Attachments[placeholder.Num], true
}
