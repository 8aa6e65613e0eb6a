package services_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"parley/models"
	"parley/services"
)

func TestSend_storesWhatWasGivenAndTellsIt(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		sent, err := w.send(named(text(ref, endUserOf(ref), " Hello\n"), "c-1"))
		w.ok(err)
		m := sent.Message
		if sent.Duplicate || m.Seq != 1 || m.Content != " Hello\n" || m.SenderType != models.SenderEndUser ||
			m.SenderID != "jo" || *m.ClientID != "c-1" ||
			m.OrganizationID != w.organization.ID || m.ConversationID != ref.ID || m.ContentType != "text" ||
			m.RichMedia != nil || !m.CreatedAt.Equal(w.clock.Now()) {
			w.Errorf("answered %+v", m)
		}
		var stored models.Message
		w.ok(w.db.Read.Where("id = ?", m.ID).Take(&stored).Error)
		w.Messages.Close()
		published := of[models.Message](w.events)
		for _, other := range append(published, stored) {
			if fmt.Sprint(other.ID, other.Seq, other.Content, other.CreatedAt, *other.ClientID) != fmt.Sprint(m.ID,
				m.Seq, m.Content, m.CreatedAt, *m.ClientID) {
				w.Errorf("stored or published %+v, not %+v", other, m)
			}
		}
		if len(published) != 1 {
			w.Errorf("published %d times", len(published))
		}
	})
}

func TestSend_bumpsTheConversation(t *testing.T) {
	each(t, func(w *world) {
		ref, other := w.unwritten("jo"), w.unwritten("mo")
		w.clock.advance(90_000_000_000)
		w.says(ref, "Hello")
		var bumped, untouched models.Conversation
		w.ok(w.db.Read.Where("id = ?", ref.ID).Take(&bumped).Error)
		w.ok(w.db.Read.Where("id = ?", other.ID).Take(&untouched).Error)
		if bumped.LastSeq != 1 || !bumped.UpdatedAt.Equal(w.clock.Now()) || untouched.LastSeq != 0 ||
			untouched.UpdatedAt.Equal(w.clock.Now()) {
			w.Errorf("%+v and %+v", bumped, untouched)
		}
	})
}

// Fifty at once, over four conversations: each counts 1, 2, 3 … without a hole, and keeps the order of each sender.
func TestSend_numbersWithoutAHoleWhateverHappensAtOnce(t *testing.T) {
	each(t, func(w *world) {
		refs := []services.Ref{w.conversation("a"), w.conversation("b"), w.conversation("c"), w.conversation("d")}
		const senders, each = 50, 4
		var stored sync.WaitGroup
		for s := range senders {
			ref := refs[s%len(refs)]
			stored.Add(each)
			go func() {
				for i := range each {
					w.Messages.Send(w.Context(), reporting(text(ref, endUserOf(ref), fmt.Sprintf("%d/%d", s, i)),
						onStored(func(_ *services.Sent, err error) {
							defer stored.Done()
							if err != nil {
								w.Error(err)
							}
						})))
				}
			}()
		}
		stored.Wait()
		w.Messages.Close()
		published := map[string]int64{}
		for _, m := range of[models.Message](w.events) {
			if published[m.ConversationID]++; m.Seq != published[m.ConversationID] {
				w.Fatalf("published %d as the %dth", m.Seq, published[m.ConversationID])
			}
		}
		for i, ref := range refs {
			messages, err := w.Messages.List(w.Context(), ref, services.LatestPage(200))
			w.ok(err)
			last := map[string]string{}
			for at, m := range messages {
				sender, _, _ := strings.Cut(m.Content, "/")
				if m.Seq != int64(at+1) || m.Content <= last[sender] {
					w.Fatalf("%d: seq %d, %q after %q", at, m.Seq, m.Content, last[sender])
				}
				last[sender] = m.Content
			}
			if want := each * ((senders + len(refs) - 1 - i) / len(refs)); len(messages) != want {
				w.Errorf("%d messages of %d", len(messages), want)
			}
			if n := w.count(&models.ConversationSession{}, "conversation_id = ?", ref.ID); n != 1 {
				w.Errorf("%d sessions", n)
			}
		}
	})
}

