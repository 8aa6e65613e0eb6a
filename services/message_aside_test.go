package services_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/models/modelstest"
	"parley/services"
)

// onPostgres runs test in a world on PostgreSQL: on SQLite there is nobody else who could hold a lock.
func onPostgres(t *testing.T, test func(w *world)) {
	t.Helper()
	each(t, func(w *world) {
		if w.db.Postgres() {
			test(w)
		}
	})
}

// begin starts a transaction of somebody else.
func (w *world) begin(query string, args ...any) *sql.Tx {
	w.Helper()
	conn, err := w.db.SQL()
	w.ok(err)
	tx, err := conn.BeginTx(w.Context(), nil)
	w.ok(err)
	w.Cleanup(func() { tx.Rollback() })
	_, err = tx.Exec(query, args...)
	w.ok(err)
	return tx
}

// later sends without waiting, and returns where the results will be.
func (w *world) later(drafts ...services.Draft) []chan error {
	w.Helper()
	answers := make([]chan error, len(drafts))
	for i, draft := range drafts {
		answers[i] = make(chan error, 1)
		receipt := onStored(func(_ *services.Sent, err error) { answers[i] <- err })
		w.Messages.Send(w.Context(), reporting(draft, receipt))
	}
	return answers
}

func TestSend_aLockedConversationWaitsAndTheOthersGoOn(t *testing.T) {
	onPostgres(t, func(w *world) {
		locked, other := w.opened("jo"), w.opened("mo")
		lock := w.begin("SELECT 1 FROM conversations WHERE id = $1 FOR UPDATE", locked.ID)
		var drafts []services.Draft
		for i := range 20 {
			drafts = append(drafts, text(locked, agent(w.ann), fmt.Sprint(i)))
		}
		waiting := w.later(drafts...)
		start := time.Now()
		for i := range 20 { // in the same batches, and in later ones
			w.writes(other, w.ann, fmt.Sprint(i))
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("the others wait %v", took)
		}
		for i, answer := range waiting {
			select {
			case err := <-answer:
				t.Fatalf("%d is answered while the conversation is locked: %v", i, err)
			default:
			}
		}
		w.ok(lock.Rollback())
		want := []string{"1 end_user: Hello"}
		for i, answer := range waiting {
			w.ok(<-answer)
			want = append(want, fmt.Sprintf("%d agent: %d", i+2, i))
		}
		equal(w, w.transcript(locked), want...)
	})
}

func TestSend_aConversationThatStaysLockedIsRefusedInTime(t *testing.T) {
	onPostgres(t, func(w *world) {
		ref := w.opened("jo")
		lock := w.begin("SELECT 1 FROM conversations WHERE id = $1 FOR UPDATE", ref.ID)
		start := time.Now()
		for _, answer := range w.later(text(ref, endUserOf(ref), "1"), text(ref, endUserOf(ref), "2")) {
			w.refused(services.Unavailable, <-answer)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("takes %v", took)
		}
		w.ok(lock.Rollback())
		w.says(ref, "3")
		equal(w, w.transcript(ref), "1 end_user: Hello", "2 end_user: 3")
	})
}

// Nothing else shows that somebody's transaction stops a conversation.
func TestSend_aConversationThatStaysLockedIsLogged(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		if !db.Postgres() {
			t.Skip("on SQLite there is nobody else who could hold a lock")
		}
		w := newWorld(t, db, services.Rate{})
		ref := w.opened("jo")
		lock := w.begin("SELECT 1 FROM conversations WHERE id = $1 FOR UPDATE", ref.ID)
		var log bytes.Buffer
		before := slog.Default()
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
		defer slog.SetDefault(before)
		services.ForgetFailures()
		waiting := w.later(text(ref, endUserOf(ref), "1"), text(ref, endUserOf(ref), "2"))
		for _, answer := range waiting {
			w.refused(services.Unavailable, <-answer)
		}
		w.ok(lock.Rollback())
		w.Messages.Close()
		if got := strings.Count(log.String(), `msg="store messages" error="another transaction has locked`); got != 1 {
			t.Errorf("logged %d times: %s", got, log.String())
		}
	})
}

// A node that freezes within the transaction of a first message must not stop the others either.
func TestSend_aNewConversationThatSomebodyElseCreatesWaits(t *testing.T) {
	onPostgres(t, func(w *world) {
		first, other := w.conversation("jo"), w.opened("mo")
		lock := w.begin(`INSERT INTO end_users (id, organization_id, external_id, created_at, updated_at)
			VALUES ($1, $2, 'jo', now(), now())`, models.NewID(), w.organization.ID)
		waiting := w.later(text(first, endUserOf(first), "1"), text(other, endUserOf(other), "a"),
			text(first, endUserOf(first), "2"))
		start := time.Now()
		w.ok(<-waiting[1])
		w.says(other, "b")
		if took := time.Since(start); took > time.Second {
			t.Errorf("the others wait %v", took)
		}
		select {
		case err := <-waiting[0]:
			t.Fatalf("answered while the end user is locked: %v", err)
		default:
		}
		w.ok(lock.Rollback())
		w.ok(<-waiting[0])
		w.ok(<-waiting[2])
		equal(w, w.transcript(first), "1 end_user: 1", "2 end_user: 2")
	})
}

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// lossy is a world whose COMMITs are lost, or the answers to them, once lose is called.
type lossy struct {
	*world
	link   *modelstest.Link
	direct *models.DB
	ref    services.Ref
	lost   chan struct{} // a COMMIT was sent
}

