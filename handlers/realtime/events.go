package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"parley/handlers/protocol"
	"parley/handlers/socketio"
	"parley/models"
	"parley/services"
)

const eventTimeout = 10 * time.Second

// reply answers an event.
type reply struct {
	socket *socketio.Socket
	event  *socketio.Event
}

// event is a row of the table: who may send it, and what answers it. An answer may come later, from another goroutine.
type event struct {
	guard  func(*client) error
	answer func(s *Server, c *client, payload json.RawMessage, reply reply)
}

// events is every event a client may send.
var events = map[string]event{
	protocol.SendMessageEvent:      {anyone, asynchronous(sendMessage)},
	protocol.ClaimEvent:            {agents, withDeadline(claimConversation)},
	protocol.JoinConversationEvent: {anyone, withDeadline(joinConversation)},
	protocol.LeaveEvent:            {anyone, synchronous(leaveConversation)},
	protocol.JoinQueueEvent:        {agents, synchronous(joinQueue)},
	protocol.JoinPresenceEvent:     {agents, withDeadline(joinPresence)},
	protocol.UserTypingEvent:       {anyone, synchronous(userTyping)},
	protocol.MarkReadEvent:         {anyone, withDeadline(markRead)},
	protocol.VisitEvent:            {anyone, withDeadline(visit)},
	protocol.ViewEvent:             {agents, synchronous(viewConversation)},
}

// agents lets in sockets with a web session. anyone lets in all: the event asks for the proof itself.
func agents(c *client) error {
	if c.agent == nil {
		return c.refuseAgentWork()
	}
	return nil
}

func anyone(*client) error { return nil }

func (s *Server) dispatch(socket *socketio.Socket, e *socketio.Event) {
	c := clientOf(socket)
	reply := reply{socket, e}
	row, known := events[e.Name]
	if !known {
		reply.send(nil, services.Refuse(services.Invalid, "There is no such event."))
		return
	}
	if err := s.admit(c, e, row); err != nil {
		reply.send(nil, err)
		return
	}
	var payload json.RawMessage
	if len(e.Args) > 0 {
		payload = e.Args[0]
	}
	row.answer(s, c, payload, reply)
}

// admit checks what holds for every event: limits and guard. Events that are too large never come here, see refuse.
func (s *Server) admit(c *client, e *socketio.Event, row event) error {
	if s.limitEndUsers && c.agent == nil && e.Name != protocol.SendMessageEvent {
		if err := c.allow(time.Now()); err != nil {
			return err
		}
	}
	return row.guard(c)
}

// synchronous makes a row of a function that answers from memory.
func synchronous[P any](
	do func(*Server, *client, P) (protocol.Ack, error)) func(*Server, *client, json.RawMessage, reply) {
	return asynchronous(func(s *Server, c *client, payload P, reply reply) {
		ack, err := do(s, c, payload)
		if err == nil && !reply.event.HasAck() {
			return
		}
		ack.OK = true
		reply.send(ack, err)
	})
}

// withDeadline makes a row of a function that asks the database or Redis, for which it gets a time limit.
func withDeadline[P any](do func(context.Context, *Server, *client, P) (protocol.Ack, error)) func(*Server, *client,
	json.RawMessage, reply) {
	return synchronous(func(s *Server, c *client, payload P) (protocol.Ack, error) {
		ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
		defer cancel()
		return do(ctx, s, c, payload)
	})
}

// asynchronous makes a row of a function that calls reply itself.
func asynchronous[P any](do func(*Server, *client, P, reply)) func(*Server, *client, json.RawMessage, reply) {
	return func(s *Server, c *client, raw json.RawMessage, reply reply) {
		var payload P
		if err := decode(raw, &payload); err != nil {
			reply.send(nil, err)
			return
		}
		do(s, c, payload, reply)
	}
}

// none is the payload of events that have none; whatever comes is ignored.
type none struct{}

func decode(raw json.RawMessage, payload any) error {
	if _, ignored := payload.(*none); ignored {
		return nil
	}
	if len(raw) == 0 || raw[0] != '{' {
		return services.Refuse(services.Invalid, "The payload must be an object.")
	}
	err := json.Unmarshal(raw, payload)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return services.Refuse(services.Invalid, "%s has the wrong type.", wrong.Field)
	}
	if err != nil {
		return services.Refuse(services.Invalid, "The payload is not valid.")
	}
	return nil
}

// hold acknowledges with what the socket is sent next; a flush must follow.
func (r reply) hold(ack json.RawMessage) {
	if err := r.event.AckHeld(ack); err != nil {
		slog.Debug("answer event", "event", r.event.Name, "error", err)
	}
}

// send acknowledges. Without an acknowledgement success is silent and a failure is the error event, except that a
// message above the rate limit is dropped in silence.
func (r reply) send(ack any, err error) {
	e := r.event
	var send error
	switch {
	case err == nil && e.HasAck():
		send = e.Ack(ack)
	case err != nil:
		if services.KindOf(err) == services.Internal {
			slog.Error("event failed", "event", e.Name, "error", err)
		}
		refusal := services.AsError(err)
		if e.HasAck() {
			send = e.Ack(protocol.Failure{
				Error:        string(refusal.Kind),
				Message:      refusal.Message,
				RetryAfterMS: refusal.RetryAfter.Milliseconds(),
			})
		} else if !refusal.Silent {
			send = r.socket.Emit(protocol.ErrorEvent, protocol.Problem{Message: refusal.Message})
		}
	}
	if send != nil {
		slog.Debug("answer event", "event", e.Name, "error", send)
	}
}

// validConversation refuses ids that are none, before anything is looked up.
func validConversation(id string) error {
	if !models.ValidID(id) {
		return services.Refuse(services.Invalid, "conversation_id must be the id of a conversation.")
	}
	return nil
}
