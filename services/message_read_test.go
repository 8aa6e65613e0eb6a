package services_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

func seqs(messages []models.Message) (all []int64) {
	for _, m := range messages {
		all = append(all, m.Seq)
	}
	return all
}

func TestList_pagesBackFromTheNewest(t *testing.T) {
	each(t, func(w *world) {
		ref, other := w.conversation("jo"), w.conversation("mo")
		for i := range 7 {
			w.says(ref, fmt.Sprint(i+1))
			w.says(other, "not in the list")
		}
		for _, test := range []struct {
			page services.Page
			seqs []int64
		}{
			{services.LatestPage(3), []int64{5, 6, 7}},
			{services.LatestPage(200), []int64{1, 2, 3, 4, 5, 6, 7}},
			{services.Page{Limit: 3, Offset: 3, BeforeSeq: -1, AfterSeq: -1}, []int64{2, 3, 4}},
			{services.Page{Limit: 3, Offset: 6, BeforeSeq: -1, AfterSeq: -1}, []int64{1}},
			{services.Page{Limit: 3, Offset: 9, BeforeSeq: -1, AfterSeq: -1}, nil},
			{services.Page{Limit: 3, BeforeSeq: 4, AfterSeq: -1}, []int64{1, 2, 3}},
			{services.Page{Limit: 2, BeforeSeq: 4, AfterSeq: -1}, []int64{2, 3}},
			{services.Page{Limit: 2, BeforeSeq: 1, AfterSeq: -1}, nil},
			{services.Page{Limit: 2, BeforeSeq: 0, AfterSeq: -1}, nil},
			{services.Page{Limit: 3, BeforeSeq: -1, AfterSeq: 2}, []int64{3, 4, 5}},
			{services.Page{Limit: 3, BeforeSeq: -1, AfterSeq: 0}, []int64{1, 2, 3}},
			{services.Page{Limit: 3, BeforeSeq: -1, AfterSeq: 7}, nil},
			{services.Page{Limit: 9, BeforeSeq: 6, AfterSeq: 2}, []int64{3, 4, 5}},
		} {
			messages, err := w.Messages.List(w.Context(), ref, test.page)
			w.ok(err)
			if !slices.Equal(seqs(messages), test.seqs) {
				w.Errorf("%+v lists %v, not %v", test.page, seqs(messages), test.seqs)
			}
		}
		stranger := ref
		stranger.OrganizationID = w.newTenant("Globex", silent).organization.ID
		if messages, err := w.Messages.List(w.Context(), stranger, services.LatestPage(10)); err != nil ||
			len(messages) != 0 {
			w.Errorf("another organization reads %d messages, %v", len(messages), err)
		}
	})
}

func TestMarkRead_fillsReadByAndTellsWhatIsNew(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		hello := w.says(ref, "one")
		answer := w.writes(ref, w.ann, "two")
		more := w.says(ref, "three")
		w.ok(w.Messages.MarkRead(w.Context(), ref, agent(w.ann), []string{hello.ID, answer.ID}))
		first := w.clock.Now()
		w.clock.advance(time.Second)
		// again, and twice in one
		w.ok(w.Messages.MarkRead(w.Context(), ref, agent(w.ann), []string{hello.ID, more.ID, hello.ID}))
		w.ok(w.Messages.MarkRead(w.Context(), ref, agent(w.ben), []string{answer.ID}))
		w.ok(w.Messages.MarkRead(w.Context(), ref, endUserOf(ref), []string{hello.ID, answer.ID, more.ID}))
		// nothing is new
		w.ok(w.Messages.MarkRead(w.Context(), ref, agent(w.ann), []string{hello.ID, answer.ID, more.ID}))

		published := of[services.MessagesRead](w.events)
		want := []services.MessagesRead{
			{
				MessageIDs: []string{hello.ID},
				ReaderType: models.SenderAgent,
				ReaderID:   w.ann.ID,
				ReadAt:     first,
			},
			{
				MessageIDs: []string{more.ID},
				ReaderType: models.SenderAgent,
				ReaderID:   w.ann.ID,
				ReadAt:     w.clock.Now(),
			},
			{
				MessageIDs: []string{answer.ID},
				ReaderType: models.SenderAgent,
				ReaderID:   w.ben.ID,
				ReadAt:     w.clock.Now(),
			},
			{
				MessageIDs: []string{answer.ID},
				ReaderType: models.SenderEndUser,
				ReaderID:   "jo",
				ReadAt:     w.clock.Now(),
			},
		}
		for i := range want {
			want[i].ConversationID = ref.ID
		}
		if fmt.Sprint(published) != fmt.Sprint(want) {
			w.Errorf("published\n%v, not\n%v", published, want)
		}

		messages, err := w.Messages.List(w.Context(), ref, services.LatestPage(10))
		w.ok(err)
		readBy, err := w.Messages.ReadBy(w.Context(), w.organization.ID, messages)
		w.ok(err)
		read := func(message models.Message, by services.Sender, at time.Time) models.MessageRead {
			return models.MessageRead{
				MessageID:      message.ID,
				ReaderType:     by.Type,
				ReaderID:       by.ID,
				OrganizationID: w.organization.ID,
				ReadAt:         at,
			}
		}
		equal(w, readBy[hello.ID], read(hello, agent(w.ann), first))
		equal(w, readBy[more.ID], read(more, agent(w.ann), w.clock.Now()))
		if len(readBy) != 3 || len(readBy[answer.ID]) != 2 {
			w.Errorf("read by %v", readBy)
		}
	})
}

