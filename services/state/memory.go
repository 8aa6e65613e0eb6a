// Package state keeps what the nodes of an installation share and may lose: presence, rate limits, web sessions. Every
// kind has one implementation in this process (or its database) and one on Redis, and one table of tests runs against
// both.
package state

import (
	"context"
	"slices"
	"sync"
	"time"

	"parley/services"
)

// MemoryLimiter counts in this process.
type MemoryLimiter struct {
	clock services.Clock

	mu       sync.Mutex
	attempts map[string]*window
	sweepAt  time.Time
}

// window is the attempts at one key that may still count, oldest first.
type window struct {
	times  []time.Time
	length time.Duration
}

// NewMemoryLimiter makes one.
func NewMemoryLimiter(clock services.Clock) *MemoryLimiter {
	return &MemoryLimiter{clock: clock, attempts: map[string]*window{}}
}

// Allow implements services.Limiter.
func (l *MemoryLimiter) Allow(_ context.Context, key string, rate services.Rate) (time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	l.sweep(now)
	key = services.HashToken(key) // a key may hold what a stranger typed, of any length
	if wait := l.wait(key, rate, now); wait > 0 {
		return wait, nil
	}
	w := l.attempts[key]
	if w == nil {
		w = &window{}
		l.attempts[key] = w
	}
	w.times, w.length = append(w.times, now), rate.Window
	return 0, nil
}

// Wait implements services.Limiter.
func (l *MemoryLimiter) Wait(_ context.Context, key string, rate services.Rate) (time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wait(services.HashToken(key), rate, l.clock()), nil
}

func (l *MemoryLimiter) wait(key string, rate services.Rate, now time.Time) time.Duration {
	w := l.attempts[key]
	if w == nil {
		return 0
	}
	for len(w.times) > 0 && now.Sub(w.times[0]) >= rate.Window {
		w.times = w.times[1:]
	}
	if len(w.times) < rate.Count {
		return 0
	}
	return rate.Window - now.Sub(w.times[len(w.times)-rate.Count])
}

// sweep forgets keys that no longer count, once a minute: end users come and go for ever.
func (l *MemoryLimiter) sweep(now time.Time) {
	if now.Before(l.sweepAt) {
		return
	}
	l.sweepAt = now.Add(time.Minute)
	for key, w := range l.attempts {
		if len(w.times) == 0 || now.Sub(w.times[len(w.times)-1]) >= w.length {
			delete(l.attempts, key)
		}
	}
}

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
