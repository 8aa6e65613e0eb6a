package socketio

import (
	"encoding/json"
	"errors"
)

var (
	// ErrDisconnected is returned for a socket that is no longer connected.
	ErrDisconnected = errors.New("socketio: socket is disconnected")
	// ErrTooManyRooms is returned by Join beyond Options.MaxRooms.
	ErrTooManyRooms = errors.New("socketio: socket is in too many rooms")

	// ErrPacketTooLarge is passed to OnRefuse for an event beyond Options.MaxPacket.
	ErrPacketTooLarge = errors.New("socketio: packet is too large")
	// ErrTooManyArguments is passed to OnRefuse for an event beyond Options.MaxArguments.
	ErrTooManyArguments = errors.New("socketio: event has too many arguments")
	// ErrTooManyAttachments is passed to OnRefuse for an event beyond Options.MaxAttachments.
	ErrTooManyAttachments = errors.New("socketio: event has too many attachments")

	errPacket       = errors.New("socketio: malformed packet")
	errAuthTooLarge = &ConnectError{Message: "Auth payload too large"}
)

// Reasons of a disconnection, for OnDisconnect. The other reasons are in package engine.
const (
	ReasonClientDisconnect = "client namespace disconnect"
	ReasonServerDisconnect = "server namespace disconnect"
)

// ConnectError is an error that a middleware returns to send data with the message. The client's connect_error event
// gets both.
type ConnectError struct {
	Message string
	Data    any // anything that encoding/json takes
}

func (e *ConnectError) Error() string { return e.Message }

// connectErrorPayload encodes a middleware's error for the client.
func connectErrorPayload(err error) json.RawMessage {
	payload := struct {
		Message string `json:"message"`
		Data    any    `json:"data,omitempty"`
	}{Message: err.Error()}
	var connect *ConnectError
	if errors.As(err, &connect) {
		payload.Data = connect.Data
	}
	text, err := json.Marshal(payload)
	if err != nil {
		payload.Data = nil
		text, _ = json.Marshal(payload)
	}
	return text
}
