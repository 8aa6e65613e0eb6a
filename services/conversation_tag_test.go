package services_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

func (w *world) tag(ref services.Ref, tags ...string) models.ConversationSession {
	w.Helper()
	session, err := w.Conversations.SetTags(w.Context(), w.organization.ID, ref.ID, tags)
	w.ok(err)
	return session
}

func TestTags_listsTheMostUsedFirst(t *testing.T) {
	each(t, func(w *world) {
		for i, tags := range [][]string{{"billing", "vip"}, {"billing", "Refund"}, {"billing", "vip", "bug"}, nil} {
			w.tag(w.opened(fmt.Sprint(i)), tags...)
		}
		w.resolve(w.opened("resolved"), "bug", "vip")
		theirs := w.newTenant("Globex", silent)
		ref := w.openedIn(theirs, "jo")
		_, err := w.Conversations.SetTags(w.Context(), theirs.organization.ID, ref.ID, []string{"secret"})
		w.ok(err)
		tags, err := w.Conversations.Tags(w.Context(), w.organization.ID)
		w.ok(err)
		equal(w, tags, "billing", "vip", "bug", "Refund")
		tags, err = w.Conversations.Tags(w.Context(), theirs.organization.ID)
		w.ok(err)
		equal(w, tags, "secret")
		if tags, err := w.Conversations.Tags(w.Context(), models.NewID()); err != nil || len(tags) != 0 {
			w.Errorf("nobody has used %v, %v", tags, err)
		}
	})
}

func TestTags_readsTheNewestSessionsOnly(t *testing.T) {
	each(t, func(w *world) {
		session := w.tag(w.opened("jo"), "old")
		rows := make([]models.ConversationSession, services.TaggedLately)
		for i := range rows {
			w.clock.advance(time.Second)
			rows[i] = session
			rows[i].ID = models.NewID()
			rows[i].Status = models.SessionResolved
			rows[i].CreatedAt = w.clock.Now()
			rows[i].Tags = []string{fmt.Sprintf("tag %02d", i%60)}
		}
		w.ok(w.db.Write.CreateInBatches(rows, 100).Error)
		tags, err := w.Conversations.Tags(w.Context(), w.organization.ID)
		w.ok(err)
		if len(tags) != services.SuggestedTags || slices.Contains(tags, "old") {
			w.Errorf("%d tags: %v", len(tags), tags)
		}
	})
}

func TestSetTags_publishes(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		session := w.tag(ref, " vip ", "vip")
		_, err := w.Conversations.SetTags(w.Context(), w.organization.ID, ref.ID, []string{""})
		w.refused(services.Invalid, err)
		equal(w, of[tagged](w.events), tagged{w.organization.ID, ref.ID, session.ID, "[vip]"})
	})
}
