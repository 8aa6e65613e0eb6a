package realtime

import (
	"context"
	"time"

	"parley/services"
)

// SetRhythm replaces the intervals. Call it before Run.
func (s *Server) SetRhythm(compare, settle time.Duration, announce int) {
	s.rhythm.compare = compare
	s.rhythm.settle = settle
	s.rhythm.announce = announce
}

// SetSweep replaces the interval of the sweeps for ended logins and revoked tokens. Call it before Run.
func (s *Server) SetSweep(interval time.Duration) { s.rhythm.sweep = interval }

// KeepInStep does at its own intervals, until ctx ends, what Run does at those of SetRhythm.
func (s *Server) KeepInStep(ctx context.Context, compare, settle time.Duration, announce int) {
	fast := &Server{
		io:            s.io,
		conversations: s.conversations,
		rhythm:        rhythm{compare, settle, announce, time.Hour},
	}
	fast.keepInStep(ctx)
}

// Step does what Run does at an interval, for all rooms in turn or for none.
func (s *Server) Step(ctx context.Context, inTurn bool) error {
	return s.step(ctx, func(string) bool { return inTurn }, false)
}

// SawReturns reports whether keepInStep has taken what OnReturn reported.
func (s *Server) SawReturns() bool { return len(s.returned) == 0 }

// AnnounceLost is what Step does after a wait.
func (s *Server) AnnounceLost(stored map[string]services.Stored) { s.announceLost(stored) }

// LimitEndUsers counts the events of end users, and lets those of one address join only so many conversations. Call it
// before the first socket connects.
func (s *Server) LimitEndUsers(joined int) { s.limitEndUsers, s.maxOfAddress = true, joined }

// LimitAgents lets each agent's sockets join only so many conversations. Call it before the first socket connects.
func (s *Server) LimitAgents(joined int) { s.maxOfUser = joined }

// Joined counts the addresses and agents that have joined a conversation.
func (s *Server) Joined() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.remembered)
}
