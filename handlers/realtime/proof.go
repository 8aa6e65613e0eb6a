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
	maxJoined     = 1000 // conversations that an end user's socket may join; a person has a few
	maxRemembered = 64   // proofs of other conversations that a socket keeps

	// maxJoinedOfAddress is how many conversations the end users of one address may join on a node. Each takes hundreds
	// of bytes, and an address may have a thousand sockets.
	maxJoinedOfAddress = 10_000
)

// proof is a conversation whose end user this socket has proven to be. The fields below mu are shared with the
// goroutine that stores messages.
type proof struct {
	room   string // of the embed token; empty if the proof is not remembered
	joined bool

	mu       sync.Mutex
	ref      services.Ref
	admitted bool          // counted by the limits on new conversations
	visit    *models.Visit // the latest, while the conversation is unstored
}

func (p *proof) current() services.Ref {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ref
}

// isAdmitted reports whether the limits on new conversations have already counted this one, and marks it as counted.
func (p *proof) isAdmitted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.admitted || !p.ref.Unstored
	p.admitted = true
	return was
}

// refuse undoes isAdmitted.
func (p *proof) refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.admitted = false
}

// keep keeps a visit until the conversation is stored. It returns false if the conversation is already stored.
func (p *proof) keep(visit models.Visit) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ref.Unstored {
		p.visit = &visit
	}
	return p.ref.Unstored
}

// stored marks the conversation as stored, and returns the visit that was kept for it, or nil.
func (p *proof) stored() *models.Visit {
	p.mu.Lock()
	defer p.mu.Unlock()
	visit := p.visit
	p.ref.Unstored, p.visit = false, nil
	return visit
}

// proveToJoin remembers that this socket is the end user of a conversation that it is about to join. It replaces an
// earlier proof, because the conversation may have another embed token now. Error: Invalid for too many conversations.
func (s *Server) proveToJoin(c *client, ref services.Ref) error {
	if known, again := c.proven[ref.ID]; !again || !known.joined {
		if c.countProven(true) >= maxJoined {
			return tooManyConversations()
		}
		if !s.countJoined(c) {
			return services.Refuse(services.Invalid,
				"Too many conversations are joined from your address. Leave some of them.")
		}
	}
	s.dropProof(c, ref.ID)
	fresh, err := s.remember(c, ref)
	if err != nil {
		s.countLeft(c, 1)
		return tooManyConversations()
	}
	fresh.joined = true
	return nil
}

// countJoined counts a conversation that an end user joins. It returns false if their address has joined too many.
func (s *Server) countJoined(c *client) bool {
	if !s.limitEndUsers || c.agent != nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joinedFrom[c.address] >= s.maxOfAddress {
		return false
	}
	s.joinedFrom[c.address]++
	return true
}

// countLeft undoes countJoined for a number of conversations.
func (s *Server) countLeft(c *client, conversations int) {
	if !s.limitEndUsers || c.agent != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joinedFrom[c.address] -= conversations; s.joinedFrom[c.address] <= 0 {
		delete(s.joinedFrom, c.address)
	}
}

// prove returns the proof of a conversation that the socket has not joined. It remembers maxRemembered of these proofs.
// A socket that writes in more conversations, such as one of an app's server, proves the others with each event.
func (s *Server) prove(c *client, ref services.Ref) *proof {
	if c.countProven(false) < maxRemembered {
		if fresh, err := s.remember(c, ref); err == nil {
			return fresh
		}
	}
	return &proof{ref: ref}
}

// remember keeps a proof until the socket leaves the conversation. Error: the socket is in too many rooms.
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

// countProven counts the remembered proofs of conversations that are joined, or of the others.
func (c *client) countProven(joined bool) (count int) {
	for _, known := range c.proven {
		if known.joined == joined {
			count++
		}
	}
	return count
}

// forgetProof forgets the proof of a conversation that the socket leaves.
func (s *Server) forgetProof(c *client, conversationID string) {
	if known, proven := c.proven[conversationID]; proven && known.joined {
		s.countLeft(c, 1)
	}
	s.dropProof(c, conversationID)
}

// dropProof forgets a proof. After the last one of an organization the socket leaves the room of its end users.
func (s *Server) dropProof(c *client, conversationID string) {
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

// endUser returns the proof that this socket is the end user of a conversation: a remembered one, or a new one by
// externalID.
func (s *Server) endUser(ctx context.Context, c *client, conversationID, externalID string) (*proof, error) {
	if known, ok := c.proven[conversationID]; ok && (externalID == "" || externalID == known.current().ExternalID) {
		return known, nil
	}
	if externalID == "" {
		return nil, services.Refuse(services.Invalid, "external_id is required.")
	}
	if s.limitEndUsers && c.agent == nil {
		if err := c.allow(time.Now()); err != nil { // every attempt costs a query
			return nil, err
		}
	}
	ref, err := s.conversations.ForEndUser(ctx, services.EndUserProof{
		ConversationID: conversationID,
		ExternalID:     externalID,
	})
	if err != nil {
		return nil, err
	}
	return s.prove(c, ref), nil
}
