package services_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

func TestClaim_onlyOneAgentWins(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		const agents = 20
		type result struct {
			agentID string
			err     error
		}
		results := make(chan result, agents)
		for i := range agents {
			user := models.User{
				ID:             models.NewID(),
				OrganizationID: w.organization.ID,
				Email:          fmt.Sprintf("%d@acme.example", i),
				Name:           fmt.Sprintf("Agent %d", i),
				Role:           models.RoleAgent,
				LoginVersion:   1,
				CreatedAt:      w.clock.Now(),
				UpdatedAt:      w.clock.Now(),
			}
			w.create(&user)
			go func() {
				_, err := w.Conversations.Claim(w.Context(), user, ref.ID)
				results <- result{user.ID, err}
			}()
		}
		winner := ""
		for range agents {
			if r := <-results; r.err != nil {
				w.refused(services.Conflict, r.err)
			} else if winner != "" {
				w.Error("two agents have it")
			} else {
				winner = r.agentID
			}
		}
		var session models.ConversationSession
		w.ok(w.db.Read.Where("conversation_id = ?", ref.ID).Take(&session).Error)
		if winner == "" || *session.AssignedAgentID != winner {
			w.Errorf("%s has it, stored is %v", winner, session.AssignedAgentID)
		}
		published := of[assigned](w.events)
		for i := range published {
			published[i].name = ""
		}
		equal(w, published, assigned{w.organization.ID, ref.ID, winner, ""})
	})
}

func TestClaim_againChangesNothing(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		first := w.claim(w.ann, ref)
		if first.ConversationID != ref.ID || *first.AssignedAgentID != w.ann.ID ||
			!first.AssignedAt.Equal(w.clock.Now()) {
			w.Errorf("claimed %+v", first)
		}
		w.clock.advance(time.Minute)
		again := w.claim(w.ann, ref)
		if *again.AssignedAgentID != w.ann.ID || !again.AssignedAt.Equal(*first.AssignedAt) {
			w.Errorf("again %+v", again)
		}
		_, err := w.Conversations.Claim(w.Context(), w.ben, ref.ID)
		w.refused(services.Conflict, err)
		if err.Error() != "This conversation was claimed by Ann." {
			w.Errorf("Ben reads %q", err)
		}
		if published := of[assigned](w.events); len(published) != 1 {
			w.Errorf("published %v", published)
		}
	})
}

func TestSessions_cannotChangeUnlessOpen(t *testing.T) {
	each(t, func(w *world) {
		never, done := w.unwritten("never"), w.opened("done")
		w.claim(w.ann, done)
		w.resolve(done, "billing")
		before := len(of[resolved](w.events))
		for _, ref := range []services.Ref{never, done} {
			_, err := w.Conversations.Claim(w.Context(), w.ann, ref.ID)
			w.refused(services.Conflict, err)
			_, err = w.Conversations.Resolve(w.Context(), w.organization.ID, ref.ID, []string{"late"})
			w.refused(services.Conflict, err)
			_, err = w.Conversations.SetTags(w.Context(), w.organization.ID, ref.ID, []string{"late"})
			w.refused(services.Conflict, err)
		}
		if len(of[resolved](w.events)) != before || w.count(&models.ConversationSession{}, "tags LIKE '%late%'") != 0 {
			w.Error("something has changed")
		}
	})
}

func TestResolve_closesAddsTagsAndPublishes(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		_, err := w.Conversations.SetTags(w.Context(), w.organization.ID, ref.ID, []string{" billing ", "vip"})
		w.ok(err)
		w.claim(w.ann, ref)
		w.clock.advance(time.Minute)
		session := w.resolve(ref, "vip", "refund")
		equal(w, session.Tags, "billing", "vip", "refund")
		if session.Status != models.SessionResolved || !session.ResolvedAt.Equal(w.clock.Now()) ||
			*session.AssignedAgentID != w.ann.ID {
			w.Errorf("resolved %+v", session)
		}
		var stored models.ConversationSession
		w.ok(w.db.Read.Where("id = ?", session.ID).Take(&stored).Error)
		equal(w, stored.Tags, "billing", "vip", "refund")
		if stored.Status != models.SessionResolved || !stored.ResolvedAt.Equal(w.clock.Now()) ||
			*stored.AssignedAgentID != w.ann.ID || stored.FirstMessageAt == nil {
			w.Errorf("stored %+v", stored)
		}
		equal(w, of[resolved](w.events), resolved{w.organization.ID, ref.ID, session.ID, "[billing vip refund]"})
	})
}

