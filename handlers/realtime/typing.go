package realtime

import (
	"sync"
	"time"

	"parley/handlers/protocol"
	"parley/handlers/socketio"
	"parley/models"
	"parley/services"
)

const (
	typingLife = 5 * time.Second // without a new user_typing
	typingLook = 250 * time.Millisecond
)

// userTyping publishes to the others in the room that somebody is typing. The socket must have joined or proven the
// conversation.
func userTyping(s *Server, c *client, p protocol.UserTyping) (protocol.Ack, error) {
	if err := validConversation(p.ConversationID); err != nil {
		return protocol.Ack{}, err
	}
	_, proven := c.proven[p.ConversationID]
	_, joined := c.joined[p.ConversationID]
	senderType := models.SenderAgent
	switch {
	case proven && (p.SenderType != string(models.SenderAgent) || !joined):
		senderType = models.SenderEndUser
	case !joined:
		return protocol.Ack{}, services.Refuse(services.Forbidden, "Join the conversation first.")
	}
	if p.SenderType != "" && p.SenderType != string(senderType) {
		return protocol.Ack{}, services.Refuse(services.Forbidden, "sender_type is not what this socket has proven.")
	}
	s.typing.touch(c.socket, p.ConversationID, time.Now())
	indicator := protocol.TypingIndicator{ConversationID: p.ConversationID, SenderType: senderType}
	if senderType == models.SenderAgent {
		indicator.SenderID = c.agent.User.ID
	}
	return protocol.Ack{}, c.socket.To(protocol.ConversationRoom(p.ConversationID)).Volatile().
		Emit(protocol.TypingIndicatorEvent, indicator)
}

// typing tracks who types on this node, and publishes when they stop.
type typing struct {
	io *socketio.Namespace

	mu     sync.Mutex
	typers map[*socketio.Socket]map[string]time.Time // by conversation: when it expires
}

func newTyping(io *socketio.Namespace) *typing {
	return &typing{io: io, typers: map[*socketio.Socket]map[string]time.Time{}}
}

func (t *typing) touch(socket *socketio.Socket, conversationID string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.typers[socket] == nil {
		t.typers[socket] = map[string]time.Time{}
	}
	t.typers[socket][conversationID] = now.Add(typingLife)
}

// clear publishes that a socket has stopped typing, if it was typing.
func (t *typing) clear(socket *socketio.Socket, conversationID string) {
	t.mu.Lock()
	_, was := t.typers[socket][conversationID]
	t.remove(socket, conversationID)
	t.mu.Unlock()
	if was {
		t.publishCleared(conversationID)
	}
}

// left clears all typing of a disconnected socket.
func (t *typing) left(socket *socketio.Socket) {
	t.mu.Lock()
	conversations := t.typers[socket]
	delete(t.typers, socket)
	t.mu.Unlock()
	for conversationID := range conversations {
		t.publishCleared(conversationID)
	}
}

func (t *typing) expire(now time.Time) {
	var stale []string
	t.mu.Lock()
	for socket, conversations := range t.typers {
		for conversationID, until := range conversations {
			if now.After(until) {
				stale = append(stale, conversationID)
				t.remove(socket, conversationID)
			}
		}
	}
	t.mu.Unlock()
	for _, conversationID := range stale {
		t.publishCleared(conversationID)
	}
}

// remove requires the lock.
func (t *typing) remove(socket *socketio.Socket, conversationID string) {
	delete(t.typers[socket], conversationID)
	if len(t.typers[socket]) == 0 {
		delete(t.typers, socket)
	}
}

func (t *typing) publishCleared(conversationID string) {
	err := t.io.To(protocol.ConversationRoom(conversationID)).
		Emit(protocol.TypingClearedEvent, protocol.ConversationID{ConversationID: conversationID})
	logUnsent(protocol.TypingClearedEvent, err)
}
