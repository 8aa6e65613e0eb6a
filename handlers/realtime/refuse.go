package realtime

import (
	"errors"
	"time"

	"parley/handlers/protocol"
	"parley/handlers/socketio"
	"parley/services"
)

// refuse answers an event that exceeds a limit of the server's sockets, see socketio.Options.
func (s *Server) refuse(socket *socketio.Socket, e *socketio.Event, limit error) {
	c := clientOf(socket)
	var err error = services.Refuse(services.Invalid, "An event has one object as its payload.")
	switch {
	case errors.Is(limit, socketio.ErrPacketTooLarge):
		err = services.Refuse(services.TooLarge, "The event is too large. Send at most 64 KiB.")
	case errors.Is(limit, socketio.ErrTooManyAttachments):
		err = services.Refuse(services.Invalid, "Events cannot contain binary data.")
	}
	if s.limitEndUsers && c.agent == nil {
		if tooMany := c.allow(time.Now()); tooMany != nil {
			err = tooMany
		}
	}
	reply{socket, e}.send(nil, err)
}

// connectError refuses a connection. The client reads from its data whether it is worth another attempt.
func connectError(err error) error {
	refusal := services.AsError(err)
	return &socketio.ConnectError{
		Message: refusal.Message,
		Data: protocol.ConnectRefusal{
			Error:        string(refusal.Kind),
			RetryAfterMS: refusal.RetryAfter.Milliseconds(),
		},
	}
}
