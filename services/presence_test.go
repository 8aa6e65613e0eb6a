package services_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/services"
)

// nodes is a PresenceStore that can be away, and whose other nodes the test plays.
type nodes struct {
	mu         sync.Mutex
	away       bool
	calls      int
	held       map[string]bool // by this node
	elsewhere  map[string]bool // by another
	dead, back []services.PresentAgent
}

func newNodes() *nodes { return &nodes{held: map[string]bool{}, elsewhere: map[string]bool{}} }

var errAway = errors.New("connection refused")

func (n *nodes) call() error {
	n.calls++
	if n.away {
		return errAway
	}
	return nil
}

func (n *nodes) Add(_ context.Context, _, agentID string) (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.call(); err != nil {
		return false, err
	}
	n.held[agentID] = true
	return !n.elsewhere[agentID], nil
}

func (n *nodes) Remove(_ context.Context, _, agentID string) (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.call(); err != nil {
		return false, err
	}
	delete(n.held, agentID)
	return !n.elsewhere[agentID], nil
}

func (n *nodes) Refresh(context.Context) (dead, back []services.PresentAgent, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dead, n.back, n.call()
}

func (n *nodes) Online(context.Context, string) ([]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.held)), n.call()
}

func (n *nodes) setAway(away bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.away = away
}

func newPresence() (*services.Presence, *nodes, *recorder, *clock) {
	store := newNodes()
	events := newRecorder()
	clock := newClock()
	return services.NewPresence(store, called, events, clock.Now), store, events, clock
}

// called names everybody but the nameless.
func called(context.Context, string) (map[string]string, error) {
	return map[string]string{"ann": "Ann", "ben": "Ben"}, nil
}

var (
	annCame = agentStatus{"org", "ann", true}
	annLeft = agentStatus{"org", "ann", false}
)

func TestPresence_publishesTheFirstSocketAndTheLast(t *testing.T) {
	t.Parallel()
	presence, _, events, clock := newPresence()
	look := func() { presence.Reconcile(t.Context()) }
	presence.Connected("org", "ann")
	look()
	presence.Connected("org", "ann") // a second tab
	look()
	presence.Disconnected("org", "ann")
	clock.advance(time.Minute)
	look()
	equal(t, of[agentStatus](events), annCame)
	presence.Disconnected("org", "ann")
	look()
	clock.advance(services.PresenceGrace - time.Millisecond)
	look()
	equal(t, of[agentStatus](events), annCame)
	clock.advance(time.Millisecond)
	look()
	look()
	equal(t, of[agentStatus](events), annCame, annLeft)
	presence.Connected("org", "ann")
	look()
	equal(t, of[agentStatus](events), annCame, annLeft, annCame)
}

func TestPresence_doesNotFlapOverReloads(t *testing.T) {
	t.Parallel()
	presence, store, events, clock := newPresence()
	for range 5 {
		presence.Connected("org", "ann")
		presence.Reconcile(t.Context())
		clock.advance(time.Minute)
		presence.Disconnected("org", "ann")
		presence.Reconcile(t.Context())
		clock.advance(services.PresenceGrace - time.Millisecond)
		presence.Reconcile(t.Context())
	}
	equal(t, of[agentStatus](events), annCame)
	if store.calls != 2 { // to add Ann, and for the team
		t.Errorf("the store was asked %d times", store.calls)
	}
}

func TestPresence_publishesNothingForAShortVisit(t *testing.T) {
	t.Parallel()
	presence, store, events, clock := newPresence()
	presence.Connected("org", "ann")
	presence.Disconnected("org", "ann")
	presence.Reconcile(t.Context())
	clock.advance(time.Hour)
	presence.Reconcile(t.Context())
	if len(of[agentStatus](events)) != 0 || store.calls != 0 {
		t.Errorf("published %v in %d calls", of[agentStatus](events), store.calls)
	}
}

func TestPresence_publishesFromTheNodeWithTheLastSocket(t *testing.T) {
	t.Parallel()
	presence, store, events, clock := newPresence()
	store.elsewhere["ann"] = true
	presence.Connected("org", "ann")
	presence.Reconcile(t.Context())
	presence.Disconnected("org", "ann")
	clock.advance(time.Minute)
	presence.Reconcile(t.Context())
	if published := of[agentStatus](events); len(published) != 0 || len(store.held) != 0 {
		t.Errorf("published %v, holds %v", published, store.held)
	}
}

func TestPresence_triesAgainUntilTheStoreIsBack(t *testing.T) {
	t.Parallel()
	presence, store, events, clock := newPresence()
	store.away = true
	presence.Connected("org", "ann")
	presence.Connected("org", "ben")
	presence.Reconcile(t.Context())
	if store.calls != 1 {
		t.Errorf("%d calls at a store that is away: each waits for its time-out", store.calls)
	}
	presence.Reconcile(t.Context())
	store.away = false
	presence.Reconcile(t.Context())
	if published := of[agentStatus](events); len(published) != 2 || !slices.Contains(published, annCame) {
		t.Errorf("published %v", published)
	}
	presence.Disconnected("org", "ann")
	clock.advance(services.PresenceGrace)
	store.away = true
	presence.Reconcile(t.Context())
	store.away = false
	presence.Reconcile(t.Context())
	equal(t, of[agentStatus](events)[2:], annLeft)
}

func TestPresence_publishesAgentsOfADeadNodeAndThoseWhoAreBack(t *testing.T) {
	t.Parallel()
	presence, store, events, _ := newPresence()
	store.dead = []services.PresentAgent{{OrganizationID: "org", AgentID: "ann"}}
	presence.Refresh(t.Context())
	store.dead, store.back = nil, []services.PresentAgent{{OrganizationID: "org", AgentID: "ann"}}
	presence.Refresh(t.Context())
	equal(t, of[agentStatus](events), annLeft, annCame)
}

func TestPresence_separatesOrganizations(t *testing.T) {
	t.Parallel()
	presence, _, events, _ := newPresence()
	presence.Connected("org", "ann")
	presence.Connected("other", "ann")
	presence.Reconcile(t.Context())
	if published := of[agentStatus](events); len(published) != 2 || !slices.Contains(published, agentStatus{"other", "ann", true}) {
		t.Errorf("published %v", published)
	}
}

func TestRun_storesAtOnceAndRemovesAllAtTheEnd(t *testing.T) {
	t.Parallel()
	presence, store, events, clock := newPresence()
	published := events.watch()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { presence.Run(ctx); close(ended) }()

	presence.Connected("org", "ann")
	presence.Connected("org", "ben")
	came := func() agentStatus {
		for one := range published {
			if status, ok := one.(agentStatus); ok {
				return status
			}
		}
		return agentStatus{}
	}
	for range 2 {
		if one := came(); !one.online {
			t.Errorf("published %v", one)
		}
	}
	presence.Disconnected("org", "ann")
	clock.advance(services.PresenceGrace)
	if one := came(); one != annLeft {
		t.Errorf("published %v", one)
	}
	stop() // Ben's socket is still open
	<-ended
	if one := came(); one != (agentStatus{"org", "ben", false}) || len(store.held) != 0 {
		t.Errorf("published %v, holds %v", one, store.held)
	}
}

func TestRun_endsWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	presence, store, _, _ := newPresence()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { presence.Run(ctx); close(ended) }()
	store.setAway(true)
	presence.Connected("org", "ann")
	stop()
	<-ended
}