func TestSend_mixesConversationsInOneBatch(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.conversation("a"), w.conversation("b")
		stranger := w.newTenant("Globex", silent)
		c := w.conversationOn(stranger.webchat, "a")
		_, errs := w.Messages.Together(text(a, endUserOf(a), "a1"), text(b, endUserOf(b), "b1"),
			text(c, endUserOf(c), "c1"), text(a, endUserOf(a), "a2"),
			text(a, agent(w.ann), "a3"), text(c, endUserOf(c), "c2"))
		for _, err := range errs {
			w.ok(err)
		}
		equal(w, w.transcript(a), "1 end_user: a1", "2 end_user: a2", "3 agent: a3")
		equal(w, w.transcript(b), "1 end_user: b1")
		equal(w, w.transcript(c), "1 end_user: c1", "2 end_user: c2")
		if n := w.count(&models.Message{}, "organization_id = ?", stranger.organization.ID); n != 2 {
			w.Errorf("the other organization has %d messages", n)
		}
	})
}

func TestSend_opensASessionForAnEndUser(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		first := w.says(ref, "one")
		if again := w.says(ref, "two"); again.SessionID != first.SessionID {
			w.Error("a second session while the first is open")
		}
		_, err := w.Conversations.Resolve(w.Context(), w.organization.ID, ref.ID, nil)
		w.ok(err)
		next := w.says(ref, "three")
		if next.SessionID == first.SessionID || next.Seq != 3 {
			w.Errorf("after resolve: %+v", next)
		}
		var session models.ConversationSession
		w.ok(w.db.Read.Where("id = ?", next.SessionID).Take(&session).Error)
		if session.Status != models.SessionOpen || session.OrganizationID != w.organization.ID ||
			session.AssignedAgentID != nil || len(session.Tags) != 0 ||
			session.FirstMessageAt == nil || !session.FirstMessageAt.Equal(w.clock.Now()) ||
			!session.CreatedAt.Equal(w.clock.Now()) {
			w.Errorf("opened %+v", session)
		}
	})
}

func TestSend_agentNeedsAnOpenSessionAndFailsAlone(t *testing.T) {
	each(t, func(w *world) {
		open := w.opened("open")
		never := w.conversation("never")
		done := w.opened("done")
		_, err := w.Conversations.Resolve(w.Context(), w.organization.ID, done.ID, nil)
		w.ok(err)
		sent, errs := w.Messages.Together(text(open, agent(w.ann), "1"), text(never, agent(w.ann), "2"),
			text(done, agent(w.ann), "3"),
			text(open, endUserOf(open), "4"), text(never, endUserOf(never), "5"), text(never, agent(w.ann), "6"))
		w.refused(services.Conflict, errs[1])
		w.refused(services.Conflict, errs[2])
		for _, i := range []int{0, 3, 4, 5} {
			w.ok(errs[i])
		}
		if sent[1].Message.ID != "" {
			w.Errorf("refused, and yet %+v", sent[1])
		}
		equal(w, w.transcript(open), "1 end_user: Hello", "2 agent: 1", "3 end_user: 4")
		equal(w, w.transcript(never), "1 end_user: 5", "2 agent: 6")
		equal(w, w.transcript(done), "1 end_user: Hello")
		w.Messages.Close()
		if published := of[models.Message](w.events); len(published) != 6 {
			w.Errorf("published %d messages", len(published))
		}
	})
}

func TestSend_toNoConversationIsNotFound(t *testing.T) {
	each(t, func(w *world) {
		gone := w.opened("jo")
		gone.ID, gone.Unstored = models.NewID(), false
		_, err := w.send(text(gone, endUserOf(gone), "x"))
		w.refused(services.NotFound, err)
	})
}

func TestSend_refusesWhatEndUsersMayNotSend(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		for _, draft := range []services.Draft{
			{
				ContentType: "quick_button",
				RichMedia:   []byte(`{"buttons":[{"label":"A","value":"a"}]}`),
			},
			{ContentType: "carousel", RichMedia: []byte(`{"cards":[{"title":"T"}]}`)},
			{ContentType: "dropdown", RichMedia: []byte(`{"options":[{"label":"A","value":"a"}]}`)},
		} {
			draft.Conversation, draft.Sender = ref, endUserOf(ref)
			_, err := w.send(draft)
			w.refused(services.Invalid, err)
			draft.Sender = agent(w.ann)
			w.stored(draft)
		}
		for _, draft := range []services.Draft{
			{ContentType: "text", Content: "x"},
			{ContentType: "image", RichMedia: []byte(`{"url":"https://example.com/x.png"}`)},
			{
				ContentType: "file",
				RichMedia:   []byte(`{"url":"https://example.com/x","filename":"x"}`),
			},
		} {
			draft.Conversation, draft.Sender = ref, endUserOf(ref)
			w.stored(draft)
		}
		for _, draft := range []services.Draft{
			{
				ContentType: "text",
				Content:     " ",
			}, {ContentType: "image"}, {ContentType: "poem", Content: "x"},
			{ContentType: "text", Content: "x", ClientID: strings.Repeat("x", 65)},
			{
				ContentType: "text",
				Content:     "x",
				ClientID:    "a\x00",
			}, {ContentType: "text", Content: "x", ClientID: "\xff"},
		} {
			draft.Conversation, draft.Sender = ref, agent(w.ann)
			_, err := w.send(draft)
			w.refused(services.Invalid, err)
		}
		w.stored(named(text(ref, agent(w.ann), "x"), chars(64)))
		if n := len(w.transcript(ref)); n != 8 {
			w.Errorf("%d messages are stored", n)
		}
	})
}

