package realtime

import (
	"context"
	"sync"
	"time"

	"parley/handlers/protocol"
	"parley/models"
	"parley/services"
)

const (
	maxJoined     = 1000 // conversations that a socket joins as their end user; people have a few
	maxRemembered = 64   // conversations that it need not prove again although it has not joined them
)

// proof is a conversation whose end user this socket has shown to be. A message ends in the goroutine of its writer, so
// what that changes is locked.
type proof struct {
	room   string // in which the socket hears that its embed token was revoked; empty: the proof is good for one event
	joined bool

	mu       sync.Mutex
	ref      services.Ref
	admitted bool          // the limits on new conversations have counted it
	visit    *models.Visit // the latest, while nothing of the conversation is stored
}

func (p *proof) current() services.Ref {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ref
}

// isAdmitted reports whether the limits on new conversations have counted this one, and notes that they have.
func (p *proof) isAdmitted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.admitted || !p.ref.Unstored
	p.admitted = true
	return was
}

// refuse takes isAdmitted's note back.
func (p *proof) refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.admitted = false
}

// keep holds on to a visit until the conversation is stored, and reports whether it is not yet.
func (p *proof) keep(visit models.Visit) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ref.Unstored {
		p.visit = &visit
	}
	return p.ref.Unstored
}

// stored notes that the conversation has a row now, and returns the visit that waited for it, or nil.
func (p *proof) stored() *models.Visit {
	p.mu.Lock()
	defer p.mu.Unlock()
	visit := p.visit
	p.ref.Unstored, p.visit = false, nil
	return visit
}

// proveToJoin notes that this socket is the end user of a conversation that it is about to join. What was known of the
// conversation is forgotten: it may have another embed token now. Error: Invalid for one conversation too many.
func (s *Server) proveToJoin(c *client, ref services.Ref) error {
	s.forgetProof(c, ref.ID)
	if c.countProven(true) >= maxJoined {
		return tooManyConversations()
	}
	fresh, err := s.remember(c, ref)
	if err != nil {
		return tooManyConversations()
	}
	fresh.joined = true
	return nil
}

// prove returns the proof of a conversation that the socket has not joined. A socket that writes in many, as the server
// of an app may, proves them again each time.
func (s *Server) prove(c *client, ref services.Ref) *proof {
	if c.countProven(false) < maxRemembered {
		if fresh, err := s.remember(c, ref); err == nil {
			return fresh
		}
	}
	return &proof{ref: ref}
}

// remember keeps a proof until the socket leaves the conversation or its embed token is revoked. Error: the socket is
// in too many rooms.
func (s *Server) remember(c *client, ref services.Ref) (*proof, error) {
	fresh := &proof{room: tokenRoom(ref), ref: ref}
	if err := s.enterTokenRoom(c, fresh.room); err != nil {
		return nil, err
	}
	if c.proven == nil {
		c.proven = map[string]*proof{}
	}
	c.proven[ref.ID] = fresh
	return fresh, nil
}

// countProven counts the proofs that are remembered, of conversations that are joined or not.
func (c *client) countProven(joined bool) (count int) {
	for _, known := range c.proven {
		if known.joined == joined {
			count++
		}
	}
	return count
}

// forgetProof undoes prove. After the last conversation of an organization the socket leaves its end users' room.
func (s *Server) forgetProof(c *client, conversationID string) {
	forgotten, proven := c.proven[conversationID]
	if !proven {
		return
	}
	delete(c.proven, conversationID)
	s.leaveTokenRoom(c, forgotten.room)
	organizationID := forgotten.current().OrganizationID
	for _, other := range c.proven {
		if other.current().OrganizationID == organizationID {
			return
		}
	}
	c.socket.Leave(protocol.EndUsersRoom(organizationID))
}

func tooManyConversations() error {
	return services.Refuse(services.Invalid,
		"This socket has joined too many conversations. Leave some of them, or open another socket.")
}

// endUser is the proof that this socket is the end user of a conversation: shown before, or by externalID now.
func (s *Server) endUser(ctx context.Context, c *client, conversationID, externalID string) (*proof, error) {
	if known, ok := c.proven[conversationID]; ok && (externalID == "" || externalID == known.current().ExternalID) {
		return known, nil
	}
	if externalID == "" {
		return nil, services.Refuse(services.Invalid, "external_id is required.")
	}
	if s.limitEndUsers && c.agent == nil {
		if err := c.allow(time.Now()); err != nil { // every attempt costs the database a look
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	ref, err := s.conversations.ForEndUser(ctx, services.EndUserProof{
		ConversationID: conversationID,
		ExternalID:     externalID,
	})
	if err != nil {
		return nil, err
	}
	return s.prove(c, ref), nil
}
