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

// eventTimeout limits how long answering an event may take, so that a client has an answer within 3 s.
const eventTimeout = 2500 * time.Millisecond

// The events that wait behind one that could not be answered must not wait as long again, one after the other.
const (
	stuckTimeout = 250 * time.Millisecond // for an event of a socket that has got no answer
	stuckPeriod  = time.Second            // since then
)

// reply answers an event.
type reply struct {
	socket *socketio.Socket
	event  *socketio.Event
}

// event is a row of the event table: guard says who may send it, and answer handles it. An answer may reply later, from
// another goroutine.
type event struct {
	guard  func(*client) error
	answer answer
}

// answer handles an event whose payload is raw.
type answer func(s *Server, c *client, raw json.RawMessage, reply reply)

// events are all events that a client may send.
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

// agents admits sockets with a web session. anyone admits all sockets; their handlers check the proof.
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
		reply.send(nil, services.Refuse(services.Invalid, "Unknown event."))
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

// admit checks the limits and the guard of an event. Events that are too large go to refuse instead.
func (s *Server) admit(c *client, e *socketio.Event, row event) error {
	if s.limitEndUsers && c.agent == nil && e.Name != protocol.SendMessageEvent {
		if err := c.allow(time.Now()); err != nil {
			return err
		}
	}
	return row.guard(c)
}

// synchronous makes an answer of a function that needs memory only.
func synchronous[P any](do func(*Server, *client, P) (protocol.Ack, error)) answer {
	return asynchronous(func(s *Server, c *client, payload P, reply reply) {
		ack, err := do(s, c, payload)
		if err == nil && !reply.event.HasAck() {
			return
		}
		ack.OK = true
		reply.send(ack, err)
	})
}

// withDeadline makes an answer of a function that uses the database or Redis, and limits its time.
func withDeadline[P any](do func(context.Context, *Server, *client, P) (protocol.Ack, error)) answer {
	return synchronous(func(s *Server, c *client, payload P) (protocol.Ack, error) {
		ctx, cancel := c.patience()
		defer cancel()
		ack, err := do(ctx, s, c, payload)
		c.note(err)
		return ack, err
	})
}

// asynchronous makes an answer of a function that calls reply itself.
func asynchronous[P any](do func(*Server, *client, P, reply)) answer {
	return func(s *Server, c *client, raw json.RawMessage, reply reply) {
		var payload P
		if err := decode(raw, &payload); err != nil {
			reply.send(nil, err)
			return
		}
		do(s, c, payload, reply)
	}
}

// none is the payload of events without one. It ignores what the client sends.
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
		return services.Refuse(services.Invalid, "The payload has an invalid value.")
	}
	return nil
}

// hold queues an acknowledgement until the next packet to the socket. A flush must follow.
func (r reply) hold(ack json.RawMessage) {
	if err := r.event.AckHeld(ack); err != nil {
		slog.Debug("answer event", "event", r.event.Name, "error", err)
	}
}

// send acknowledges the event. If the client passed no callback, success is silent and a failure is sent as the error
// event, unless it is silent too.
func (r reply) send(ack any, err error) {
	e := r.event
	var send error
	switch {
	case err == nil && e.HasAck():
		send = e.Ack(ack)
	case err != nil:
		services.LogFailure("event failed", err, "event", e.Name)
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

// validConversation refuses malformed ids before anything is looked up.
func validConversation(id string) error {
	if !models.ValidID(id) {
		return services.Refuse(services.Invalid, "conversation_id must be a UUID.")
	}
	return nil
}
