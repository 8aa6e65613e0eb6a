package services

import (
	"context"
	"sync"
	"time"
)

const (
	presenceGrace   = 2 * time.Second // how long an agent without a socket stays online, such as during a reload
	presenceRefresh = 3 * time.Second // how often this node refreshes its agents in the store, which may lose them
)

// Presence tracks which agents are online. Sockets are counted in memory. One goroutine copies the result into the
// store that all nodes share, so a slow or failing store delays events and nothing else.
type Presence struct {
	store     PresenceStore
	publisher Publisher
	clock     Clock
	teams     *teams

	mu     sync.Mutex
	agents map[PresentAgent]*presentAgent
	wake   chan struct{}
}

type presentAgent struct {
	sockets    int
	emptySince time.Time // when the last socket closed
	stored     bool      // the store has the agent for this node
}

// NewPresence creates the service. Run must run at the same time. names reads the names of an organization's users.
func NewPresence(store PresenceStore, names Names, publisher Publisher, clock Clock) *Presence {
	return &Presence{
		store:     store,
		publisher: publisher,
		clock:     clock,
		teams:     newTeams(store, names, clock),
		agents:    map[PresentAgent]*presentAgent{},
		wake:      make(chan struct{}, 1),
	}
}

// Connected counts a socket of an agent.
func (p *Presence) Connected(organizationID, agentID string) {
	p.count(PresentAgent{organizationID, agentID}, 1)
}

// Disconnected undoes one Connected.
func (p *Presence) Disconnected(organizationID, agentID string) {
	p.count(PresentAgent{organizationID, agentID}, -1)
}

func (p *Presence) count(agent PresentAgent, change int) {
	p.mu.Lock()
	state := p.agents[agent]
	if state == nil {
		state = &presentAgent{}
		p.agents[agent] = state
	}
	if state.sockets += change; state.sockets == 0 {
		state.emptySince = p.clock()
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Online lists the online agents of an organization.
func (p *Presence) Online(ctx context.Context, organizationID string) ([]string, error) {
	return p.store.Online(ctx, organizationID)
}

// Team returns the online agents of an organization, for its end users. Error: Unavailable while the store fails.
func (p *Presence) Team(ctx context.Context, organizationID string) (Team, error) {
	return p.teams.of(ctx, organizationID)
}

// Run keeps the store up to date until ctx ends, then removes this node's agents from it.
func (p *Presence) Run(ctx context.Context) {
	look := time.NewTicker(presenceGrace / 8)
	defer look.Stop()
	refresh := time.NewTicker(presenceRefresh)
	defer refresh.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			p.leave(last)
			return
		case <-p.wake:
			p.reconcile(ctx, presenceGrace)
		case <-look.C:
			p.reconcile(ctx, presenceGrace)
		case <-refresh.C:
			p.refresh(ctx)
		}
	}
}

// leave removes every agent of this node, because their sockets close with the node.
func (p *Presence) leave(ctx context.Context) {
	p.mu.Lock()
	for _, state := range p.agents {
		state.sockets, state.emptySince = 0, time.Time{}
	}
	p.mu.Unlock()
	p.reconcile(ctx, 0)
}

// reconcile adds new agents to the store, and removes those that have had no socket for grace. It stops at the first
// failure, so that it does not wait for every agent while the store fails. The next call tries again.
func (p *Presence) reconcile(ctx context.Context, grace time.Duration) {
	var changed []PresentAgent
	defer func() { p.publishTeams(ctx, changed) }()
	for _, agent := range p.outdated(grace, false) {
		first, err := p.store.Add(ctx, agent.OrganizationID, agent.AgentID)
		if err != nil {
			LogFailure("store presence", err)
			return
		}
		p.settle(agent, true)
		if first {
			p.publisher.AgentStatusChanged(agent.OrganizationID, agent.AgentID, true)
			changed = append(changed, agent)
		}
	}
	for _, agent := range p.outdated(grace, true) {
		last, err := p.store.Remove(ctx, agent.OrganizationID, agent.AgentID)
		if err != nil {
			LogFailure("store presence", err)
			return
		}
		p.settle(agent, false)
		if last {
			p.publisher.AgentStatusChanged(agent.OrganizationID, agent.AgentID, false)
			changed = append(changed, agent)
		}
	}
}

// publishTeams publishes the team of each organization whose agents came or went, once.
func (p *Presence) publishTeams(ctx context.Context, changed []PresentAgent) {
	published := map[string]bool{}
	for _, agent := range changed {
		if published[agent.OrganizationID] {
			continue
		}
		published[agent.OrganizationID] = true
		team, err := p.Team(ctx, agent.OrganizationID)
		if err != nil {
			LogFailure("read team", err)
			return
		}
		p.publisher.TeamChanged(agent.OrganizationID, team)
	}
}

// outdated lists the agents to add to the store or, if stored is true, to remove from it.
func (p *Presence) outdated(grace time.Duration, stored bool) []PresentAgent {
	p.mu.Lock()
	defer p.mu.Unlock()
	var agents []PresentAgent
	for agent, state := range p.agents {
		gone := state.sockets == 0 && p.clock().Sub(state.emptySince) >= grace
		switch {
		case gone && !state.stored:
			delete(p.agents, agent)
		case state.stored == stored && gone == stored && (stored || state.sockets > 0):
			agents = append(agents, agent)
		}
	}
	return agents
}

func (p *Presence) settle(agent PresentAgent, stored bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if state := p.agents[agent]; state != nil {
		state.stored = stored
	}
}

func (p *Presence) refresh(ctx context.Context) {
	dead, back, err := p.store.Refresh(ctx)
	if err != nil {
		LogFailure("refresh presence", err)
	}
	for _, agent := range dead {
		p.publisher.AgentStatusChanged(agent.OrganizationID, agent.AgentID, false)
	}
	for _, agent := range back {
		p.publisher.AgentStatusChanged(agent.OrganizationID, agent.AgentID, true)
	}
	p.publishTeams(ctx, append(dead, back...))
}
