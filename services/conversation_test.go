package services_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

// listed is the external ids that a list shows, in its order.
func (w *world) listed(user models.User, filter services.Filter) (names []string) {
	w.Helper()
	conversations, next, err := w.Conversations.List(w.Context(), user, services.ListQuery{
		Filter: filter,
		Limit:  100,
	})
	w.ok(err)
	if next != "" {
		w.Error("a next page of a short list")
	}
	for _, c := range conversations {
		names = append(names, c.EndUser.ExternalID)
	}
	return names
}

func (w *world) claim(user models.User, ref services.Ref) models.ConversationSession {
	w.Helper()
	session, err := w.Conversations.Claim(w.Context(), user, ref.ID)
	w.ok(err)
	return session
}

func (w *world) resolve(ref services.Ref, tags ...string) models.ConversationSession {
	w.Helper()
	session, err := w.Conversations.Resolve(w.Context(), ref.OrganizationID, ref.ID, tags)
	w.ok(err)
	return session
}

// desk is a list in every state: two nobody has, one of each agent, one resolved, one only
// opened, one of an older version never written in.
func (w *world) desk() (refs map[string]services.Ref) {
	w.Helper()
	refs = map[string]services.Ref{}
	for _, name := range []string{"new", "anns", "bens", "resolved", "older"} {
		refs[name] = w.opened(name)
		w.clock.advance(time.Second)
	}
	refs["opened"] = w.conversation("opened")
	refs["silent"] = w.unwritten("silent")
	w.claim(w.ann, refs["anns"])
	w.claim(w.ben, refs["bens"])
	w.claim(w.ann, refs["resolved"])
	w.resolve(refs["resolved"])
	w.says(refs["new"], "still there?")
	w.openedIn(w.newTenant("Globex", silent), "theirs")
	return refs
}

func TestList_filters(t *testing.T) {
	each(t, func(w *world) {
		w.desk()
		equal(w, w.listed(w.ann, services.FilterUnassigned), "new", "older")
		equal(w, w.listed(w.ann, services.FilterMine), "anns")
		equal(w, w.listed(w.ben, services.FilterMine), "bens")
		equal(w, w.listed(w.owner, services.FilterMine))
		equal(w, w.listed(w.ann, services.FilterAll), "new", "older", "resolved", "bens", "anns")
		counts, err := w.Conversations.Counts(w.Context(), w.ann)
		w.ok(err)
		if want := (map[services.Filter]int64{services.FilterUnassigned: 2, services.FilterMine: 1,
			services.FilterAll: 5}); fmt.Sprint(counts) != fmt.Sprint(want) {
			w.Errorf("counts %v", counts)
		}
	})
}

func TestList_returnsTheEndUserAndTheOpenSession(t *testing.T) {
	each(t, func(w *world) {
		refs := w.desk()
		w.resolve(refs["anns"])
		again := w.says(refs["anns"], "one more thing") // two sessions now, one open
		conversations, _, err := w.Conversations.List(w.Context(), w.ann, services.ListQuery{
			Filter: services.FilterAll,
			Limit:  100,
		})
		w.ok(err)
		for _, c := range conversations {
			switch session := c.ActiveSession; c.EndUser.ExternalID {
			case "resolved":
				if session != nil {
					w.Errorf("a resolved one is active: %+v", session)
				}
			case "bens":
				if session == nil || *session.AssignedAgentID != w.ben.ID || session.AssignedAt == nil ||
					session.FirstMessageAt == nil || session.Tags == nil {
					w.Errorf("Ben's is %+v", session)
				}
			case "anns":
				if session == nil || session.ID != again.SessionID || session.AssignedAgentID != nil {
					w.Errorf("the new session is %+v", session)
				}
			}
			if c.OrganizationID != w.organization.ID || c.ChannelID != w.webchat.ID || c.EndUser.ID == "" {
				w.Errorf("listed %+v", c)
			}
			one, err := w.Conversations.Get(w.Context(), w.organization.ID, c.ID)
			w.ok(err)
			if fmt.Sprintf("%+v %+v", one, one.ActiveSession) == "" || one.ID != c.ID ||
				(one.ActiveSession == nil) != (c.ActiveSession == nil) || one.EndUser != c.EndUser {
				w.Errorf("Get gives %+v, List %+v", one, c)
			}
		}
	})
}

// Thirteen conversations of one instant, and more while the pages are read.
func TestList_pagesAreCompleteWithoutRepeats(t *testing.T) {
	each(t, func(w *world) {
		var want []string
		for i := range 13 {
			w.opened(fmt.Sprintf("tie-%02d", i))
			want = append(want, fmt.Sprintf("tie-%02d", i))
		}
		w.clock.advance(time.Microsecond)
		for i := range 4 {
			w.opened(fmt.Sprintf("top-%d", i))
			want = append(want, fmt.Sprintf("top-%d", i))
		}
		for _, filter := range []services.Filter{services.FilterAll, services.FilterUnassigned} {
			for _, limit := range []int{1, 4, 16, 17, 200} {
				var names []string
				cursor := ""
				for page := 0; page == 0 || cursor != ""; page++ {
					conversations, next, err := w.Conversations.List(w.Context(), w.ann, services.ListQuery{
						Filter: filter,
						Limit:  limit,
						Cursor: cursor,
					})
					w.ok(err)
					if len(conversations) > limit || (next != "" && len(conversations) != limit) || page > len(want) {
						w.Fatalf("page %d has %d of %d", page, len(conversations), limit)
					}
					for _, c := range conversations {
						names = append(names, c.EndUser.ExternalID)
					}
					cursor = next
				}
				slices.Sort(names)
				equal(w, names, want...)
			}
		}
	})
}

