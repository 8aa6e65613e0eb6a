package realtime

import (
	"log/slog"

	"parley/handlers/protocol"
	"parley/handlers/socketio"
	"parley/services"
)

// Publisher turns the services' news into events for rooms, on every node.
type Publisher struct{ io *socketio.Namespace }

// NewPublisher makes one. It implements services.Publisher.
func NewPublisher(io *socketio.Namespace) *Publisher { return &Publisher{io: io} }

var _ services.Publisher = (*Publisher)(nil)

// MessageStored tells the conversation, in the order of seq, and the queue.
func (p *Publisher) MessageStored(sent *services.Sent) {
	m := sent.Message
	message, err := encodeMessage(sent)
	if err != nil {
		slog.Error("encode message", "error", err)
		return
	}
	p.emit(p.io.To(protocol.ConversationRoom(m.ConversationID)).Sequence(uint64(m.Seq)), protocol.MessageReceivedEvent,
		message)
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

// MessagesRead tells the conversation.
func (p *Publisher) MessagesRead(r services.MessagesRead) {
	p.emit(p.io.To(protocol.ConversationRoom(r.ConversationID)), protocol.MessagesReadEvent, protocol.MessagesRead{
		ConversationID: r.ConversationID,
		MessageIDs:     r.MessageIDs,
		ReaderType:     r.ReaderType,
		ReaderID:       r.ReaderID,
		ReadAt:         protocol.Time(r.ReadAt),
	})
}

// ConversationAssigned tells the queue, and the conversation who answers.
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

// ConversationReleased tells the queue, and the conversation that nobody answers.
func (p *Publisher) ConversationReleased(organizationID, conversationID string) {
	p.emit(p.io.To(protocol.QueueRoom(organizationID)), protocol.ReleasedEvent,
		protocol.ConversationID{ConversationID: conversationID})
	p.emit(p.io.To(protocol.ConversationRoom(conversationID)), protocol.AgentLeftEvent,
		protocol.ConversationID{ConversationID: conversationID})
}

// ConversationResolved tells the conversation and the queue. Tags go to the queue alone, because the end user is in the
// conversation; a socket that is in both gets the event once, with tags.
func (p *Publisher) ConversationResolved(organizationID, conversationID, sessionID string, tags []string) {
	resolved := protocol.ConversationResolved{ConversationID: conversationID, SessionID: sessionID}
	queue := protocol.QueueRoom(organizationID)
	p.emit(p.io.To(protocol.ConversationRoom(conversationID)).ExceptRoom(queue), protocol.ResolvedEvent, resolved)
	resolved.Tags = &tags
	p.emit(p.io.To(queue), protocol.ResolvedEvent, resolved)
}

// ConversationReopened tells the conversation and the queue.
func (p *Publisher) ConversationReopened(organizationID, conversationID, sessionID string) {
	p.emit(p.io.To(protocol.ConversationRoom(conversationID)).To(protocol.QueueRoom(organizationID)),
		protocol.ReopenedEvent,
		protocol.ConversationReopened{ConversationID: conversationID, SessionID: sessionID})
}

// ConversationTagged tells the queue: tags are for agents.
func (p *Publisher) ConversationTagged(organizationID, conversationID, sessionID string, tags []string) {
	p.emit(p.io.To(protocol.QueueRoom(organizationID)), protocol.TaggedEvent, protocol.ConversationTagged{
		ConversationID: conversationID,
		SessionID:      sessionID,
		Tags:           tags,
	})
}

// VisitChanged tells the agents in the conversation.
func (p *Publisher) VisitChanged(_, conversationID string) {
	p.emit(p.io.To(protocol.ConversationAgentsRoom(conversationID)), protocol.VisitChangedEvent,
		protocol.ConversationID{ConversationID: conversationID})
}

// TeamChanged tells the organization's end users.
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

// AgentStatusChanged tells the organization's presence room.
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

// EmbedTokenRevoked closes the sockets of the end users whose page the token opened.
func (p *Publisher) EmbedTokenRevoked(embedTokenID string) {
	p.io.DisconnectSockets(protocol.EmbedTokenRoom(embedTokenID))
}

// WebSessionEnded closes the sockets of a login.
func (p *Publisher) WebSessionEnded(webSessionID string) {
	p.io.DisconnectSockets(webSessionRoom(webSessionID))
}

// UserSessionsEnded closes the sockets of a user.
func (p *Publisher) UserSessionsEnded(userID string) { p.io.DisconnectSockets(userRoom(userID)) }

func (p *Publisher) emit(to socketio.Broadcast, event string, payload any) {
	if err := to.Emit(event, payload); err != nil {
		slog.Warn("publish", "event", event, "error", err)
	}
}
