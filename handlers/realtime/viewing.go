package realtime

import (
	"log/slog"

	"parley/handlers/protocol"
	"parley/services"
)

// viewConversation tells the other agents in a conversation that one more looks at it, so that two do not answer at
// once. Nothing is stored: whoever wants to be known to those who come later says it again.
func viewConversation(_ *Server, c *client, p protocol.ViewConversation) (protocol.Ack, error) {
	if err := validConversation(p.ConversationID); err != nil {
		return protocol.Ack{}, err
	}
	if _, joined := c.joined[p.ConversationID]; !joined {
		return protocol.Ack{}, services.Refuse(services.Forbidden, "Join the conversation first.")
	}
	if !p.Viewing {
		c.stopViewing(p.ConversationID)
		return protocol.Ack{}, nil
	}
	if c.viewing == nil {
		c.viewing = map[string]struct{}{}
	}
	c.viewing[p.ConversationID] = struct{}{}
	c.tellViewing(p.ConversationID, true)
	return protocol.Ack{}, nil
}

// stopViewing takes back what this socket has said, if it has.
func (c *client) stopViewing(conversationID string) {
	if _, viewing := c.viewing[conversationID]; viewing {
		delete(c.viewing, conversationID)
		c.tellViewing(conversationID, false)
	}
}

func (c *client) tellViewing(conversationID string, viewing bool) {
	err := c.socket.To(protocol.ConversationAgentsRoom(conversationID)).Emit(protocol.ViewedEvent,
		protocol.ConversationViewed{
			ConversationID: conversationID,
			AgentID:        c.agent.User.ID,
			Viewing:        viewing,
		})
	if err != nil {
		slog.Warn("publish", "event", protocol.ViewedEvent, "error", err)
	}
}
