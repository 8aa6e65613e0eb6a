package realtime

import (
	"context"
	"sync"
	"time"

	"parley/handlers/socketio"
	"parley/models"
	"parley/services"
)

const (
	maxInFlight   = 256 // unanswered send_message events of a socket; the next one, and all events after it, wait
	endUserBurst  = 100 // other events that an end user's socket may send at once
	endUserRefill = 50  // other events that it may send per second after that
)

// client is the application's state of a socket. A socket's events are handled one at a time, so only inFlight and the
// proofs are shared with other goroutines.
type client struct {
	socket  *socketio.Socket
	address string                  // see Request.Address
	agent   *services.Identity      // nil for an end user's socket
	proven  map[string]*proof       // conversations whose end user this socket has proven to be
	joined  map[string]services.Ref // conversations joined as an agent

	tokenRooms map[string]int // how many proven conversations are in each room of an embed token

	viewing map[string]struct{} // joined conversations that the agent looks at

	sending  sync.Once
	inFlight chan struct{}

	stuckAt    int64   // when an event could last not be answered, in Unix nanoseconds: a time.Time takes 24 bytes
	allowance  float64 // events that an end user's socket may send now, see allow
	lastChange int64   // of the allowance, in Unix nanoseconds; 0: never
}

func clientOf(socket *socketio.Socket) *client { return socket.Data().(*client) }

// patience returns the deadline of the event that is being handled.
func (c *client) patience() (context.Context, context.CancelFunc) {
	timeout := eventTimeout
	if time.Since(time.Unix(0, c.stuckAt)) < stuckPeriod {
		timeout = stuckTimeout
	}
	return context.WithTimeout(context.Background(), timeout)
}

// note remembers that an event could not be answered.
func (c *client) note(err error) {
	if services.KindOf(err) == services.Unavailable {
		c.stuckAt = time.Now().UnixNano()
	}
}

// beginSend waits while too many sends of this socket are unanswered. Every beginSend needs an endSend.
func (c *client) beginSend() {
	c.sending.Do(func() { c.inFlight = make(chan struct{}, maxInFlight) })
	c.inFlight <- struct{}{}
}

func (c *client) endSend() { <-c.inFlight }

// allow counts an event of an end user's socket. The limits are far above what a person does. Error: RateLimited.
func (c *client) allow(now time.Time) error {
	if c.lastChange == 0 {
		c.allowance = endUserBurst
	} else {
		passed := max(0, now.Sub(time.Unix(0, c.lastChange)).Seconds())
		c.allowance = min(endUserBurst, c.allowance+passed*endUserRefill)
	}
	c.lastChange = now.UnixNano()
	if c.allowance < 1 {
		return &services.Error{
			Kind:       services.RateLimited,
			Message:    "Too many events. Wait a moment.",
			RetryAfter: time.Second / endUserRefill,
		}
	}
	c.allowance--
	return nil
}

// refuseAgentWork returns the error for an end user's socket that sends an agent's event.
func (c *client) refuseAgentWork() error {
	if len(c.proven) > 0 {
		return services.Refuse(services.Forbidden, "Only agents may do this.")
	}
	return services.Refuse(services.Unauthorized, "Log in to do this.")
}

// agentOf checks that this socket's agent may see a conversation, stored or not, and returns it.
func (s *Server) agentOf(ctx context.Context, c *client, conversationID string) (services.Ref, error) {
	if c.agent == nil {
		return services.Ref{}, c.refuseAgentWork()
	}
	if ref, ok := c.joined[conversationID]; ok {
		return ref, nil
	}
	return s.conversations.ForAgentToJoin(ctx, c.agent.User.OrganizationID, conversationID)
}

// sender checks that the socket is the sender that a payload names. The returned proof is nil for an agent.
func (s *Server) sender(ctx context.Context, c *client,
	conversationID, senderType, externalID string) (*proof, services.Ref, services.Sender, error) {
	switch models.SenderType(senderType) {
	case models.SenderEndUser:
		if externalID == "" {
			return nil, services.Ref{}, services.Sender{}, services.Refuse(services.Invalid, "external_id is required.")
		}
		proof, err := s.endUser(ctx, c, conversationID, externalID)
		if err != nil {
			return nil, services.Ref{}, services.Sender{}, err
		}
		return proof, proof.current(), services.Sender{
			Type: models.SenderEndUser,
			ID:   externalID,
		}, nil
	case models.SenderAgent:
		ref, err := s.agentOf(ctx, c, conversationID)
		if err != nil {
			return nil, ref, services.Sender{}, err
		}
		return nil, ref, services.Sender{Type: models.SenderAgent, ID: c.agent.User.ID}, nil
	}
	return nil, services.Ref{}, services.Sender{},
		services.Refuse(services.Invalid, "sender_type must be end_user or agent.")
}