func TestMarkRead_refusesForeignIDsAndStoresNothing(t *testing.T) {
	each(t, func(w *world) {
		ref, other := w.opened("jo"), w.opened("mo")
		stranger := w.newTenant("Globex", silent)
		theirs := w.openedIn(stranger, "jo")
		mine := w.says(ref, "x")
		elsewhere := w.says(other, "x")
		foreign := w.says(theirs, "x")
		for name, ids := range map[string][]string{
			"another conversation": {mine.ID, elsewhere.ID}, "another organization": {mine.ID, foreign.ID},
			"no message": {mine.ID, models.NewID()},
		} {
			if err := w.Messages.MarkRead(w.Context(), ref, agent(w.ann), ids); err == nil ||
				services.KindOf(err) != services.NotFound {
				w.Errorf("%s: %v", name, err)
			}
		}
		tooMany := make([]string, services.MaxReadIDs+1)
		for i := range tooMany {
			tooMany[i] = models.NewID()
		}
		for name, ids := range map[string][]string{"none": {}, "no UUID": {mine.ID, "x"}, "NUL": {"\x00"},
			"too many": tooMany} {
			if err := w.Messages.MarkRead(w.Context(), ref, agent(w.ann), ids); err == nil ||
				services.KindOf(err) != services.Invalid {
				w.Errorf("%s: %v", name, err)
			}
		}
		if n := w.count(&models.MessageRead{}, "1 = 1"); n != 0 || len(of[services.MessagesRead](w.events)) != 0 {
			w.Errorf("%d reads were stored, published %d", n, len(of[services.MessagesRead](w.events)))
		}
	})
}

func TestMarkRead_byManyTabsAtOnceIsToldOnce(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		var ids []string
		for range 20 {
			ids = append(ids, w.says(ref, "x").ID)
		}
		const tabs = 8
		errs := make(chan error, tabs)
		for i := range tabs {
			own := slices.Clone(ids)
			if i%2 == 1 {
				slices.Reverse(own)
			}
			go func() { errs <- w.Messages.MarkRead(w.Context(), ref, agent(w.ann), own) }()
		}
		for range tabs {
			w.ok(<-errs)
		}
		published := map[string]int{}
		for _, read := range of[services.MessagesRead](w.events) {
			for _, id := range read.MessageIDs {
				published[id]++
			}
		}
		for _, id := range ids {
			if published[id] != 1 {
				w.Fatalf("published %v", published)
			}
		}
	})
}

func TestReadBy_isOfTheOrganizationOnly(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		message := w.says(ref, "x")
		w.ok(w.Messages.MarkRead(w.Context(), ref, agent(w.ann), []string{message.ID}))
		stranger := w.newTenant("Globex", silent)
		if readBy, err := w.Messages.ReadBy(w.Context(), stranger.organization.ID,
			[]models.Message{message}); err != nil || len(readBy) != 0 {
			w.Errorf("another organization reads %v, %v", readBy, err)
		}
		if readBy, err := w.Messages.ReadBy(w.Context(), w.organization.ID, nil); err != nil || len(readBy) != 0 {
			w.Errorf("of nothing: %v, %v", readBy, err)
		}
	})
}

