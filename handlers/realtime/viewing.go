package realtime

import (
	"parley/handlers/protocol"
	"parley/services"
)

// viewConversation publishes to the other agents in a conversation that this agent looks at it, so that two do not
// answer at once. Nothing is stored: clients repeat the event for agents who join later.
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
	c.publishViewing(p.ConversationID, true)
	return protocol.Ack{}, nil
}

// stopViewing publishes that this agent no longer looks at a conversation, if they did.
func (c *client) stopViewing(conversationID string) {
	if _, viewing := c.viewing[conversationID]; viewing {
		delete(c.viewing, conversationID)
		c.publishViewing(conversationID, false)
	}
}

func (c *client) publishViewing(conversationID string, viewing bool) {
	err := c.socket.To(protocol.ConversationAgentsRoom(conversationID)).Emit(protocol.ViewedEvent,
		protocol.ConversationViewed{
			ConversationID: conversationID,
			AgentID:        c.agent.User.ID,
			Viewing:        viewing,
		})
	logUnsent(protocol.ViewedEvent, err)
}
