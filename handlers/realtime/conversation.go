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
	session, err := s.conversations.Claim(ctx, c.agent.User, p.ConversationID)
	if err != nil {
		return protocol.Ack{}, err
	}
	assignment := protocol.NewAssignment(session)
	_, err = joinAsAgent(ctx, s, c, p.ConversationID)
	return protocol.Ack{Assignment: &assignment}, err
}

// joinConversation lets in the conversation's end user and every agent of the organization, because an agent who looks
// at a conversation needs its events.
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

// joinAsEndUser reads the conversation even if it was proven before, because the room needs the number of the next
// message.
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
		ref.DisplayName = name // unused if the conversation is stored: the page has updated its name
	}
	if err := s.proveToJoin(c, ref); err != nil {
		return protocol.Ack{}, err
	}
	ack, err := join(ctx, s, c, ref, protocol.EndUsersRoom(ref.OrganizationID))
	if err != nil {
		s.leave(c, ref.ID)
		return ack, err
	}
	ack.Welcome, err = s.welcome(ctx, ref, *ack.LastSeq)
	return ack, err
}

// welcome reads what an end user sees when joining. It runs after the socket has joined the rooms, so later changes
// arrive as events. Without presence the chat works and shows no team.
func (s *Server) welcome(ctx context.Context, ref services.Ref, last int64) (*protocol.Welcome, error) {
	agent, err := s.conversations.AssignedTo(ctx, ref)
	if err != nil {
		return nil, err
	}
	read, err := s.conversations.ReadSeq(ctx, ref, last)
	if err != nil {
		return nil, err
	}
	welcome := &protocol.Welcome{ReadSeq: read}
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
	if _, again := c.joined[ref.ID]; !again {
		if err := s.count(c); err != nil {
			return protocol.Ack{}, err
		}
	}
	c.joined[ref.ID] = ref
	ack, err := join(ctx, s, c, ref, protocol.ConversationAgentsRoom(ref.ID))
	if err != nil {
		s.leave(c, ref.ID)
	}
	return ack, err
}

// join joins the conversation's room and own, the room for this kind of client, and then reads the last seq: the client
// fetches the messages up to it, and receives later ones as events. After an error the socket must leave.
func join(ctx context.Context, s *Server, c *client, ref services.Ref, own string) (protocol.Ack, error) {
	err := c.socket.JoinAt(protocol.ConversationRoom(ref.ID), uint64(ref.LastSeq))
	if err == nil {
		err = c.socket.Join(own)
	}
	if err != nil {
		return protocol.Ack{}, tooManyConversations()
	}
	last, err := s.conversations.LastSeq(ctx, ref)
	return protocol.Ack{LastSeq: &last}, err
}

func leaveConversation(s *Server, c *client, p protocol.ConversationID) (protocol.Ack, error) {
	if err := validConversation(p.ConversationID); err != nil {
		return protocol.Ack{}, err
	}
	s.leave(c, p.ConversationID)
	return protocol.Ack{}, nil
}

// leave makes a socket forget a conversation that it has joined or proven.
func (s *Server) leave(c *client, conversationID string) {
	s.typing.clear(c.socket, conversationID)
	c.stopViewing(conversationID)
	c.socket.Leave(protocol.ConversationRoom(conversationID))
	c.socket.Leave(protocol.ConversationAgentsRoom(conversationID))
	s.forgetProof(c, conversationID)
	if _, joined := c.joined[conversationID]; joined {
		s.discount(c, 1)
		delete(c.joined, conversationID)
	}
}

func joinQueue(_ *Server, c *client, _ none) (protocol.Ack, error) {
	return protocol.Ack{}, c.socket.Join(protocol.QueueRoom(c.agent.User.OrganizationID))
}
