package realtime

import (
	"log/slog"

	"parley/handlers/protocol"
	"parley/handlers/socketio"
	"parley/services"
)

// Publisher sends the services' events to rooms on every node.
type Publisher struct{ io *socketio.Namespace }

// NewPublisher creates a Publisher. It implements services.Publisher.
func NewPublisher(io *socketio.Namespace) *Publisher { return &Publisher{io: io} }

var _ services.Publisher = (*Publisher)(nil)

// MessageStored notifies the conversation, in the order of seq, and the queue.
func (p *Publisher) MessageStored(sent *services.Sent) {
	m := sent.Message
	message, err := encodeMessage(sent)
	if err != nil {
		slog.Error("encode message", "error", err)
		return
	}
	room := p.io.To(protocol.ConversationRoom(m.ConversationID)).Sequence(uint64(m.Seq))
	if sent.Duplicate {
		room = room.Late()
	}
	p.emit(room, protocol.MessageReceivedEvent, message)
	p.emit(p.io.To(protocol.QueueRoom(m.OrganizationID)), protocol.ConversationUpdatedEvent,
		protocol.ConversationUpdated{
			ConversationID: m.ConversationID,
			SenderType:     m.SenderType,
			ContentType:    m.ContentType,
			Content:        m.Content,
			Preview:        services.PlainText(m),
			Seq:            m.Seq,
		})
}

// MessagesRead notifies the conversation.
func (p *Publisher) MessagesRead(r services.MessagesRead) {
	p.emit(p.io.To(protocol.ConversationRoom(r.ConversationID)), protocol.MessagesReadEvent, protocol.MessagesRead{
		ConversationID: r.ConversationID,
		MessageIDs:     r.MessageIDs,
		ReaderType:     r.ReaderType,
		ReaderID:       r.ReaderID,
		ReadAt:         protocol.Time(r.ReadAt),
	})
}

// ConversationAssigned notifies the queue and the conversation.
func (p *Publisher) ConversationAssigned(organizationID, conversationID string, agent services.Agent) {
	p.emit(p.io.To(protocol.QueueRoom(organizationID)), protocol.AssignedEvent, protocol.ConversationAssigned{
		ConversationID: conversationID,
		AssignedTo:     agent.ID,
	})
	p.emit(p.io.To(protocol.ConversationRoom(conversationID)), protocol.AgentJoinedEvent, protocol.AgentJoined{
		ConversationID: conversationID,
		Agent:          newAgent(agent),
	})
}

// ConversationReleased notifies the queue and the conversation.
func (p *Publisher) ConversationReleased(organizationID, conversationID string) {
	p.emit(p.io.To(protocol.QueueRoom(organizationID)), protocol.ReleasedEvent,
		protocol.ConversationID{ConversationID: conversationID})
	p.emit(p.io.To(protocol.ConversationRoom(conversationID)), protocol.AgentLeftEvent,
		protocol.ConversationID{ConversationID: conversationID})
}

// ConversationResolved notifies the conversation and the queue. Only the queue gets the tags, because the end user is
// in the conversation. A socket in both gets one event, with the tags.
func (p *Publisher) ConversationResolved(organizationID, conversationID, sessionID string, tags []string) {
	resolved := protocol.ConversationResolved{ConversationID: conversationID, SessionID: sessionID}
	queue := protocol.QueueRoom(organizationID)
	p.emit(p.io.To(protocol.ConversationRoom(conversationID)).ExceptRoom(queue), protocol.ResolvedEvent, resolved)
	resolved.Tags = &tags
	p.emit(p.io.To(queue), protocol.ResolvedEvent, resolved)
}

// ConversationReopened notifies the conversation and the queue. A socket in both gets one event.
func (p *Publisher) ConversationReopened(organizationID, conversationID, sessionID string) {
	reopened := protocol.ConversationReopened{ConversationID: conversationID, SessionID: sessionID}
	rooms := p.io.To(protocol.ConversationRoom(conversationID)).To(protocol.QueueRoom(organizationID))
	p.emit(rooms, protocol.ReopenedEvent, reopened)
}

// ConversationTagged notifies the queue. End users do not see tags.
func (p *Publisher) ConversationTagged(organizationID, conversationID, sessionID string, tags []string) {
	p.emit(p.io.To(protocol.QueueRoom(organizationID)), protocol.TaggedEvent, protocol.ConversationTagged{
		ConversationID: conversationID,
		SessionID:      sessionID,
		Tags:           tags,
	})
}

// VisitChanged notifies the agents in the conversation.
func (p *Publisher) VisitChanged(_, conversationID string) {
	p.emit(p.io.To(protocol.ConversationAgentsRoom(conversationID)), protocol.VisitChangedEvent,
		protocol.ConversationID{ConversationID: conversationID})
}

// TeamChanged notifies the organization's end users.
func (p *Publisher) TeamChanged(organizationID string, team services.Team) {
	p.emit(p.io.To(protocol.EndUsersRoom(organizationID)).Volatile(), protocol.TeamChangedEvent, newTeam(team))
}

func newTeam(team services.Team) protocol.Team {
	shown := protocol.Team{Agents: make([]protocol.Agent, len(team.Agents)), Online: team.Online}
	for i, agent := range team.Agents {
		shown.Agents[i] = newAgent(agent)
	}
	return shown
}

func newAgent(agent services.Agent) protocol.Agent {
	return protocol.Agent{
		ID:       agent.ID,
		Name:     agent.Name,
		PhotoURL: protocol.PhotoURL(agent.PhotoID),
	}
}

// AgentStatusChanged notifies the organization's presence room.
func (p *Publisher) AgentStatusChanged(organizationID, agentID string, online bool) {
	status := "offline"
	if online {
		status = "online"
	}
	p.emit(p.io.To(protocol.PresenceRoom(organizationID)), protocol.AgentStatusEvent, protocol.AgentStatusChanged{
		AgentID: agentID,
		Status:  status,
	})
}

// EmbedTokenRevoked disconnects the end users whose page the token opened.
func (p *Publisher) EmbedTokenRevoked(embedTokenID string) {
	p.io.DisconnectSockets(protocol.EmbedTokenRoom(embedTokenID))
}

// WebSessionEnded disconnects the sockets of a login.
func (p *Publisher) WebSessionEnded(webSessionID string) {
	p.io.DisconnectSockets(webSessionRoom(webSessionID))
}

// UserSessionsEnded disconnects the sockets of a user.
func (p *Publisher) UserSessionsEnded(userID string) { p.io.DisconnectSockets(userRoom(userID)) }

func (p *Publisher) emit(to socketio.Broadcast, event string, payload any) {
	logUnsent(event, to.Emit(event, payload))
}