func TestResolve_atOnceSucceedsOnce(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		const agents = 8
		errs := make(chan error, agents)
		for i := range agents {
			go func() {
				_, err := w.Conversations.Resolve(w.Context(), w.organization.ID, ref.ID, []string{fmt.Sprint(i)})
				errs <- err
			}()
		}
		won := 0
		for range agents {
			if err := <-errs; err == nil {
				won++
			} else {
				w.refused(services.Conflict, err)
			}
		}
		if published := of[resolved](w.events); won != 1 || len(published) != 1 {
			w.Errorf("%d have resolved it, published %v", won, published)
		}
	})
}

func TestSetTags_replacesThem(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		for _, tags := range [][]string{{"a", "b"}, {"c"}, {}, nil} {
			session, err := w.Conversations.SetTags(w.Context(), w.organization.ID, ref.ID, tags)
			w.ok(err)
			equal(w, session.Tags, tags...)
			var stored models.ConversationSession
			w.ok(w.db.Read.Where("id = ?", session.ID).Take(&stored).Error)
			equal(w, stored.Tags, tags...)
			if session.ConversationID != ref.ID || stored.Status != models.SessionOpen {
				w.Errorf("%+v", session)
			}
		}
	})
}

func TestTags_followTheRules(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		twenty := make([]string, 20)
		for i := range twenty {
			twenty[i] = fmt.Sprint("tag ", i)
		}
		for _, test := range []struct{ given, stored []string }{
			{[]string{" a ", "a", "A"}, []string{"a", "A"}},
			{[]string{chars(50)}, []string{chars(50)}},
			{append(slices.Clone(twenty), twenty...), twenty},
			{[]string{`"<b>'`, "große Änderung"}, []string{`"<b>'`, "große Änderung"}},
		} {
			session, err := w.Conversations.SetTags(w.Context(), w.organization.ID, ref.ID, test.given)
			w.ok(err)
			equal(w, session.Tags, test.stored...)
		}
		_, err := w.Conversations.SetTags(w.Context(), w.organization.ID, ref.ID, twenty)
		w.ok(err)
		for _, tags := range [][]string{{""}, {"ok", " "}, {chars(51)}, {"a\nb"}, {"a\x00"}, {"\xff"},
			append(slices.Clone(twenty), "one more")} {
			_, err := w.Conversations.SetTags(w.Context(), w.organization.ID, ref.ID, tags)
			w.refused(services.Invalid, err)
			_, err = w.Conversations.Resolve(w.Context(), w.organization.ID, ref.ID, tags)
			w.refused(services.Invalid, err)
		}
		if n := w.count(&models.ConversationSession{}, "status = 'open' AND tags LIKE ?",
			"%"+strings.Join(twenty, `","`)+"%"); n != 1 {
			w.Error("a refused list has changed the session")
		}
		if published := of[resolved](w.events); len(published) != 0 {
			w.Errorf("published %v", published)
		}
	})
}

// A claim and a resolve at once: whichever comes first, the session that is stored makes sense.
func TestClaim_besideResolveKeepsOneResult(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		done := make(chan error, 2)
		go func() { _, err := w.Conversations.Claim(w.Context(), w.ann, ref.ID); done <- err }()
		go func() { _, err := w.Conversations.Resolve(w.Context(), w.organization.ID, ref.ID, nil); done <- err }()
		var conflicts int
		for range 2 {
			if err := <-done; err != nil {
				w.refused(services.Conflict, err)
				conflicts++
			}
		}
		var session models.ConversationSession
		w.ok(w.db.Read.Where("conversation_id = ?", ref.ID).Take(&session).Error)
		if session.Status != models.SessionResolved || (session.AssignedAgentID == nil) != (conflicts == 1) {
			w.Errorf("%d conflicts, stored %+v", conflicts, session)
		}
	})
}
