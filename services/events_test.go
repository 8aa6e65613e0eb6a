package services_test

import (
	"fmt"
	"sync"

	"parley/models"
	"parley/services"
)

// news is a Publisher that writes down what it is told.
type news struct {
	mu       sync.Mutex
	told     []any
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
	webSessionEnded   struct{ id string }
	userSessionsEnded struct{ userID string }
)

func newNews() *news { return &news{} }

func (n *news) tell(what any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told = append(n.told, what)
	for _, watcher := range n.watchers {
		watcher <- what
	}
}

func (n *news) MessageStored(m models.Message)       { n.tell(m) }
func (n *news) MessagesRead(r services.MessagesRead) { n.tell(r) }
func (n *news) ConversationAssigned(org, conv string, agent services.Agent) {
	n.tell(assigned{org, conv, agent.ID, agent.Name})
}
func (n *news) ConversationReleased(org, conv string)          { n.tell(released{org, conv}) }
func (n *news) ConversationReopened(org, conv, session string) { n.tell(reopened{org, conv, session}) }
func (n *news) ConversationTagged(org, conv, session string, tags []string) {
	n.tell(tagged{org, conv, session, fmt.Sprint(tags)})
}
func (n *news) VisitChanged(org, conv string) { n.tell(visited{org, conv}) }
func (n *news) TeamChanged(org string, t services.Team) {
	n.tell(team{org, fmt.Sprint(t.Agents), t.Online})
}
func (n *news) ConversationResolved(org, conv, session string, tags []string) {
	n.tell(resolved{org, conv, session, fmt.Sprint(tags)})
}
func (n *news) AgentStatusChanged(org, ag string, online bool) {
	n.tell(agentStatus{org, ag, online})
}
func (n *news) WebSessionEnded(id string)       { n.tell(webSessionEnded{id}) }
func (n *news) UserSessionsEnded(userID string) { n.tell(userSessionsEnded{userID}) }

// watch sends everything that is told from now on; the channel must be read or large.
func (n *news) watch() <-chan any {
	n.mu.Lock()
	defer n.mu.Unlock()
	watcher := make(chan any, 10_000)
	n.watchers = append(n.watchers, watcher)
	return watcher
}

// of is what was told of one kind, so far.
func of[T any](n *news) (told []T) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, one := range n.told {
		if it, ok := one.(T); ok {
			told = append(told, it)
		}
	}
	return told
}
