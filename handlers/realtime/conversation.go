package realtime

import (
	"context"

	"parley/handlers/protocol"
	"parley/services"
)

func claimConversation(ctx context.Context, s *Server, c *client, p protocol.ConversationID) (protocol.Ack, error) {
	if err := validConversation(p.ConversationID); err != nil {
		return protocol.Ack{}, err
	}
	session, err := s.conversations.Assign(ctx, c.agent.User, p.ConversationID)
	if err != nil {
		return protocol.Ack{}, err
	}
	assignment := protocol.NewAssignment(session)
	_, err = joinAsAgent(ctx, s, c, p.ConversationID)
	return protocol.Ack{Assignment: &assignment}, err
}

// joinConversation lets in the end user whose external_id it is, and any agent of the organization: whoever looks at a
// conversation must see it go on.
func joinConversation(ctx context.Context, s *Server, c *client, p protocol.JoinConversation) (protocol.Ack, error) {
	if err := validConversation(p.ConversationID); err != nil {
		return protocol.Ack{}, err
	}
	if p.ExternalID == "" && c.agent != nil {
		return joinAsAgent(ctx, s, c, p.ConversationID)
	}
	if p.ExternalID == "" {
		return protocol.Ack{}, services.Refuse(services.Invalid, "external_id is required.")
	}
	return joinAsEndUser(ctx, s, c, p)
}

// joinAsEndUser reads the conversation even if it was proven before: the room must know which message comes next.
func joinAsEndUser(ctx context.Context, s *Server, c *client, p protocol.JoinConversation) (protocol.Ack, error) {
	ref, err := s.conversations.ForEndUser(ctx, services.EndUserProof{
		ConversationID: p.ConversationID,
		ExternalID:     p.ExternalID,
		EmbedToken:     p.EmbedToken,
	})
	if err != nil {
		return protocol.Ack{}, err
	}
	if name := services.CleanDisplayName(p.CustomerName); name != "" {
		ref.DisplayName = name // of a stored conversation the page has stored it
	}
	if err := s.proveToJoin(c, ref); err != nil {
		return protocol.Ack{}, err
	}
	ack, err := join(ctx, s, c, ref, protocol.EndUsersRoom(ref.OrganizationID))
	if err != nil {
		s.forgetProof(c, ref.ID)
		return ack, err
	}
	ack.Welcome, err = s.welcome(ctx, ref)
	return ack, err
}

// welcome is read after the rooms were joined, as is the last seq: what changes later is heard. Without presence the
// chat goes on, and shows no team.
func (s *Server) welcome(ctx context.Context, ref services.Ref) (*protocol.Welcome, error) {
	agent, err := s.conversations.AssignedTo(ctx, ref)
	if err != nil {
		return nil, err
	}
	welcome := &protocol.Welcome{}
	if agent != nil {
		assigned := newAgent(*agent)
		welcome.AssignedTo = &assigned
	}
	if team, err := s.presence.Team(ctx, ref.OrganizationID); err == nil {
		shown := newTeam(team)
		welcome.Team = &shown
	}
	return welcome, nil
}

func joinAsAgent(ctx context.Context, s *Server, c *client, conversationID string) (protocol.Ack, error) {
	ref, err := s.conversations.ForAgentToJoin(ctx, c.agent.User.OrganizationID, conversationID)
	if err != nil {
		return protocol.Ack{}, err
	}
	if c.joined == nil {
		c.joined = map[string]services.Ref{}
	}
	ack, err := join(ctx, s, c, ref, protocol.ConversationAgentsRoom(ref.ID))
	if err == nil {
		c.joined[ref.ID] = ref
	}
	return ack, err
}

// join enters the room, and the one that is for its kind of client only, and then looks where the conversation is: what
// was stored up to there the client fetches, what comes after it hears.
func join(ctx context.Context, s *Server, c *client, ref services.Ref, own string) (protocol.Ack, error) {
	err := c.socket.JoinAt(protocol.ConversationRoom(ref.ID), uint64(ref.LastSeq))
	if err == nil {
		err = c.socket.Join(own)
	}
	if err != nil {
		c.socket.Leave(protocol.ConversationRoom(ref.ID))
		c.socket.Leave(own)
		return protocol.Ack{}, tooManyConversations()
	}
	last, err := s.conversations.LastSeq(ctx, ref)
	return protocol.Ack{LastSeq: &last}, err
}

func leaveConversation(s *Server, c *client, p protocol.ConversationID) (protocol.Ack, error) {
	if err := validConversation(p.ConversationID); err != nil {
		return protocol.Ack{}, err
	}
	s.typing.clear(c.socket, p.ConversationID)
	c.stopViewing(p.ConversationID)
	c.socket.Leave(protocol.ConversationRoom(p.ConversationID))
	c.socket.Leave(protocol.ConversationAgentsRoom(p.ConversationID))
	s.forgetProof(c, p.ConversationID)
	delete(c.joined, p.ConversationID)
	return protocol.Ack{}, nil
}

func joinQueue(_ *Server, c *client, _ none) (protocol.Ack, error) {
	return protocol.Ack{}, c.socket.Join(protocol.QueueRoom(c.agent.User.OrganizationID))
}