func TestUnread_countsWhatNoAgentHasRead(t *testing.T) {
	each(t, func(w *world) {
		w.setBot(talkative)
		jo, mo := w.conversation("jo"), w.conversation("mo")
		var fromJo []string
		for range 3 {
			fromJo = append(fromJo, w.says(jo, "x").ID) // the bot's answers do not count
		}
		w.says(mo, "x")
		w.writes(jo, w.ann, "nor do agents' messages")
		w.ok(w.Messages.MarkRead(w.Context(), jo, agent(w.ann), fromJo[:1]))
		w.ok(w.Messages.MarkRead(w.Context(), jo, agent(w.ben), fromJo[:2]))
		conversations := []models.Conversation{{ID: jo.ID}, {ID: mo.ID}}
		counts := func() map[string]int {
			unread, err := w.Messages.Unread(w.Context(), w.organization.ID, conversations)
			w.ok(err)
			return unread
		}
		if unread := counts(); unread[jo.ID] != 1 || unread[mo.ID] != 1 {
			w.Errorf("unread: %v", unread)
		}
		w.ok(w.Messages.MarkRead(w.Context(), jo, agent(w.ben), fromJo[2:]))
		if unread := counts(); len(unread) != 1 {
			w.Errorf("unread: %v", unread)
		}
		stranger := w.newTenant("Globex", silent)
		if unread, err := w.Messages.Unread(w.Context(), stranger.organization.ID, conversations); err != nil ||
			len(unread) != 0 {
			w.Errorf("another organization counts %v, %v", unread, err)
		}
		if unread, err := w.Messages.Unread(w.Context(), w.organization.ID, nil); err != nil || len(unread) != 0 {
			w.Errorf("of nothing: %v, %v", unread, err)
		}
	})
}

func TestUnread_looksAtTheNewestOnly(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		var drafts []services.Draft
		for range services.UnreadWindow + 20 {
			drafts = append(drafts, text(ref, endUserOf(ref), "x"))
		}
		w.Messages.Together(drafts...)
		unread, err := w.Messages.Unread(w.Context(), w.organization.ID, []models.Conversation{{ID: ref.ID}})
		if err != nil || unread[ref.ID] != services.UnreadWindow {
			w.Errorf("unread: %v, %v", unread, err)
		}
	})
}

func TestFirstOf_isTheSessionsFirstMessageInItsConversation(t *testing.T) {
	each(t, func(w *world) {
		ref, other := w.conversation("jo"), w.conversation("mo")
		w.says(ref, "One")
		_, err := w.Conversations.Resolve(w.Context(), w.organization.ID, ref.ID, nil)
		w.ok(err)
		second := w.says(ref, "Two")
		w.says(ref, "Three")
		first, err := w.Messages.FirstOf(w.Context(), ref, second.SessionID)
		w.ok(err)
		if first != second.Seq {
			w.Errorf("the session begins at %d, not %d", first, second.Seq)
		}
		for _, unknown := range []string{"", "x", models.NewID()} {
			_, err := w.Messages.FirstOf(w.Context(), ref, unknown)
			w.refused(services.NotFound, err)
		}
		_, err = w.Messages.FirstOf(w.Context(), other, second.SessionID)
		w.refused(services.NotFound, err)
		stranger := ref
		stranger.OrganizationID = models.NewID()
		_, err = w.Messages.FirstOf(w.Context(), stranger, second.SessionID)
		w.refused(services.NotFound, err)
	})
}

// An end user may choose the id of an agent: each of the two reads for themselves.
func TestMarkRead_tellsAnEndUserFromAnAgentOfTheSameID(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened(w.ann.ID)
		answer := w.writes(ref, w.ben, "Hello")
		for _, reader := range []services.Sender{endUserOf(ref), agent(w.ann), agent(w.ann)} {
			w.ok(w.Messages.MarkRead(w.Context(), ref, reader, []string{answer.ID}))
		}
		readBy, err := w.Messages.ReadBy(w.Context(), w.organization.ID, []models.Message{answer})
		w.ok(err)
		if reads := readBy[answer.ID]; len(reads) != 2 || reads[0].ReaderType == reads[1].ReaderType {
			w.Errorf("read by %+v", reads)
		}
		if published := of[services.MessagesRead](w.events); len(published) != 2 {
			w.Errorf("published %+v", published)
		}
	})
}
