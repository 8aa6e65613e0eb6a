package realtime_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parley/handlers/protocol"
	"parley/models"
	"parley/services"
)

// The sockets that an event about a conversation may reach, or must not.
const (
	itsEndUser       = "its end user"
	anotherEndUser   = "an end user of another conversation"
	endUserWhoLeft   = "its end user, who left the room"
	unproven         = "a socket that has proven nothing"
	agentInIt        = "an agent in it"
	agentInQueue     = "an agent in the queue"
	agentInPresence  = "an agent in the presence room"
	agentWithoutRoom = "an agent who has joined nothing"
	foreignAgent     = "an agent of another organization"
)

// listeners connects one socket of each kind. Both organizations have agents in all of their rooms.
func (w *world) listeners(v visitor) map[string]*socket {
	w.Helper()
	other := w.visit("mo")
	sockets := map[string]*socket{
		itsEndUser:       w.endUser(v),
		anotherEndUser:   w.endUser(other),
		endUserWhoLeft:   w.endUser(v),
		unproven:         w.connect(""),
		agentInIt:        w.agent(w.seeded.Agent),
		agentInQueue:     w.agent(w.seeded.Agent),
		agentInPresence:  w.agent(w.seeded.Admin),
		agentWithoutRoom: w.agent(w.seeded.Agent),
		foreignAgent:     w.agent(w.elsewhere()),
	}
	sockets[endUserWhoLeft].ok("leave_conversation", v.id())
	sockets[agentInIt].ok("join_conversation", v.id())
	sockets[agentInQueue].ok("join_queue", nil)
	sockets[agentInPresence].ok("join_org_presence", nil)
	sockets[foreignAgent].ok("join_queue", nil)
	sockets[foreignAgent].ok("join_org_presence", nil)
	return sockets
}

// publication is something that happens to a conversation, and who hears of it by which events. A client that is not
// named hears nothing.
type publication struct {
	name    string
	publish func(p *aboutIt)
	heard   map[string][]string
}

// aboutIt is the Publisher with the ids of one conversation.
type aboutIt struct {
	services.Publisher
	organizationID, conversationID, sessionID, agentID string
}

var publications = []publication{
	{"a message is stored", func(p *aboutIt) {
		p.MessageStored(&services.Sent{Message: models.Message{
			ID:             models.NewID(),
			OrganizationID: p.organizationID,
			ConversationID: p.conversationID,
			SessionID:      p.sessionID,
			Seq:            1,
			SenderType:     models.SenderEndUser,
			ContentType:    models.TypeText,
			Content:        "Hello",
			CreatedAt:      models.Now(),
		}})
	}, map[string][]string{
		itsEndUser:   {protocol.MessageReceivedEvent},
		agentInIt:    {protocol.MessageReceivedEvent},
		agentInQueue: {protocol.ConversationUpdatedEvent},
	}},
	{"messages are read", func(p *aboutIt) {
		p.MessagesRead(services.MessagesRead{
			ConversationID: p.conversationID,
			MessageIDs:     []string{models.NewID()},
			ReaderType:     models.SenderAgent,
			ReaderID:       p.agentID,
			ReadAt:         time.Now(),
		})
	}, map[string][]string{
		itsEndUser: {protocol.MessagesReadEvent},
		agentInIt:  {protocol.MessagesReadEvent},
	}},
	{"an agent claims it", func(p *aboutIt) {
		p.ConversationAssigned(p.organizationID, p.conversationID, services.Agent{
			ID:   p.agentID,
			Name: "Alex",
		})
	}, map[string][]string{
		itsEndUser:   {protocol.AgentJoinedEvent},
		agentInIt:    {protocol.AgentJoinedEvent},
		agentInQueue: {protocol.AssignedEvent},
	}},
	{"the agent is unassigned", func(p *aboutIt) {
		p.ConversationReleased(p.organizationID, p.conversationID)
	}, map[string][]string{
		itsEndUser:   {protocol.AgentLeftEvent},
		agentInIt:    {protocol.AgentLeftEvent},
		agentInQueue: {protocol.ReleasedEvent},
	}},
	{"it is resolved", func(p *aboutIt) {
		p.ConversationResolved(p.organizationID, p.conversationID, p.sessionID, []string{"billing"})
	}, map[string][]string{
		itsEndUser:   {protocol.ResolvedEvent},
		agentInIt:    {protocol.ResolvedEvent},
		agentInQueue: {protocol.ResolvedEvent},
	}},
	{"it is opened again", func(p *aboutIt) {
		p.ConversationReopened(p.organizationID, p.conversationID, p.sessionID)
	}, map[string][]string{
		itsEndUser:   {protocol.ReopenedEvent},
		agentInIt:    {protocol.ReopenedEvent},
		agentInQueue: {protocol.ReopenedEvent},
	}},
	{"it is tagged", func(p *aboutIt) {
		p.ConversationTagged(p.organizationID, p.conversationID, p.sessionID, []string{"billing"})
	}, map[string][]string{agentInQueue: {protocol.TaggedEvent}}},
	{"its end user goes to another page", func(p *aboutIt) {
		p.VisitChanged(p.organizationID, p.conversationID)
	}, map[string][]string{agentInIt: {protocol.VisitChangedEvent}}},
	{"an agent comes online", func(p *aboutIt) {
		p.AgentStatusChanged(p.organizationID, p.agentID, true)
	}, map[string][]string{agentInPresence: {protocol.AgentStatusEvent}}},
	{"the team changes", func(p *aboutIt) {
		p.TeamChanged(p.organizationID, services.Team{Online: 1})
	}, map[string][]string{
		itsEndUser:     {protocol.TeamChangedEvent},
		anotherEndUser: {protocol.TeamChangedEvent},
	}},
}

