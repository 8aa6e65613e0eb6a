package services_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parley/models"
	"parley/models/modelstest"
	"parley/services"
	"parley/services/state"
)

// ledger is the Publisher and the Receipt of one send: it keeps what happens, in its order.
type ledger struct {
	*recorder
	mu    sync.Mutex
	lines []string
	ended chan struct{} // Delivered was called
}

func newLedger() *ledger {
	return &ledger{
		recorder: newRecorder(),
		ended:    make(chan struct{}, 10_000),
	}
}

func (l *ledger) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func (l *ledger) MessageStored(sent *services.Sent) { l.add("published %d", sent.Message.Seq) }

func (l *ledger) Stored(sent *services.Sent, err error) {
	switch {
	case err != nil:
		l.add("refused as %s", services.KindOf(err))
	case sent.Duplicate:
		l.add("stored before as %d", sent.Message.Seq)
	default:
		l.add("stored as %d", sent.Message.Seq)
	}
}

func (l *ledger) Delivered() {
	l.add("delivered")
	l.ended <- struct{}{}
}

// took returns what happened until the send under way was delivered.
func (l *ledger) took() []string {
	select {
	case <-l.ended:
	case <-time.After(20 * time.Second):
		l.add("nothing more came")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := slices.Clone(l.lines)
	l.lines = nil
	return lines
}

// ending is one way a send may end: what comes before, the draft, and what its receipt and the rooms learn.
type ending struct {
	name    string
	rate    services.Rate
	bot     models.Bot
	first   func(w *world, ref services.Ref) services.Draft // sent before
	prepare func(w *world, messages *services.Messages)
	draft   func(w *world, ref services.Ref) services.Draft
	want    []string
}

func asEndUser(content string) func(*world, services.Ref) services.Draft {
	return func(_ *world, ref services.Ref) services.Draft {
		return named(text(ref, endUserOf(ref), content), "c-1")
	}
}

func asAgent(w *world, ref services.Ref) services.Draft { return text(ref, agent(w.ann), "Hello") }

var (
	oneAMinute = services.Rate{Count: 1, Window: time.Minute}
	endings    = []ending{
		{
			name:  "invalid body",
			draft: asEndUser(" "),
			want:  []string{"refused as invalid_request", "delivered"},
		},
		{
			name:  "invalid client_id",
			draft: func(w *world, ref services.Ref) services.Draft { return named(asAgent(w, ref), "\x00") },
			want:  []string{"refused as invalid_request", "delivered"},
		},
		{
			name:  "above the rate",
			rate:  oneAMinute,
			first: func(_ *world, ref services.Ref) services.Draft { return text(ref, endUserOf(ref), "another") },
			draft: asEndUser("Hello"),
			want:  []string{"refused as rate_limited", "delivered"},
		},
		{
			name:  "a repeat above the rate",
			rate:  oneAMinute,
			first: asEndUser("Hello"),
			draft: asEndUser("Hello"),
			want:  []string{"stored before as 1", "delivered"},
		},
		{
			name:  "a repeat",
			first: asEndUser("Hello"),
			draft: asEndUser("Hello"),
			want:  []string{"stored before as 1", "delivered"},
		},
		{
			name:    "the writer is closed",
			prepare: func(_ *world, messages *services.Messages) { messages.Close() },
			draft:   asEndUser("Hello"),
			want:    []string{"refused as unavailable", "delivered"},
		},
		{
			name: "the commit is refused",
			prepare: func(w *world, _ *services.Messages) {
				w.exec(`CREATE TRIGGER refuse BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'no'); END`,
					`ALTER TABLE messages ADD CONSTRAINT refuse CHECK (false)`)
			},
			draft: asEndUser("Hello"),
			want:  []string{"refused as unavailable", "delivered"},
		},
		{
			name:  "no session is open",
			draft: asAgent,
			want:  []string{"refused as conflict", "delivered"},
		},
		{
			name:  "stored",
			draft: asEndUser("Hello"),
			want:  []string{"stored as 1", "published 1", "delivered"},
		},
		{
			name:  "stored, and the bot answers",
			bot:   talkative,
			draft: asEndUser("Hello"),
			want:  []string{"stored as 1", "published 1", "published 2", "delivered"},
		},
	}
)

func TestSend_endsOnceAndInOrderHoweverItEnds(t *testing.T) {
	t.Parallel()
	for _, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				w := newWorld(t, db, services.Rate{})
				ref := w.conversation("jo")
				if e.bot.Rules != "" {
					w.setBot(e.bot)
				}
				l := newLedger()
				messages := services.NewMessages(db, state.NewMemoryLimiter(w.clock.Now), e.rate, l, w.clock.Now)
				if e.first != nil {
					messages.Send(t.Context(), reporting(e.first(w, ref), l))
					l.took()
				}
				if e.prepare != nil {
					e.prepare(w, messages)
				}
				messages.Send(t.Context(), reporting(e.draft(w, ref), l))
				if diff := cmp.Diff(e.want, l.took()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				messages.Close()
				if len(l.lines) > 0 {
					t.Errorf("afterward %v", l.lines)
				}
			})
		})
	}
}

func TestSend_endsOnceWhenTheQueueIsFull(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		release := w.hold()
		l := newLedger()
		gone, cancel := context.WithCancel(w.Context())
		cancel()
		for len(l.ended) == 0 { // nothing ends but what finds no place
			w.Messages.Send(gone, reporting(asAgent(w, ref), l))
		}
		if diff := cmp.Diff([]string{"refused as unavailable", "delivered"}, l.took()); diff != "" {
			w.Errorf("(-want +got):\n%s", diff)
		}
		release()
	})
}

func TestSendAndWait_returnsTheAnswer(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		sent, err := w.Messages.SendAndWait(w.Context(), asEndUser("Hello")(w, ref))
		w.ok(err)
		if sent.Message.Seq != 1 || sent.Duplicate {
			w.Errorf("sent %+v", sent)
		}
		_, err = w.Messages.SendAndWait(w.Context(), text(ref, endUserOf(ref), " "))
		w.refused(services.Invalid, err)
	})
}

func TestSend_needsNoReceipt(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		w.Messages.Send(w.Context(), text(ref, endUserOf(ref), "Hello"))
		w.Messages.Send(w.Context(), text(ref, endUserOf(ref), " "))
		w.Messages.Close()
		equal(w, w.transcript(ref), "1 end_user: Hello")
	})
}
