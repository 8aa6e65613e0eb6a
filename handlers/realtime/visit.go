package realtime

import (
	"context"

	"parley/handlers/protocol"
	"parley/models"
)

// visit notes where an end user is. What browser it is the handshake says.
func visit(ctx context.Context, s *Server, c *client, p protocol.Visit) (protocol.Ack, error) {
	if err := validConversation(p.ConversationID); err != nil {
		return protocol.Ack{}, err
	}
	ref, err := s.endUser(ctx, c, p.ConversationID, p.ExternalID)
	if err != nil {
		return protocol.Ack{}, err
	}
	request, _ := c.socket.Request().(Request)
	s.visits.Note(ref, models.Visit{
		PageURL:   p.PageURL,
		PageTitle: p.PageTitle,
		UserAgent: request.UserAgent,
		TimeZone:  p.TimeZone,
		Language:  p.Language,
	})
	return protocol.Ack{}, nil
}
