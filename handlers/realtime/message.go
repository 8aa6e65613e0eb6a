package realtime

import (
	"context"

	"parley/handlers/protocol"
	"parley/models"
	"parley/services"
)

// sendMessage is answered after the commit. The socket's next events go on meanwhile, so that a client may have many
// messages under way; their order is kept by the writer.
func sendMessage(s *Server, c *client, p protocol.SendMessage, reply reply) {
	ctx := context.Background() // a proven sender waits for nothing but the writer, which is never long
	ref := services.Ref{}
	sender := services.Sender{}
	err := validConversation(p.ConversationID)
	if err == nil {
		ref, sender, err = s.sender(ctx, c, p.ConversationID, p.SenderType, p.ExternalID)
	}
	if err != nil {
		reply.send(nil, err)
		return
	}
	c.beginSend()
	draft := services.Draft{
		Conversation: ref,
		Sender:       sender,
		ContentType:  p.ContentType,
		Content:      p.Content,
		RichMedia:    p.RichMedia,
		ClientID:     p.ClientID,
		Published:    c.socket.Flush,
	}
	s.messages.Send(ctx, draft, func(sent services.Sent, err error) {
		c.endSend()
		if err != nil {
			reply.send(nil, err)
			return
		}
		s.typing.clear(c.socket, ref.ID)
		message, err := encodeMessage(sent.Message)
		if err != nil {
			reply.send(nil, err)
			return
		}
		reply.hold(protocol.SentAck(message, sent.Duplicate)) // and message_received with it
	})
}

func markRead(ctx context.Context, s *Server, c *client, p protocol.MarkRead) (protocol.Ack, error) {
	if err := validConversation(p.ConversationID); err != nil {
		return protocol.Ack{}, err
	}
	var reader services.Sender
	var ref services.Ref
	var err error
	if _, proven := c.proven[p.ConversationID]; proven || p.ExternalID != "" {
		ref, err = s.endUser(ctx, c, p.ConversationID, p.ExternalID)
		reader = services.Sender{Type: models.SenderEndUser, ID: ref.ExternalID}
	} else if ref, err = s.agentOf(ctx, c, p.ConversationID); err == nil {
		reader = services.Sender{Type: models.SenderAgent, ID: c.agent.User.ID}
	}
	if err != nil {
		return protocol.Ack{}, err
	}
	return protocol.Ack{}, s.messages.MarkRead(ctx, ref, reader, p.MessageIDs)
}