func newLossy(t *testing.T) *lossy {
	t.Helper()
	t.Parallel()
	link, db := modelstest.OpenLinked(t, "&default_query_exec_mode=exec") // which sends COMMIT as text
	w := newWorld(t, db, services.Rate{})
	return &lossy{
		world:  w,
		link:   link,
		direct: link.Direct(t),
		ref:    w.opened("jo"),
		lost:   make(chan struct{}),
	}
}

// lose calls hang before the next COMMIT arrives.
func (l *lossy) lose(hang func()) {
	l.link.OnSend(func(sent []byte) {
		if bytes.Contains(sent, []byte("COMMIT")) && bytes.Contains(sent, []byte("INSERT INTO messages")) {
			l.link.OnSend(nil)
			hang()
			close(l.lost)
		}
	})
}

// await waits until the server has stored a message.
func (l *lossy) await(content string) {
	l.Helper()
	for n := int64(0); n == 0; {
		l.ok(l.direct.Read.WithContext(l.Context()).Model(&models.Message{}).Where("content = ?", content).Count(&n).Error)
	}
}

func (l *lossy) published(content string) (n int) {
	for _, message := range of[models.Message](l.events) {
		if message.Content == content {
			n++
		}
	}
	return n
}

func TestSend_aCommitWhoseAnswerIsLostIsLookedUp(t *testing.T) {
	l := newLossy(t)
	l.lose(l.link.HangAnswers)
	answers := l.later(text(l.ref, endUserOf(l.ref), "lost"))
	<-l.lost
	answers = append(answers, l.later(text(l.ref, endUserOf(l.ref), "behind it"))...)
	l.await("lost")
	l.link.Reset()
	l.link.Resume()
	for _, answer := range answers {
		l.ok(<-answer)
	}
	equal(l.world, l.transcript(l.ref), "1 end_user: Hello", "2 end_user: lost", "3 end_user: behind it")
	l.Messages.Close()
	if l.published("lost") != 1 || l.published("behind it") != 1 {
		t.Errorf("published %d and %d times", l.published("lost"), l.published("behind it"))
	}
}

func TestSend_aCommitThatIsLostIsRefused(t *testing.T) {
	l := newLossy(t)
	l.lose(l.link.Hang)
	draft := named(text(l.ref, endUserOf(l.ref), "lost"), "c-1")
	answers := l.later(draft)
	<-l.lost
	l.link.Reset()
	l.link.Resume()
	l.refused(services.Unavailable, <-answers[0])
	for {
		sent, err := l.send(draft)
		if err == nil && !sent.Duplicate {
			break
		}
		l.refused(services.Unavailable, err) // connections that broke are found out one by one
	}
	equal(l.world, l.transcript(l.ref), "1 end_user: Hello", "2 end_user: lost")
	l.Messages.Close()
	if l.published("lost") != 1 {
		t.Errorf("published %d times", l.published("lost"))
	}
}

// The sender has long been asked to try again when the database can be asked; everybody else still hears of the
// message.
func TestSend_whatWasStoredIsPublishedLaterThanItsDeadline(t *testing.T) {
	l := newLossy(t)
	l.lose(l.link.HangAnswers)
	draft := named(text(l.ref, endUserOf(l.ref), "lost"), "c-1")
	start := time.Now()
	answers := l.later(draft)
	l.refused(services.Unavailable, <-answers[0])
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("the sender waits %v", took)
	}
	if l.published("lost") != 0 {
		t.Error("published what is not known")
	}
	events := l.events.watch()
	l.link.Reset()
	l.link.Resume()
	for l.published("lost") == 0 {
		select {
		case <-events:
		case <-time.After(patience):
			t.Fatal("nothing is published")
		}
	}
	for {
		sent, err := l.send(draft)
		if err == nil && sent.Duplicate {
			break
		}
		l.refused(services.Unavailable, err)
	}
	l.Messages.Close()
	if l.published("lost") != 1 {
		t.Errorf("published %d times", l.published("lost"))
	}
}

// The node that stored the original may have died before it published.
func TestSend_aRepeatIsPublishedUnlessThisNodeHasPublishedTheOriginal(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		node := *w
		node.events = newRecorder()
		node.newServices(services.Rate{})
		draft := named(text(ref, endUserOf(ref), "from the other node"), "c-1")
		node.stored(draft)
		old := named(text(ref, endUserOf(ref), "long ago"), "c-2")
		node.stored(old)
		for range 2 {
			sent, err := w.send(draft)
			w.ok(err)
			if !sent.Duplicate {
				t.Error("stored twice")
			}
		}
		w.clock.advance(2 * time.Minute)
		_, err := w.send(old)
		w.ok(err)
		w.Messages.Close()
		var contents []string
		for _, message := range of[models.Message](w.events) {
			contents = append(contents, message.Content)
		}
		equal(w, contents, "Hello", "from the other node")
	})
}