func TestPublisher_reachesThoseWhoMayHear(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		sockets := w.listeners(v)
		p := &aboutIt{
			Publisher:      w.publisher,
			organizationID: w.seeded.OrganizationID,
			conversationID: v.conversationID,
			sessionID:      models.NewID(),
			agentID:        models.NewID(),
		}
		for _, publication := range publications {
			publication.publish(p)
			for listener, s := range sockets {
				if diff := cmp.Diff(publication.heard[listener], s.took()); diff != "" {
					w.Errorf("%s: %s (-should hear +heard):\n%s", publication.name, listener, diff)
				}
			}
		}
	})
}

// A tag is for agents: who is in the room of a conversation and the queue hears it once, and an end user not at all.
func TestResolved_comesOnceAndItsTagsToAgentsOnly(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		s := w.endUser(v)
		agent, queue := w.agent(w.seeded.Agent), w.agent(w.seeded.Admin)
		agent.ok("join_conversation", v.id())
		agent.ok("join_queue", nil)
		queue.ok("join_queue", nil)
		w.publisher.ConversationResolved(w.seeded.OrganizationID, v.conversationID, models.NewID(), []string{"vip"})
		for name, hears := range map[string]*socket{"agent in both rooms": agent, "agent in the queue": queue} {
			if diff := cmp.Diff([]any{"vip"}, hears.next("conversation_resolved")["tags"]); diff != "" {
				w.Errorf("%s (-want +got):\n%s", name, diff)
			}
			hears.silent()
		}
		if tags, shown := s.next("conversation_resolved")["tags"]; shown {
			w.Errorf("the end user reads the tags %v", tags)
		}
		s.silent()
	})
}

func TestEndedLogins_closeTheirSocketsAndNoOthers(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		s, agent := w.endUser(v), w.agent(w.seeded.Agent)
		login, err := w.WebSessions.LogIn(w.Context(), w.seeded.Agent.Email, w.seeded.Agent.Password, services.Client{})
		w.ok(err)
		sameLogin := w.connect(login.Token)
		admin := w.agent(w.seeded.Admin)
		identity, err := w.WebSessions.Identify(w.Context(), login.Token)
		w.ok(err)
		w.publisher.WebSessionEnded(identity.WebSessionID)
		sameLogin.closed()
		for _, other := range []*socket{s, agent, admin} {
			other.silent()
		}
		w.publisher.UserSessionsEnded(identity.User.ID)
		agent.closed()
		for _, other := range []*socket{s, admin} {
			other.silent()
		}
	})
}

// took returns the names of the events that were heard so far, sorted, and forgets them.
func (s *socket) took() []string {
	s.w.Helper()
	s.fence()
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, e := range s.events {
		names = append(names, e.name)
	}
	slices.Sort(names)
	s.events = nil
	return names
}

// A repeat is published by a node that has not published the original. Who has it must not hear it again.
func TestPublisher_aRepeatReachesThoseWhoMissTheMessage(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		s := w.endUser(v)
		s.ok("send_message", v.say("original"))
		original := w.messages(v)[0]
		s.next("message_received")
		s.next("message_received") // the bot's answer
		s.forget()
		w.publisher.MessageStored(&services.Sent{Message: original, Duplicate: true})
		s.fence()
		s.silent("message_received")
		missed := original
		missed.ID, missed.Seq = models.NewID(), w.messages(v)[len(w.messages(v))-1].Seq+1
		w.publisher.MessageStored(&services.Sent{Message: missed, Duplicate: true})
		if heard := s.next("message_received"); heard["id"] != missed.ID {
			t.Errorf("heard %v", heard)
		}
	})
}
