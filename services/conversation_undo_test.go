package services_test

import (
	"fmt"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

func (w *world) unassign(user models.User, ref services.Ref) models.ConversationSession {
	w.Helper()
	session, err := w.Conversations.Unassign(w.Context(), user, ref.ID)
	w.ok(err)
	return session
}

func (w *world) reopen(ref services.Ref) models.ConversationSession {
	w.Helper()
	session, err := w.Conversations.Reopen(w.Context(), w.ben, ref.ID)
	w.ok(err)
	return session
}

func (w *world) session(id string) (session models.ConversationSession) {
	w.Helper()
	w.ok(w.db.Read.Where("id = ?", id).Take(&session).Error)
	return session
}

func TestUnassign_unassignsTheAgentsOwn(t *testing.T) {
	each(t, func(w *world) {
		w.setBot(talkative)
		ref := w.opened("jo")
		claimed := w.claim(w.ann, ref)
		_, err := w.Conversations.SetTags(w.Context(), w.organization.ID, ref.ID, []string{"vip"})
		w.ok(err)
		session := w.unassign(w.ann, ref)
		stored := w.session(claimed.ID)
		for _, s := range []models.ConversationSession{session, stored} {
			if s.ID != claimed.ID || s.AssignedAgentID != nil || s.AssignedAt != nil ||
				s.Status != models.SessionOpen || len(s.Tags) != 1 || s.FirstMessageAt == nil {
				w.Errorf("unassigned %+v", s)
			}
		}
		equal(w, of[released](w.events), released{w.organization.ID, ref.ID})
		w.says(ref, "hello")
		if lines := w.transcript(ref); lines[len(lines)-1] != "4 bot: Hi!" {
			w.Errorf("the bot is still held back: %v", lines)
		}
		if again := w.claim(w.ben, ref); *again.AssignedAgentID != w.ben.ID {
			w.Errorf("claimed again: %+v", again)
		}
	})
}

func TestUnassign_refusesOtherAgents(t *testing.T) {
	each(t, func(w *world) {
		ref, resolvedRef := w.opened("jo"), w.opened("mo")
		w.claim(w.ann, resolvedRef)
		w.resolve(resolvedRef)
		for _, unassigned := range []services.Ref{ref, resolvedRef, w.unwritten("silent")} {
			_, err := w.Conversations.Unassign(w.Context(), w.ann, unassigned.ID)
			w.refused(services.Conflict, err)
		}
		w.claim(w.ann, ref)
		_, err := w.Conversations.Unassign(w.Context(), w.ben, ref.ID)
		w.refused(services.Conflict, err)
		if err.Error() != "This conversation was claimed by Ann." {
			w.Errorf("Ben reads %q", err)
		}
		if n := w.count(&models.ConversationSession{}, "assigned_agent_id = ?", w.ann.ID); n != 2 ||
			len(of[released](w.events)) != 0 {
			w.Errorf("Ann has %d, published %v", n, of[released](w.events))
		}
	})
}

func TestUnassign_atOnceSucceedsOnce(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		w.claim(w.ann, ref)
		w.onlyOneWins(func(int) error {
			_, err := w.Conversations.Unassign(w.Context(), w.ann, ref.ID)
			return err
		})
		equal(w, of[released](w.events), released{w.organization.ID, ref.ID})
	})
}

// onlyOneWins does the same eight times at once; all but one must meet a conflict.
func (w *world) onlyOneWins(do func(i int) error) {
	w.Helper()
	errs := make(chan error, 8)
	for i := range cap(errs) {
		go func() { errs <- do(i) }()
	}
	won := 0
	for range cap(errs) {
		if err := <-errs; err == nil {
			won++
		} else {
			w.refused(services.Conflict, err)
		}
	}
	if won != 1 {
		w.Errorf("%d have won", won)
	}
}

func TestReopen_restoresTheNewestSession(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		w.resolve(ref, "older")
		w.clock.advance(time.Hour)
		w.says(ref, "again")
		w.claim(w.ann, ref)
		ended := w.resolve(ref, "billing", "vip")
		w.clock.advance(time.Minute)
		session := w.reopen(ref)
		for _, s := range []models.ConversationSession{session, w.session(ended.ID)} {
			if s.ID != ended.ID || s.Status != models.SessionOpen || s.ResolvedAt != nil ||
				*s.AssignedAgentID != w.ann.ID || !s.AssignedAt.Equal(*ended.AssignedAt) {
				w.Errorf("reopened %+v", s)
			}
			equal(w, s.Tags, "billing", "vip")
		}
		equal(w, of[reopened](w.events), reopened{w.organization.ID, ref.ID, ended.ID})
		theirs := assigned{w.organization.ID, ref.ID, w.ann.ID, "Ann"}
		equal(w, of[assigned](w.events), theirs, theirs)
		if message := w.writes(ref, w.ann, "still here"); message.SessionID != ended.ID {
			w.Error("writes in another session")
		}
		if message := w.says(ref, "good"); message.SessionID != ended.ID {
			w.Error("the end user writes in another session")
		}
		equal(w, w.listed(w.ann, services.FilterMine), "jo")
	})
}

