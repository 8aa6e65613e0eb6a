package services_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"parley/models"
	"parley/services"
)

func TestFirstMessage_storesTheConversationOfThePage(t *testing.T) {
	each(t, func(w *world) {
		opened := w.open(services.WidgetRequest{
			EmbedToken:  w.token,
			ExternalID:  "jo",
			DisplayName: "Jo Doe",
		})
		ref := w.proven(opened)
		if !ref.Unstored || ref.LastSeq != 0 {
			w.Errorf("before the first message: %+v", ref)
		}
		if messages, err := w.Messages.List(w.Context(), ref, services.LatestPage(100)); err != nil ||
			len(messages) != 0 {
			w.Errorf("before the first message: %v, %v", messages, err)
		}
		w.clock.advance(1_000_000)
		w.says(ref, "Hello")
		w.says(ref, "Anybody?") // the socket does not read the row again
		stored, err := w.Conversations.Get(w.Context(), w.organization.ID, opened.ConversationID)
		w.ok(err)
		var token models.EmbedToken
		w.ok(w.db.Read.Where("token_hash = ?", services.HashToken(w.token)).Take(&token).Error)
		if stored.EndUser.ExternalID != "jo" || stored.EndUser.DisplayName != "Jo Doe" || stored.LastSeq != 2 ||
			!stored.CreatedAt.Equal(w.clock.Now()) || *stored.EmbedTokenID != token.ID || stored.ActiveSession == nil {
			w.Errorf("stored %+v", stored)
		}
		equal(w, w.transcript(ref), "1 end_user: Hello", "2 end_user: Anybody?")
		if again := w.proven(opened); again.Unstored || again.EndUserID != stored.EndUserID {
			w.Errorf("after the first message: %+v", again)
		}
	})
}

// What is refused leaves nothing behind, or strangers could store rows without writing.
func TestFirstMessage_thatIsRefusedStoresNothing(t *testing.T) {
	each(t, func(w *world) {
		other := w.opened("other")
		control := w.asks(other, w.ann)
		ref := w.conversation("jo")
		before := w.rows()
		drafts := map[services.Kind][]services.Draft{
			services.Invalid: {
				text(ref, endUserOf(ref), " "),
				text(ref, endUserOf(ref), "\x00"),
				picks(ref, control, "Yes", "yes"),
				picks(ref, models.Message{ID: models.NewID()}, "Yes", "yes"),
				{
					Conversation: ref,
					Sender:       endUserOf(ref),
					ContentType:  models.TypeQuickButton,
					RichMedia:    json.RawMessage(`{"buttons":[{"label":"A","value":"a"}]}`),
				},
			},
			services.Conflict: {text(ref, agent(w.ann), "Hello?")},
		}
		for kind, refused := range drafts {
			for _, draft := range refused {
				_, err := w.send(draft)
				w.refused(kind, err)
			}
		}
		if after := w.rows(); after != before {
			w.Errorf("%d rows, then %d", before, after)
		}
		w.says(ref, "Hello")
		equal(w, w.transcript(ref), "1 end_user: Hello")
	})
}

// A node of an older version stored the conversation under an id of its own while the page was open.
func TestFirstMessage_isNotFoundIfAnotherIDIsStored(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		older := w.unwritten("jo")
		_, err := w.send(text(ref, endUserOf(ref), "Hello"))
		w.refused(services.NotFound, err)
		if opened := w.open(services.WidgetRequest{
			EmbedToken: w.token,
			ExternalID: "jo",
		}); opened.ConversationID != older.ID {
			w.Errorf("the page opens %s, not the stored %s", opened.ConversationID, older.ID)
		}
		if n := w.count(&models.Conversation{}, "1 = 1"); n != 1 {
			w.Errorf("%d conversations", n)
		}
	})
}

// Sockets on two nodes, each of which has proven conversations that nobody has written in, send at once and in any
// order, some for the same end user on another channel.
func TestFirstMessage_ofManyAtOnceStoresEachConversationOnce(t *testing.T) {
	each(t, func(w *world) {
		nodes := []*services.Messages{w.Messages}
		if w.db.Postgres() {
			other := *w
			other.newServices(services.Rate{})
			nodes = append(nodes, other.Messages)
		}
		const conversations, sockets = 20, 12
		var refs []services.Ref
		for i := range conversations {
			externalID := fmt.Sprint("jo-", i/2)
			refs = append(refs, w.openedAs([]models.Channel{w.webchat, w.mobile}[i%2], externalID, fmt.Sprint("Jo ", i/2)))
		}
		var all sync.WaitGroup
		for i := range sockets {
			all.Go(func() {
				var sent sync.WaitGroup
				for _, j := range rand.Perm(conversations) {
					sent.Go(func() {
						draft := named(text(refs[j], endUserOf(refs[j]), fmt.Sprint("from ", i)), fmt.Sprint(i))
						if _, err := send(nodes[i%len(nodes)], draft); err != nil {
							w.Error(err)
						}
					})
				}
				sent.Wait()
			})
		}
		all.Wait()
		if n := w.count(&models.Conversation{}, "last_seq = ?", sockets); n != conversations {
			w.Errorf("%d conversations with %d messages", n, sockets)
		}
		if n := w.count(&models.EndUser{}, "display_name LIKE 'Jo %'"); n != conversations/2 {
			w.Errorf("%d end users", n)
		}
		for _, ref := range refs {
			if n := w.count(&models.Message{}, "conversation_id = ? AND seq BETWEEN 1 AND ?", ref.ID, sockets); n != sockets {
				w.Errorf("%d messages are numbered 1 to %d", n, sockets)
			}
		}
		if n := w.count(&models.ConversationSession{}, "1 = 1"); n != conversations {
			w.Errorf("%d sessions", n)
		}
	})
}
