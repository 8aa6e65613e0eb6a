package services

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	presenceGrace   = 2 * time.Second  // after an agent's last socket: a reload does not flap
	presenceRefresh = 10 * time.Second // how often this node says that its agents live
)

// Presence knows which agents are online. Sockets come and go in memory; one goroutine brings the store, which all
// nodes share, in line with that, so a store that is slow or away delays news and nothing else.
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
	emptySince time.Time // when sockets became 0
	stored     bool      // the store knows that this node holds the agent
}

// NewPresence makes the service; Run starts it. names are what the users of an organization are called, by id.
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

// Disconnected takes one off.
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

// Team is who of an organization is online, for its end users. Error: Unavailable while the store is away.
func (p *Presence) Team(ctx context.Context, organizationID string) (Team, error) {
	return p.teams.of(ctx, organizationID)
}

// Run keeps the store up to date until ctx ends, then takes this node's agents out of it.
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

// leave takes out every agent of this node, whatever its sockets: they end with it.
func (p *Presence) leave(ctx context.Context) {
	p.mu.Lock()
	for _, state := range p.agents {
		state.sockets, state.emptySince = 0, time.Time{}
	}
	p.mu.Unlock()
	p.reconcile(ctx, 0)
}

// reconcile stores agents that came, and takes out those without a socket for grace. At the first failure it stops, so
// as not to wait for each while the store is away; the next look tries again.
func (p *Presence) reconcile(ctx context.Context, grace time.Duration) {
	var news []PresentAgent
	defer func() { p.tellTeams(ctx, news) }()
	for _, agent := range p.changed(grace, false) {
		first, err := p.store.Add(ctx, agent.OrganizationID, agent.AgentID)
		if err != nil {
			slog.Warn("store presence", "error", err)
			return
		}
		p.settle(agent, true)
		if first {
			p.publisher.AgentStatusChanged(agent.OrganizationID, agent.AgentID, true)
			news = append(news, agent)
		}
	}
	for _, agent := range p.changed(grace, true) {
		last, err := p.store.Remove(ctx, agent.OrganizationID, agent.AgentID)
		if err != nil {
			slog.Warn("store presence", "error", err)
			return
		}
		p.settle(agent, false)
		if last {
			p.publisher.AgentStatusChanged(agent.OrganizationID, agent.AgentID, false)
			news = append(news, agent)
		}
	}
}

// tellTeams says how the teams are after agents came and went: once an organization, however many of its agents did.
func (p *Presence) tellTeams(ctx context.Context, news []PresentAgent) {
	told := map[string]bool{}
	for _, agent := range news {
		if told[agent.OrganizationID] {
			continue
		}
		told[agent.OrganizationID] = true
		team, err := p.Team(ctx, agent.OrganizationID)
		if err != nil {
			slog.Warn("read team", "error", err)
			return
		}
		p.publisher.TeamChanged(agent.OrganizationID, team)
	}
}

// changed lists the agents that the store has (stored) or lacks against what the sockets say.
func (p *Presence) changed(grace time.Duration, stored bool) []PresentAgent {
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
		slog.Warn("refresh presence", "error", err)
	}
	for _, agent := range dead {
		p.publisher.AgentStatusChanged(agent.OrganizationID, agent.AgentID, false)
	}
	for _, agent := range back {
		p.publisher.AgentStatusChanged(agent.OrganizationID, agent.AgentID, true)
	}
	p.tellTeams(ctx, append(dead, back...))
}