func TestReopen_ofAnUnassignedSessionPublishesNoAgent(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		w.resolve(ref)
		if session := w.reopen(ref); session.AssignedAgentID != nil {
			w.Errorf("reopened %+v", session)
		}
		equal(w, of[assigned](w.events))
		equal(w, w.listed(w.ann, services.FilterUnassigned), "jo")
	})
}

func TestReopen_isRefusedWhileOneIsOpen(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		_, err := w.Conversations.Reopen(w.Context(), w.ann, ref.ID)
		w.refused(services.Conflict, err)
		w.resolve(ref)
		w.says(ref, "one more thing")
		for _, id := range []string{ref.ID, w.unwritten("silent").ID} {
			_, err = w.Conversations.Reopen(w.Context(), w.ann, id)
			w.refused(services.Conflict, err)
		}
		// Opened by a node whose clock is behind: not the newest, and open all the same.
		w.ok(w.db.Write.Exec("UPDATE conversation_sessions SET created_at = ? WHERE status = 'open'",
			w.clock.Now().Add(-time.Hour)).Error)
		_, err = w.Conversations.Reopen(w.Context(), w.ann, ref.ID)
		w.refused(services.Conflict, err)
		if n := w.count(&models.ConversationSession{}, "status = 'open'"); n != 1 || len(of[reopened](w.events)) != 0 {
			w.Errorf("%d are open, published %v", n, of[reopened](w.events))
		}
	})
}

func TestReopen_atOnceSucceedsOnce(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		w.resolve(ref)
		w.onlyOneWins(func(int) error {
			_, err := w.Conversations.Reopen(w.Context(), w.ann, ref.ID)
			return err
		})
		if published := of[reopened](w.events); len(published) != 1 {
			w.Errorf("published %v", published)
		}
	})
}

// The end user writes while an agent reopens: one session is open, no matter who was first.
func TestReopen_andAMessageAtOnceOpenOneSession(t *testing.T) {
	each(t, func(w *world) {
		for i := range 10 {
			ref := w.opened(fmt.Sprint("jo-", i))
			w.resolve(ref)
			done := make(chan error, 1)
			go func() {
				_, err := w.Conversations.Reopen(w.Context(), w.ann, ref.ID)
				done <- err
			}()
			w.says(ref, "one more thing")
			if err := <-done; err != nil {
				w.refused(services.Conflict, err)
			}
			if n := w.count(&models.ConversationSession{}, "conversation_id = ? AND status = 'open'", ref.ID); n != 1 {
				w.Errorf("%d sessions are open", n)
			}
		}
	})
}

func TestSessions_areTheNewestFirst(t *testing.T) {
	each(t, func(w *world) {
		ref, other := w.opened("jo"), w.opened("mo")
		w.resolve(ref, "first")
		w.clock.advance(time.Hour)
		w.says(ref, "again")
		w.resolve(ref, "second")
		w.clock.advance(time.Hour)
		w.says(ref, "and again")
		sessions, err := w.Conversations.Sessions(w.Context(), w.organization.ID, ref.ID, 2)
		w.ok(err)
		if len(sessions) != 2 || sessions[0].Status != models.SessionOpen ||
			fmt.Sprint(sessions[1].Tags) != "[second]" || sessions[1].ConversationID != ref.ID {
			w.Errorf("listed %+v", sessions)
		}
		for _, none := range []struct{ organizationID, id string }{
			{w.newTenant("Globex", silent).organization.ID, other.ID}, {w.organization.ID, models.NewID()},
			{w.organization.ID, "x"}, {w.organization.ID, "\x00"},
		} {
			if sessions, err := w.Conversations.Sessions(w.Context(), none.organizationID, none.id, 10); err != nil ||
				len(sessions) != 0 {
				w.Errorf("of %v: %v, %v", none, sessions, err)
			}
		}
	})
}

func TestAssignedTo_returnsTheCurrentAgent(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		answers := func() string {
			agent, err := w.Conversations.AssignedTo(w.Context(), ref)
			w.ok(err)
			if agent == nil {
				return "nobody"
			}
			return agent.Name
		}
		steps := []string{answers()}
		w.claim(w.ann, ref)
		steps = append(steps, answers())
		w.unassign(w.ann, ref)
		steps = append(steps, answers())
		w.claim(w.ben, ref)
		w.resolve(ref)
		steps = append(steps, answers())
		w.reopen(ref)
		steps = append(steps, answers())
		equal(w, steps, "nobody", "Ann", "nobody", "nobody", "Ben")
		ref.OrganizationID = w.newTenant("Globex", silent).organization.ID
		equal(w, []string{answers()}, "nobody")
	})
}

// The node that opened the second session may have a clock that is behind.
func TestReopen_goesByMessagesAndNotByClocks(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		first := w.resolve(ref).ID
		w.clock.advance(-time.Hour)
		w.says(ref, "again")
		second := w.resolve(ref).ID
		sessions, err := w.Conversations.Sessions(w.Context(), w.organization.ID, ref.ID, 10)
		w.ok(err)
		if len(sessions) != 2 || sessions[0].ID != second || sessions[1].ID != first {
			w.Errorf("%d sessions, the first is %v", len(sessions), sessions)
		}
		if w.reopen(ref).ID != second {
			w.Error("an older session is open")
		}
	})
}
