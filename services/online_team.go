package services

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxTeam     = 20                     // agents in a Team
	teamTimeout = 500 * time.Millisecond // for reading a team; an end user who joins waits for it
	teamRetry   = time.Second            // how long the store is not asked after it failed
	namesLife   = time.Minute            // how long names are cached
)

// Team is the online agents of an organization, for its end users. Agents has at most maxTeam of them, sorted by name.
// Online is the number of all.
type Team struct {
	Agents []Agent
	Online int
}

// Names reads the names of an organization's users, by id.
type Names func(ctx context.Context, organizationID string) (map[string]string, error)

// teams reads teams from the presence store. It caches names, because every end user who joins needs them.
type teams struct {
	store PresenceStore
	read  Names
	clock Clock

	mu        sync.Mutex
	names     map[string]knownNames // by organization
	awayUntil time.Time             // the store is not asked before
}

type knownNames struct {
	names  map[string]string
	readAt time.Time
}

func newTeams(store PresenceStore, read Names, clock Clock) *teams {
	return &teams{store: store, read: read, clock: clock, names: map[string]knownNames{}}
}

func (t *teams) of(ctx context.Context, organizationID string) (Team, error) {
	ctx, cancel := context.WithTimeout(ctx, teamTimeout)
	defer cancel()
	online, err := t.online(ctx, organizationID)
	if err != nil {
		return Team{}, err
	}
	names, err := t.namesOf(ctx, organizationID, online)
	if err != nil {
		return Team{}, fmt.Errorf("read names: %w", err)
	}
	team := Team{Agents: []Agent{}, Online: len(online)}
	for _, id := range online {
		if name := names[id]; name != "" {
			team.Agents = append(team.Agents, Agent{ID: id, Name: name})
		}
	}
	slices.SortFunc(team.Agents, func(a, b Agent) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	team.Agents = team.Agents[:min(len(team.Agents), maxTeam)]
	return team, nil
}

// online reads the store. After a failure it refuses for teamRetry, because thousands of end users may join in the
// meantime.
func (t *teams) online(ctx context.Context, organizationID string) ([]string, error) {
	t.mu.Lock()
	away := t.clock().Before(t.awayUntil)
	t.mu.Unlock()
	if away {
		return nil, Refuse(Unavailable, "We can't see who is online right now. Try again in a moment.")
	}
	online, err := t.store.Online(ctx, organizationID)
	if err != nil {
		t.mu.Lock()
		t.awayUntil = t.clock().Add(teamRetry)
		t.mu.Unlock()
	}
	return online, err
}

// namesOf returns an organization's names. It reads them again when they are older than namesLife, or one of ids is
// missing.
func (t *teams) namesOf(ctx context.Context, organizationID string, ids []string) (map[string]string, error) {
	t.mu.Lock()
	known := t.names[organizationID]
	t.mu.Unlock()
	unknown := func(id string) bool { return known.names[id] == "" }
	if known.names != nil && t.clock().Sub(known.readAt) < namesLife && !slices.ContainsFunc(ids, unknown) {
		return known.names, nil
	}
	names, err := t.read(ctx, organizationID)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.names[organizationID] = knownNames{names, t.clock()}
	return names, nil
}
