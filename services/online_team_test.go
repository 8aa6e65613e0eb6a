package services_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"parley/services"
)

func TestTeam_listsOnlineAgentsByName(t *testing.T) {
	t.Parallel()
	presence, store, _, _ := newPresence()
	team, err := presence.Team(t.Context(), "org")
	if err != nil || team.Online != 0 || team.Agents == nil || len(team.Agents) != 0 {
		t.Errorf("of nobody: %+v, %v", team, err)
	}
	store.held["ben"] = true
	store.held["ann"] = true
	store.held["gone"] = true // gone has no name
	team, err = presence.Team(t.Context(), "org")
	if err != nil || team.Online != 3 {
		t.Errorf("%+v, %v", team, err)
	}
	equal(t, team.Agents, services.Agent{
		ID:   "ann",
		Name: "Ann",
	}, services.Agent{ID: "ben", Name: "Ben"})
}

func TestTeam_listsTwentyAndCountsAll(t *testing.T) {
	t.Parallel()
	store, names := newNodes(), map[string]string{}
	for i := range 30 {
		id := fmt.Sprintf("agent-%02d", i)
		store.held[id], names[id] = true, fmt.Sprintf("Agent %02d", 30-i)
	}
	names["agent-00"] = names["agent-29"] // two of one name, in a fixed order
	presence := services.NewPresence(store, func(context.Context, string) (map[string]string, error) {
		return names, nil
	}, newRecorder(), newClock().Now)
	team, err := presence.Team(t.Context(), "org")
	if err != nil || team.Online != 30 || len(team.Agents) != services.MaxTeam {
		t.Fatalf("%+v, %v", team, err)
	}
	equal(t, team.Agents[:3], services.Agent{
		ID:   "agent-00",
		Name: "Agent 01",
	}, services.Agent{
		ID:   "agent-29",
		Name: "Agent 01",
	}, services.Agent{ID: "agent-28", Name: "Agent 02"})
}

func TestTeam_cachesNames(t *testing.T) {
	t.Parallel()
	store := newNodes()
	clock := newClock()
	reads := 0
	names := map[string]string{"ann": "Ann"}
	presence := services.NewPresence(store, func(context.Context, string) (map[string]string, error) {
		reads++
		return map[string]string{"ann": names["ann"], "ben": names["ben"]}, nil
	}, newRecorder(), clock.Now)
	read := func(want int) {
		t.Helper()
		for range 3 {
			if _, err := presence.Team(t.Context(), "org"); err != nil {
				t.Fatal(err)
			}
		}
		if reads != want {
			t.Errorf("names were read %d times, want %d", reads, want)
		}
	}
	store.held["ann"] = true
	read(1)
	names["ben"], store.held["ben"] = "Ben", true // hired a moment ago
	read(2)
	clock.advance(services.NamesLife)
	read(3)
}

func TestTeam_isPublishedOncePerOrganization(t *testing.T) {
	t.Parallel()
	presence, _, events, clock := newPresence()
	presence.Connected("org", "ann")
	presence.Connected("org", "ben")
	presence.Reconcile(t.Context())
	equal(t, of[team](events), team{"org", "[{ann Ann } {ben Ben }]", 2})
	presence.Connected("org", "ann") // a second tab publishes nothing
	presence.Reconcile(t.Context())
	presence.Disconnected("org", "ben")
	clock.advance(services.PresenceGrace)
	presence.Reconcile(t.Context())
	equal(t, of[team](events)[1:], team{"org", "[{ann Ann }]", 1})
}

func TestTeam_isPublishedWhenANodeDies(t *testing.T) {
	t.Parallel()
	presence, store, events, _ := newPresence()
	store.held["ben"] = true
	store.dead = []services.PresentAgent{{
		OrganizationID: "org",
		AgentID:        "ann",
	}, {OrganizationID: "other", AgentID: "eve"}}
	presence.Refresh(t.Context())
	equal(t, of[team](events), team{"org", "[{ben Ben }]", 1}, team{"other", "[{ben Ben }]", 1})
}

func TestTeam_asksAFailingStoreOnceASecond(t *testing.T) {
	t.Parallel()
	presence, store, _, clock := newPresence()
	store.setAway(true)
	for range 100 {
		if _, err := presence.Team(t.Context(), "org"); err == nil {
			t.Fatal("a team of nowhere")
		}
	}
	if store.calls != 1 {
		t.Errorf("%d calls: everybody who joins waits for one", store.calls)
	}
	store.setAway(false)
	clock.advance(services.TeamRetry)
	if _, err := presence.Team(t.Context(), "org"); err != nil {
		t.Error(err)
	}
}

func TestTeam_doesNotWaitForASlowDatabase(t *testing.T) {
	t.Parallel()
	store := newNodes()
	store.held["ann"] = true
	events := newRecorder()
	slow := func(ctx context.Context, _ string) (map[string]string, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	presence := services.NewPresence(store, slow, events, newClock().Now)
	if _, err := presence.Team(t.Context(), "org"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	presence.Connected("org", "ann")
	presence.Reconcile(t.Context())
	if len(of[agentStatus](events)) != 1 || len(of[team](events)) != 0 {
		t.Errorf("published %v, %v", of[agentStatus](events), of[team](events))
	}
}
