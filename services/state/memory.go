// Package state keeps what the nodes of an installation share and may lose: presence and rate limits. Each has one
// implementation in this process and one on Redis, and one table of tests runs against both.
package state

import (
	"context"
	"slices"
	"sync"

	"parley/services"
)

// MemoryPresence is the presence of an installation of one node.
type MemoryPresence struct {
	mu     sync.Mutex
	agents map[services.PresentAgent]bool
}

// NewMemoryPresence makes one.
func NewMemoryPresence() *MemoryPresence {
	return &MemoryPresence{agents: map[services.PresentAgent]bool{}}
}

// Add implements services.PresenceStore.
func (p *MemoryPresence) Add(_ context.Context, organizationID, agentID string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.agents[services.PresentAgent{OrganizationID: organizationID, AgentID: agentID}] = true
	return true, nil
}

// Remove implements services.PresenceStore.
func (p *MemoryPresence) Remove(_ context.Context, organizationID, agentID string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.agents, services.PresentAgent{OrganizationID: organizationID, AgentID: agentID})
	return true, nil
}

// Refresh implements services.PresenceStore: with one node nobody else can die.
func (p *MemoryPresence) Refresh(context.Context) (dead, back []services.PresentAgent, err error) {
	return nil, nil, nil
}

// Online implements services.PresenceStore.
func (p *MemoryPresence) Online(_ context.Context, organizationID string) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	agents := []string{}
	for agent := range p.agents {
		if agent.OrganizationID == organizationID {
			agents = append(agents, agent.AgentID)
		}
	}
	slices.Sort(agents)
	return agents, nil
}
