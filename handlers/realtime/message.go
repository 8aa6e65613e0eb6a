package realtime

import (
	"context"
	"encoding/json"

	"parley/handlers/protocol"
	"parley/models"
	"parley/services"
)

// sendMessage stores a message. It returns before the commit, so that a client may have many messages in flight; the
// writer keeps their order.
func sendMessage(s *Server, c *client, p protocol.SendMessage, reply reply) {
	ctx, cancel := c.patience()
	defer cancel() // the writer has a deadline of its own
	if err := validConversation(p.ConversationID); err != nil {
		reply.send(nil, err)
		return
	}
	proof, ref, sender, err := s.sender(ctx, c, p.ConversationID, p.SenderType, p.ExternalID)
	if err == nil && proof != nil {
		err = s.admitConversation(ctx, c, proof)
	}
	c.note(err)
	if err != nil {
		reply.send(nil, err)
		return
	}
	c.beginSend()
	s.messages.Send(ctx, services.Draft{
		Conversation: ref,
		Sender:       sender,
		ContentType:  p.ContentType,
		Content:      p.Content,
		RichMedia:    p.RichMedia,
		ClientID:     p.ClientID,
		Receipt: &receipt{
			server:         s,
			client:         c,
			reply:          reply,
			conversationID: ref.ID,
			proof:          proof,
		},
	})
}

// admitConversation counts a conversation that a message creates against the limits on new ones.
func (s *Server) admitConversation(ctx context.Context, c *client, proof *proof) error {
	if proof.isAdmitted() {
		return nil
	}
	request, _ := c.socket.Request().(Request)
	err := s.widget.AdmitConversation(ctx, proof.current(), request.Address)
	if err != nil {
		proof.refuse()
	}
	return err
}

// receipt answers the event send_message.
type receipt struct {
	server         *Server
	client         *client
	reply          reply
	conversationID string
	proof          *proof // nil for an agent
}

// Stored implements services.Receipt. It holds the acknowledgement until Delivered, so that it is written together with
// the message_received that follows.
func (r *receipt) Stored(sent *services.Sent, err error) {
	r.client.endSend()
	if err != nil {
		r.reply.send(nil, err)
		return
	}
	r.server.typing.clear(r.client.socket, r.conversationID)
	if r.proof != nil && r.proof.stored() {
		if visit, kept := r.server.unwritten.take(r.conversationID); kept {
			r.server.visits.Note(r.proof.current(), visit)
		}
	}
	message, err := encodeMessage(sent)
	if err != nil {
		r.reply.send(nil, err)
		return
	}
	r.reply.hold(protocol.SentAck(message, sent.Duplicate))
}

// encodeMessage encodes a message for sockets, once: the sender and the rooms get the same bytes.
func encodeMessage(sent *services.Sent) (encoded json.RawMessage, err error) {
	if sent.Encoded == nil {
		sent.Encoded, err = models.EncodeJSON(protocol.NewMessageReceived(sent.Message))
	}
	return sent.Encoded, err
}

// Delivered implements services.Receipt. It writes the acknowledgement.
func (r *receipt) Delivered() { r.client.socket.Flush() }

func markRead(ctx context.Context, s *Server, c *client, p protocol.MarkRead) (protocol.Ack, error) {
	if err := validConversation(p.ConversationID); err != nil {
		return protocol.Ack{}, err
	}
	var reader services.Sender
	var ref services.Ref
	var err error
	if _, proven := c.proven[p.ConversationID]; proven || p.ExternalID != "" {
		var proof *proof
		if proof, err = s.endUser(ctx, c, p.ConversationID, p.ExternalID); err == nil {
			ref = proof.current()
			reader = services.Sender{Type: models.SenderEndUser, ID: ref.ExternalID}
		}
	} else if ref, err = s.agentOf(ctx, c, p.ConversationID); err == nil {
		reader = services.Sender{Type: models.SenderAgent, ID: c.agent.User.ID}
	}
	if err != nil {
		return protocol.Ack{}, err
	}
	return protocol.Ack{}, s.messages.MarkRead(ctx, ref, reader, p.MessageIDs)
}
