package socketio

import (
	"encoding/json"
	"sync/atomic"
)

// Event is an event from a client. It stays valid after its handler has returned. Args and Attachments are slices of
// what was received, so clone what you keep for long.
type Event struct {
	Name        string
	Args        []json.RawMessage // valid JSON; for binary arguments see Binary
	Attachments [][]byte

	socket       *Socket
	id           int64
	acknowledged atomic.Bool
}

// HasAck reports whether the client asked for an acknowledgement.
func (e *Event) HasAck() bool { return e.id != noID }

// Ack acknowledges the event. It may be called at any time, from any goroutine. It does nothing the second time, or if
// the client asked for no acknowledgement. It returns ErrDisconnected, or an error of encoding/json.
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

// AckHeld is like Ack, but only queues the acknowledgement. It is sent together with the next packet to the connection,
// which saves a system call, or by Socket.Flush. Call Flush afterward in any case.
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

// Binary returns the attachment that argument i refers to. It returns false if the argument is not binary.
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