func TestList_refusesInvalidCursors(t *testing.T) {
	each(t, func(w *world) {
		forge := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
		for _, cursor := range []string{"x", "!", forge("1"), forge("1 x"), forge("x " + models.NewID()),
			forge("-9223372036854775808 " + models.NewID()),
			forge("99999999999999999999 " + models.NewID()), forge("1 ' OR 1=1 --"),
			forge("1 " + models.NewID() + "\x00")} {
			_, _, err := w.Conversations.List(w.Context(), w.ann, services.ListQuery{
				Filter: services.FilterAll,
				Limit:  10,
				Cursor: cursor,
			})
			w.refused(services.Invalid, err)
		}
		_, _, err := w.Conversations.List(w.Context(), w.ann, services.ListQuery{
			Filter: services.FilterAll,
			Limit:  10,
			Cursor: forge("9223372036854775807 " + models.NewID()),
		})
		w.ok(err)
	})
}

func TestParseFilter_takesTheGuidesFilters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]services.Filter{"": services.FilterUnassigned,
		"unassigned": services.FilterUnassigned, "mine": services.FilterMine, "all": services.FilterAll} {
		if filter, err := services.ParseFilter(text); err != nil || filter != want {
			t.Errorf("%q is %q, %v", text, filter, err)
		}
	}
	for _, text := range []string{"ALL", "open", "all "} {
		if _, err := services.ParseFilter(text); services.KindOf(err) != services.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What another organization has is not there, for every method.
func TestConversations_ofAnotherOrganizationAreNotFound(t *testing.T) {
	each(t, func(w *world) {
		theirs := w.openedIn(w.newTenant("Globex", silent), "jo")
		for _, id := range []string{theirs.ID, models.NewID(), "", "x", "' OR 1=1 --", "\x00"} {
			calls := map[string]error{}
			_, calls["ForAgent"] = w.Conversations.ForAgent(w.Context(), w.organization.ID, id)
			_, calls["Get"] = w.Conversations.Get(w.Context(), w.organization.ID, id)
			_, calls["Claim"] = w.Conversations.Claim(w.Context(), w.ann, id)
			_, calls["Resolve"] = w.Conversations.Resolve(w.Context(), w.organization.ID, id, []string{"x"})
			_, calls["Unassign"] = w.Conversations.Unassign(w.Context(), w.ann, id)
			_, calls["Reopen"] = w.Conversations.Reopen(w.Context(), w.ann, id)
			_, calls["SetTags"] = w.Conversations.SetTags(w.Context(), w.organization.ID, id, []string{"x"})
			for call, err := range calls {
				if err == nil || services.KindOf(err) != services.NotFound {
					w.Errorf("%s(%q): %v", call, id, err)
				}
			}
		}
		if n := w.count(&models.ConversationSession{},
			"status = 'open' AND assigned_agent_id IS NULL AND tags = '[]'"); n != 1 {
			w.Error("the session was changed")
		}
		if published := len(of[assigned](w.events)) + len(of[resolved](w.events)) + len(of[released](w.events)) +
			len(of[reopened](w.events)) + len(of[tagged](w.events)); published != 0 {
			w.Errorf("published %d changes", published)
		}
	})
}

func TestForAgent_returnsTheWholeRef(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		again, err := w.Conversations.ForAgent(w.Context(), w.organization.ID, ref.ID)
		w.ok(err)
		if again.LastSeq != 1 || again.BotID != w.bot.ID || again.ExternalID != "jo" ||
			again.ChannelID != w.webchat.ID || again.OrganizationID != w.organization.ID || again.EndUserID == "" ||
			again.ID != ref.ID || again.Unstored {
			w.Errorf("%+v", again)
		}
	})
}

func TestLastMessages_returnsTheNewestOfEach(t *testing.T) {
	each(t, func(w *world) {
		w.setBot(talkative)
		w.opened("jo")
		w.opened("mo")
		conversations, _, err := w.Conversations.List(w.Context(), w.ann, services.ListQuery{
			Filter: services.FilterAll,
			Limit:  10,
		})
		w.ok(err)
		last, err := w.Conversations.LastMessages(w.Context(), w.organization.ID, conversations)
		w.ok(err)
		for _, c := range conversations {
			if last[c.ID].Seq != 2 || last[c.ID].Content != "Hi!" {
				w.Errorf("the newest is %+v", last[c.ID])
			}
		}
		stranger := w.newTenant("Globex", silent)
		if last, err := w.Conversations.LastMessages(w.Context(), stranger.organization.ID,
			conversations); err != nil || len(last) != 0 {
			w.Errorf("another organization reads %v, %v", last, err)
		}
		if last, err := w.Conversations.LastMessages(w.Context(), w.organization.ID, nil); err != nil ||
			len(last) != 0 {
			w.Errorf("of nothing: %v, %v", last, err)
		}
	})
}