func TestSend_aRepeatedClientIDIsTheSameMessage(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		draft := named(text(ref, endUserOf(ref), "Hello"), "c-1")
		sent, errs := w.Messages.Together(draft, text(ref, endUserOf(ref), "between"), draft)
		for _, err := range errs {
			w.ok(err)
		}
		if sent[0].Duplicate || !sent[2].Duplicate || sent[2].Message.ID != sent[0].Message.ID ||
			sent[2].Message.Seq != 1 {
			w.Errorf("in one batch: %+v", sent)
		}
		draft.Content = "Something else" // what counts is what was stored
		later, err := w.send(draft)
		if err != nil || !later.Duplicate || later.Message.ID != sent[0].Message.ID ||
			later.Message.Content != "Hello" || *later.Message.ClientID != "c-1" {
			w.Errorf("later: %+v, %v", later, err)
		}
		_, err = w.Conversations.Resolve(w.Context(), w.organization.ID, ref.ID, nil)
		w.ok(err)
		if after, err := w.send(draft); err != nil || !after.Duplicate {
			w.Errorf("after resolve: %+v, %v", after, err)
		}
		if n := w.count(&models.ConversationSession{}, "status = 'open'"); n != 0 {
			w.Error("a repeat has opened a session")
		}
		equal(w, w.transcript(ref), "1 end_user: Hello", "2 end_user: between")
		w.Messages.Close()
		if published := of[models.Message](w.events); len(published) != 2 {
			w.Errorf("published %d messages", len(published))
		}
	})
}

func TestSend_anAgentsRepeatAfterResolveIsNoConflict(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		draft := named(text(ref, agent(w.ann), "Bye"), "c-1")
		w.stored(draft)
		_, err := w.Conversations.Resolve(w.Context(), w.organization.ID, ref.ID, nil)
		w.ok(err)
		if again, err := w.send(draft); err != nil || !again.Duplicate {
			w.Errorf("%+v, %v: it was stored, and its sender must learn of it", again, err)
		}
	})
}

func TestSend_clientIDsOfOthersDoNotCollide(t *testing.T) {
	each(t, func(w *world) {
		ref, other := w.opened("jo"), w.opened("mo")
		asAgent := text(ref, services.Sender{
			Type: models.SenderAgent,
			ID:   "jo",
		}, "an agent named like the end user")
		for range 2 { // in one batch, then again
			sent, errs := w.Messages.Together(named(text(ref, endUserOf(ref), "1"), "c"),
				named(text(ref, agent(w.ann), "2"), "c"), named(text(ref, agent(w.ben), "3"), "c"),
				named(text(other, endUserOf(other), "4"), "c"), named(asAgent, "c"))
			for i, err := range errs {
				w.ok(err)
				if want := fmt.Sprint(i + 1); i < 4 && sent[i].Message.Content != want {
					w.Errorf("%d is %+v", i, sent[i].Message)
				}
			}
		}
		if a, b := len(w.transcript(ref)), len(w.transcript(other)); a != 5 || b != 2 {
			w.Errorf("%d and %d messages", a, b)
		}
	})
}

// What two connections retry at once is stored once.
func TestSend_oneClientIDFromManyConnectionsIsStoredOnce(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		const tries = 30
		answers := make(chan services.Sent, tries)
		for range tries {
			go func() {
				sent, err := w.send(named(text(ref, endUserOf(ref), "Hello"), "c-1"))
				if err != nil {
					w.Error(err)
				}
				answers <- sent
			}()
		}
		fresh, ids := 0, map[string]bool{}
		for range tries {
			sent := <-answers
			ids[sent.Message.ID] = true
			if !sent.Duplicate {
				fresh++
			}
		}
		if fresh != 1 || len(ids) != 1 {
			w.Errorf("%d stored, ids %v", fresh, ids)
		}
		equal(w, w.transcript(ref), "1 end_user: Hello")
	})
}
