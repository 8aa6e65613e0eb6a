package realtime

import (
	"context"

	"parley/handlers/protocol"
	"parley/models"
	"parley/services"
)

// visit notes where an end user is. The browser's name comes from the handshake.
func visit(ctx context.Context, s *Server, c *client, p protocol.Visit) (protocol.Ack, error) {
	if err := validConversation(p.ConversationID); err != nil {
		return protocol.Ack{}, err
	}
	proof, err := s.endUser(ctx, c, p.ConversationID, p.ExternalID)
	if err != nil {
		return protocol.Ack{}, err
	}
	request, _ := c.socket.Request().(Request)
	visit := services.CleanVisit(models.Visit{
		PageURL:   p.PageURL,
		PageTitle: p.PageTitle,
		UserAgent: request.UserAgent,
		TimeZone:  p.TimeZone,
		Language:  p.Language,
	})
	if err := s.lookForRow(ctx, proof); err != nil {
		return protocol.Ack{}, err
	}
	if !proof.keep(visit) {
		s.visits.Note(proof.current(), visit)
	}
	return protocol.Ack{}, nil
}

// lookForRow notes it in proof if another socket has stored the conversation.
func (s *Server) lookForRow(ctx context.Context, proof *proof) error {
	ref := proof.current()
	if !ref.Unstored {
		return nil
	}
	_, err := s.conversations.ForAgent(ctx, ref.OrganizationID, ref.ID)
	if err == nil {
		proof.stored()
	} else if services.KindOf(err) == services.NotFound {
		err = nil
	}
	return err
}
