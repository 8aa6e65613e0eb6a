package services_test

import (
	"fmt"
	"sync"

	"parley/services"
)

// recorder is a Publisher that keeps its events.
type recorder struct {
	mu       sync.Mutex
	events   []any
	watchers []chan any
}

type (
	assigned    struct{ organizationID, conversationID, agentID, name string }
	released    struct{ organizationID, conversationID string }
	resolved    struct{ organizationID, conversationID, sessionID, tags string }
	reopened    struct{ organizationID, conversationID, sessionID string }
	tagged      struct{ organizationID, conversationID, sessionID, tags string }
	visited     struct{ organizationID, conversationID string }
	agentStatus struct {
		organizationID, agentID string
		online                  bool
	}
	team struct {
		organizationID, agents string
		online                 int
	}
	embedTokenRevoked struct{ id string }
	webSessionEnded   struct{ id string }
	userSessionsEnded struct{ userID string }
)

func newRecorder() *recorder { return &recorder{} }

func (n *recorder) record(what any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events = append(n.events, what)
	for _, watcher := range n.watchers {
		watcher <- what
	}
}

func (n *recorder) MessageStored(sent *services.Sent)    { n.record(sent.Message) }
func (n *recorder) MessagesRead(r services.MessagesRead) { n.record(r) }
func (n *recorder) ConversationAssigned(org, conv string, agent services.Agent) {
	n.record(assigned{org, conv, agent.ID, agent.Name})
}
func (n *recorder) ConversationReleased(org, conv string) { n.record(released{org, conv}) }
func (n *recorder) ConversationReopened(org, conv, session string) {
	n.record(reopened{org, conv, session})
}
func (n *recorder) ConversationTagged(org, conv, session string, tags []string) {
	n.record(tagged{org, conv, session, fmt.Sprint(tags)})
}
func (n *recorder) VisitChanged(org, conv string) { n.record(visited{org, conv}) }
func (n *recorder) TeamChanged(org string, t services.Team) {
	n.record(team{org, fmt.Sprint(t.Agents), t.Online})
}
func (n *recorder) ConversationResolved(org, conv, session string, tags []string) {
	n.record(resolved{org, conv, session, fmt.Sprint(tags)})
}
func (n *recorder) AgentStatusChanged(org, ag string, online bool) {
	n.record(agentStatus{org, ag, online})
}
func (n *recorder) EmbedTokenRevoked(id string)     { n.record(embedTokenRevoked{id}) }
func (n *recorder) WebSessionEnded(id string)       { n.record(webSessionEnded{id}) }
func (n *recorder) UserSessionsEnded(userID string) { n.record(userSessionsEnded{userID}) }

// watch sends everything that is published from now on; the channel must be read or large.
func (n *recorder) watch() <-chan any {
	n.mu.Lock()
	defer n.mu.Unlock()
	watcher := make(chan any, 10_000)
	n.watchers = append(n.watchers, watcher)
	return watcher
}

// of is the events of one type so far.
func of[T any](n *recorder) (found []T) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, one := range n.events {
		if it, ok := one.(T); ok {
			found = append(found, it)
		}
	}
	return found
}
