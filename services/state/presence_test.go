package state_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/services"
	"parley/services/state"
)

func eachPresence(t *testing.T, test func(t *testing.T, store services.PresenceStore)) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) { test(t, state.NewMemoryPresence()) })
	t.Run("redis", func(t *testing.T) { test(t, state.NewRedisPresence(Redis(t))) })
}

func add(t *testing.T, store services.PresenceStore, organizationID, agentID string) (first bool) {
	t.Helper()
	first, err := store.Add(t.Context(), organizationID, agentID)
	if err != nil {
		t.Fatal(err)
	}
	return first
}

func remove(t *testing.T, store services.PresenceStore, organizationID, agentID string) (last bool) {
	t.Helper()
	last, err := store.Remove(t.Context(), organizationID, agentID)
	if err != nil {
		t.Fatal(err)
	}
	return last
}

func refresh(t *testing.T, store services.PresenceStore) (dead, back []services.PresentAgent) {
	t.Helper()
	dead, back, err := store.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return dead, back
}

func online(t *testing.T, store services.PresenceStore, organizationID string) []string {
	t.Helper()
	agents, err := store.Online(t.Context(), organizationID)
	if err != nil {
		t.Fatal(err)
	}
	if agents == nil {
		t.Error("nobody is null, not an empty list")
	}
	return agents
}

func TestPresence_ofOneNode(t *testing.T) {
	eachPresence(t, func(t *testing.T, store services.PresenceStore) {
		equal(t, online(t, store, "org"), "")
		if !add(t, store, "org", "ben") || !add(t, store, "org", "ann") || !add(t, store, "other", "ann") {
			t.Error("was not the first")
		}
		equal(t, online(t, store, "org"), "ann ben")
		equal(t, online(t, store, "other"), "ann")
		if !add(t, store, "org", "ann") {
			t.Error("the answer is another when it is asked for again")
		}
		if dead, back := refresh(t, store); len(dead) != 0 || len(back) != 0 {
			t.Errorf("dead %v, back %v", dead, back)
		}
		for range 2 { // again, because the first answer got lost
			if !remove(t, store, "org", "ann") {
				t.Error("was not the last")
			}
		}
		equal(t, online(t, store, "org"), "ben")
		equal(t, online(t, store, "other"), "ann")
	})
}

// twoNodes share a Redis.
func twoNodes(t *testing.T) (a, b *state.RedisPresence, client redis.UniversalClient, prefix string) {
	t.Helper()
	client, prefix = Redis(t)
	return state.NewRedisPresence(client, prefix), state.NewRedisPresence(client, prefix), client, prefix
}

func TestPresence_isSharedByTwoNodes(t *testing.T) {
	t.Parallel()
	a, b, _, _ := twoNodes(t)
	if !add(t, a, "org", "ann") || add(t, b, "org", "ann") {
		t.Error("the first is not the first")
	}
	equal(t, online(t, a, "org"), "ann")
	equal(t, online(t, b, "org"), "ann")
	if remove(t, a, "org", "ann") || !remove(t, b, "org", "ann") {
		t.Error("the last is not the last")
	}
	equal(t, online(t, a, "org"), "")
}

func TestPresence_ofADeadNodeIsReportedOnce(t *testing.T) {
	t.Parallel()
	a, b, client, prefix := twoNodes(t)
	third := state.NewRedisPresence(client, prefix)
	add(t, a, "org", "ann")
	add(t, a, "org", "ben")
	add(t, b, "org", "ben") // Ben has a socket on both
	age(t, client, prefix, 30*time.Second)
	if dead, _ := refresh(t, b); len(dead) != 0 {
		t.Errorf("dead after 30 s: %v", dead)
	}
	age(t, client, prefix, 15*time.Second) // a has crashed: it refreshes nothing
	equal(t, online(t, b, "org"), "ben")
	first, _ := refresh(t, b)
	second, _ := refresh(t, third)
	equal(t, append(first, second...), "{org ann}")
	if dead, _ := refresh(t, b); len(dead) != 0 {
		t.Errorf("reported again: %v", dead)
	}
	if !add(t, b, "org", "ann") {
		t.Error("who comes back is not the first")
	}
}

// When Redis or the network comes back, agents whose node was taken for dead are online again.
func TestPresence_isRestoredAfterAnOutage(t *testing.T) {
	t.Parallel()
	a, b, client, prefix := twoNodes(t)
	add(t, a, "org", "ann")
	add(t, b, "org", "ben")
	age(t, client, prefix, time.Minute)
	dead, back := refresh(t, a)
	equal(t, dead, "{org ben}")
	equal(t, back, "{org ann}")
	dead, back = refresh(t, b)
	equal(t, dead, "")
	equal(t, back, "{org ben}")
	equal(t, online(t, a, "org"), "ann ben")
}

func TestPresence_isStoredAgainIfRedisLosesIt(t *testing.T) {
	t.Parallel()
	a, b, client, prefix := twoNodes(t)
	add(t, a, "org", "ann")
	add(t, b, "org", "ann")
	for _, key := range keys(t, client, prefix) {
		client.Del(t.Context(), key)
	}
	if dead, back := refresh(t, a); len(dead) != 0 || len(back) != 1 {
		t.Errorf("dead %v, back %v", dead, back)
	}
	if dead, back := refresh(t, b); len(dead) != 0 || len(back) != 0 {
		t.Errorf("dead %v, back %v", dead, back)
	}
	equal(t, online(t, b, "org"), "ann")
	remove(t, a, "org", "ann")
	refresh(t, a) // does not bring back whom it has let go
	if !remove(t, b, "org", "ann") {
		t.Error("was not the last")
	}
}

func TestPresence_isUnavailableWithoutRedis(t *testing.T) {
	t.Parallel()
	store := state.NewRedisPresence(gone(t), "x:")
	if _, err := store.Add(t.Context(), "org", "ann"); err == nil {
		t.Error("added")
	}
	if _, err := store.Remove(t.Context(), "org", "ann"); err == nil {
		t.Error("removed")
	}
	if _, _, err := store.Refresh(t.Context()); err == nil {
		t.Error("refreshed")
	}
	if _, err := store.Online(t.Context(), "org"); services.KindOf(err) != services.Unavailable {
		t.Errorf("online: %v", err)
	}
}

// The agents of a node are refreshed together, however many there are, and each for its own organization.
func TestPresence_isRefreshedForManyAgents(t *testing.T) {
	t.Parallel()
	a, b, client, prefix := twoNodes(t)
	for i := range 500 {
		add(t, a, "org", strconv.Itoa(i))
		add(t, a, "other", strconv.Itoa(i))
	}
	add(t, b, "org", "7") // has a socket on both
	for _, key := range keys(t, client, prefix) {
		client.Del(t.Context(), key)
	}
	if dead, back := refresh(t, b); len(dead) != 0 || fmt.Sprint(back) != "[{org 7}]" {
		t.Errorf("dead %v, back %v", dead, back)
	}
	if dead, back := refresh(t, a); len(dead) != 0 || len(back) != 999 {
		t.Errorf("%d dead, %d back", len(dead), len(back))
	}
	if here, there := online(t, b, "org"), online(t, b, "other"); len(here) != 500 || len(there) != 500 {
		t.Errorf("%d and %d are online", len(here), len(there))
	}
	age(t, client, prefix, time.Minute) // a has crashed
	if dead, back := refresh(t, b); len(dead) != 999 || fmt.Sprint(back) != "[{org 7}]" {
		t.Errorf("%d dead, back %v", len(dead), back)
	}
}
