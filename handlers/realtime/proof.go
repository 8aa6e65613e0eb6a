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

	// maxOfAddress is how many proofs the end users' sockets of one address keep on a node, and maxOfUser how many
	// joined conversations and proofs the sockets of one agent keep. Each takes up to 3 KB, because ids and names are
	// counted in characters, and an address may have a thousand sockets.
	maxOfAddress = 1500
	maxOfUser    = 5000
)

// proof is a conversation whose end user this socket has proven to be. The fields below mu are shared with the
// goroutine that stores messages.
type proof struct {
	room   string // of the embed token; empty if the proof is not remembered
	joined bool

	mu       sync.Mutex
	ref      services.Ref
	admitted bool // counted by the limits on new conversations
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
func (p *proof) keep(visit models.Visit, until *unwritten) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ref.Unstored {
		until.keep(p.ref.ID, visit)
	}
	return p.ref.Unstored
}

// stored marks the conversation as stored. It returns false if it was marked before.
func (p *proof) stored() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.ref.Unstored
	p.ref.Unstored = false
	return was
}

// proveToJoin remembers that this socket is the end user of a conversation that it is about to join. It replaces an
// earlier proof, because the conversation may have another embed token now. Error: Invalid for too many conversations.
func (s *Server) proveToJoin(c *client, ref services.Ref) error {
	known, again := c.proven[ref.ID]
	if (!again || !known.joined) && c.countProven(true) >= maxJoined {
		return tooManyConversations()
	}
	if !again {
		if err := s.count(c); err != nil {
			return err
		}
	}
	s.dropProof(c, ref.ID)
	fresh, err := s.remember(c, ref)
	if err != nil {
		s.discount(c, 1)
		return tooManyConversations()
	}
	fresh.joined = true
	return nil
}

// holder returns whose conversations a socket's count with: its agent's, or those of its address. Empty: they do not
// count.
func (s *Server) holder(c *client) string {
	switch {
	case c.agent != nil:
		return c.agent.User.ID
	case s.limitEndUsers:
		return c.address
	}
	return ""
}

// count counts a conversation that a socket is to remember. Error: Invalid if its holder has too many.
func (s *Server) count(c *client) error {
	holder := s.holder(c)
	if holder == "" {
		return nil
	}
	most, whose := s.maxOfAddress, "from your address"
	if c.agent != nil {
		most, whose = s.maxOfUser, "by you"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remembered[holder] >= most {
		return services.Refuse(services.Invalid, "Too many conversations are joined %s. Leave some of them.", whose)
	}
	s.remembered[holder]++
	return nil
}

// discount undoes a number of counts.
func (s *Server) discount(c *client, conversations int) {
	holder := s.holder(c)
	if holder == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remembered[holder] -= conversations; s.remembered[holder] <= 0 {
		delete(s.remembered, holder)
	}
}

// prove returns the proof of a conversation that the socket has not joined. It remembers maxRemembered of these proofs.
// A socket that writes in more conversations, such as one of an app's server, proves the others with each event.
func (s *Server) prove(c *client, ref services.Ref) *proof {
	if c.countProven(false) < maxRemembered && s.count(c) == nil {
		fresh, err := s.remember(c, ref)
		if err == nil {
			return fresh
		}
		s.discount(c, 1)
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
	if _, proven := c.proven[conversationID]; proven {
		s.discount(c, 1)
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
