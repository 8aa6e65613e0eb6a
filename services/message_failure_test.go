package services_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parley/models"
	"parley/models/modelstest"
	"parley/services"
	"parley/services/state"
)

// exec runs SQL that may differ between the databases.
func (w *world) exec(sqlite, postgres string) {
	w.Helper()
	sql := sqlite
	if w.db.Postgres() {
		sql = postgres
	}
	w.ok(w.db.Write.Exec(sql).Error)
}

func TestSend_whatTheDatabaseRefusesDoesNotTakeItsBatchAlong(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.conversation("a"), w.conversation("b")
		w.exec(`CREATE TRIGGER poison BEFORE INSERT ON messages WHEN NEW.content = 'poison' BEGIN SELECT RAISE(ABORT, 'poison'); END`,
			`ALTER TABLE messages ADD CONSTRAINT poison CHECK (content <> 'poison')`)
		_, errs := w.Messages.Together(text(a, endUserOf(a), "1"), text(b, endUserOf(b), "2"),
			text(a, endUserOf(a), "poison"), text(a, endUserOf(a), "4"),
			named(text(b, endUserOf(b), "5"), "c"), named(text(b, endUserOf(b), "5"), "c"))
		w.refused(services.Unavailable, errs[2])
		for _, i := range []int{0, 1, 3, 4, 5} {
			w.ok(errs[i])
		}
		equal(w, w.transcript(a), "1 end_user: 1", "2 end_user: 4")
		equal(w, w.transcript(b), "1 end_user: 2", "2 end_user: 5")
		w.Messages.Close()
		if published := of[models.Message](w.events); len(published) != 4 {
			w.Errorf("published %d messages", len(published))
		}
	})
}

// An open session that this node's transaction did not see, as when another node's commits in between.
func TestSend_aConflictInTheDatabaseIsNoLoss(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.conversation("a"), w.conversation("b")
		w.exec(`CREATE TRIGGER once BEFORE INSERT ON conversation_sessions WHEN NEW.conversation_id = '`+a.ID+
			`' BEGIN SELECT RAISE(ABORT, 'no'); END`,
			`ALTER TABLE conversation_sessions ADD CONSTRAINT once CHECK (conversation_id <> '`+a.ID+`')`)
		_, errs := w.Messages.Together(text(a, endUserOf(a), "1"), text(b, endUserOf(b), "2"))
		w.refused(services.Unavailable, errs[0])
		w.ok(errs[1])
		equal(w, w.transcript(a))
		equal(w, w.transcript(b), "1 end_user: 2")
	})
}

func TestSend_isUnavailableWhileTheDatabaseIsGone(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		back := w.cutOff()
		_, err := w.send(text(ref, endUserOf(ref), "into the void"))
		w.refused(services.Unavailable, err)
		if message := services.AsError(err).Message; message != "The message could not be stored. Please try again." {
			w.Errorf("the sender reads %q", message)
		}
		back()
		again := func() error {
			_, err := w.send(text(ref, endUserOf(ref), "again"))
			return err
		}
		for err = again(); err != nil; err = again() { // connections that broke are found out one by one
			w.refused(services.Unavailable, err)
			w.ok(w.Context().Err())
		}
		equal(w, w.transcript(ref), "1 end_user: Hello", "2 end_user: again")
		w.Messages.Close()
		if published := of[models.Message](w.events); len(published) != 2 {
			w.Errorf("published %d messages", len(published))
		}
	})
}

// cutOff takes the database away until back is called.
func (w *world) cutOff() (back func()) {
	w.Helper()
	if !w.db.Postgres() {
		w.ok(w.db.Write.Exec("ALTER TABLE messages RENAME TO elsewhere").Error)
		return func() { w.ok(w.db.Write.Exec("ALTER TABLE elsewhere RENAME TO messages").Error) }
	}
	var name string
	w.ok(w.db.Read.Raw("SELECT current_database()").Scan(&name).Error)
	server, err := url.Parse(os.Getenv("TEST_DATABASE_URL"))
	w.ok(err)
	admin, err := pgx.Connect(w.Context(), server.String())
	w.ok(err)
	w.Cleanup(func() { admin.Close(context.Background()) })
	exec := func(sql string) {
		_, err := admin.Exec(w.Context(), sql)
		w.ok(err)
	}
	exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false")
	exec("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" + name + "'")
	return func() { exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true") }
}

// hold keeps every writer waiting until release is called.
func (w *world) hold() (release func()) {
	w.Helper()
	conn, err := w.db.SQL()
	w.ok(err)
	if !w.db.Postgres() {
		held, err := conn.Conn(w.Context()) // the only one that writes
		w.ok(err)
		return func() { w.ok(held.Close()) }
	}
	tx, err := conn.BeginTx(w.Context(), nil)
	w.ok(err)
	_, err = tx.Exec("LOCK TABLE conversations IN ACCESS EXCLUSIVE MODE")
	w.ok(err)
	return func() { w.ok(tx.Rollback()) }
}

// Poison among many costs a few transactions more, and everybody else their place in the order.
func TestSend_aLargeBatchIsStoredInOrderAroundThePoison(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		w.exec(`CREATE TRIGGER poison BEFORE INSERT ON messages WHEN NEW.content = 'poison' BEGIN SELECT RAISE(ABORT, 'poison'); END`,
			`ALTER TABLE messages ADD CONSTRAINT poison CHECK (content <> 'poison')`)
		var drafts []services.Draft
		var want []string
		for i := range 101 {
			content := fmt.Sprint(i)
			if i%40 == 7 {
				content = "poison"
			} else {
				want = append(want, fmt.Sprintf("%d end_user: %d", len(want)+1, i))
			}
			drafts = append(drafts, text(ref, endUserOf(ref), content))
		}
		w.Messages.Together(drafts...)
		equal(w, w.transcript(ref), want...)
	})
}

func TestClose_storesAndTellsWhatWasAccepted(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		release := w.hold()
		const accepted = 300
		var stored atomic.Int64
		for i := range accepted {
			w.Messages.Send(w.Context(), reporting(text(ref, agent(w.ann), fmt.Sprint(i)),
				onStored(func(_ *services.Sent, err error) {
					if err != nil {
						w.Error(err)
					}
					stored.Add(1)
				})))
		}
		release()
		w.Messages.Close()
		if n := stored.Load(); n != accepted {
			w.Errorf("%d of %d were answered when Close returned", n, accepted)
		}
		n, published := len(w.transcript(ref)), len(of[models.Message](w.events))
		if n != accepted+1 || published != accepted+1 {
			w.Errorf("%d stored, %d published", n, published)
		}
		_, err := w.send(text(ref, agent(w.ann), "too late"))
		w.refused(services.Unavailable, err)
		w.Messages.Close() // once more does no harm
	})
}

func TestSend_isAnsweredOnceEvenIfTheQueueIsFull(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		release := w.hold()
		gone, cancel := context.WithCancel(w.Context())
		cancel()
		const sends = 5000 // more than fit
		var accepted, refused atomic.Int64
		var answered sync.WaitGroup
		for range sends {
			answered.Add(1)
			w.Messages.Send(gone, reporting(text(ref, agent(w.ann), "x"), onStored(func(_ *services.Sent, err error) {
				defer answered.Done() // panics the second time
				if err == nil {
					accepted.Add(1)
				} else if services.KindOf(err) == services.Unavailable {
					refused.Add(1)
				}
			})))
		}
		release()
		answered.Wait()
		if accepted.Load()+refused.Load() != sends || refused.Load() == 0 ||
			int64(len(w.transcript(ref))) != accepted.Load()+1 {
			w.Errorf("%d accepted, %d refused, %d stored", accepted.Load(), refused.Load(), len(w.transcript(ref)))
		}
	})
}

// committed is a Publisher that looks whether others can see what it publishes.
type committed struct {
	*recorder
	w *world
}

func (c committed) MessageStored(sent *services.Sent) {
	if n := c.w.count(&models.Message{}, "id = ?", sent.Message.ID); n != 1 {
		c.w.Errorf("%q was published before its commit", sent.Message.Content)
	}
	c.recorder.MessageStored(sent)
}

func TestSend_answersAndTellsAfterTheCommit(t *testing.T) {
	each(t, func(w *world) {
		w.setBot(talkative)
		ref := w.conversation("jo")
		messages := services.NewMessages(w.db, state.NewMemoryLimiter(w.clock.Now), services.Rate{},
			committed{w.events, w}, w.clock.Now)
		for i := range 20 {
			messages.Send(w.Context(), reporting(text(ref, endUserOf(ref), fmt.Sprint(i)),
				onStored(func(sent *services.Sent, err error) {
					if err != nil || w.count(&models.Message{}, "id = ?", sent.Message.ID) != 1 {
						w.Errorf("%d was acknowledged before its commit: %v", i, err)
					}
				})))
		}
		messages.Close()
		if published := of[models.Message](w.events); len(published) != 40 {
			w.Errorf("published %d messages", len(published))
		}
	})
}

var tenInTen = services.Rate{Count: 10, Window: 10 * time.Second}

func TestSend_limitsEndUsersByExternalID(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db, tenInTen)
		ref, other := w.conversation("jo"), w.conversation("mo")
		onMobile := w.conversationOn(w.mobile, "jo")
		elsewhere := w.conversationOn(w.newTenant("Globex", silent).webchat, "jo")
		for range 9 {
			w.says(ref, "x")
		}
		w.says(onMobile, "the tenth, on another channel")
		w.clock.advance(4 * time.Second)
		_, err := w.send(text(ref, endUserOf(ref), "the eleventh"))
		w.refused(services.RateLimited, err)
		if wait := services.AsError(err).RetryAfter; wait != 6*time.Second {
			w.Errorf("come again in %v", wait)
		}
		_, err = w.send(text(onMobile, endUserOf(onMobile), "the twelfth"))
		w.refused(services.RateLimited, err)
		w.says(other, "somebody else")
		w.says(elsewhere, "the same name elsewhere")
		for range 20 {
			w.writes(ref, w.ann, "agents have no limit")
		}
		w.clock.advance(6 * time.Second)
		w.says(ref, "at last")
		if n := len(w.transcript(ref)); n != 30 {
			w.Errorf("%d are stored", n)
		}
		w.Messages.Close()
		if published := len(of[models.Message](w.events)); published != 33 {
			w.Errorf("published %d", published)
		}
	})
}

func TestSend_aRepeatAboveTheLimitIsTheStoredMessage(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db, tenInTen)
		ref := w.conversation("jo")
		first := text(ref, endUserOf(ref), "the first")
		first.ClientID = "c-1"
		stored := w.stored(first)
		for range 9 {
			w.says(ref, "x")
		}
		again, err := w.send(first)
		w.ok(err)
		if !again.Duplicate || again.Message.ID != stored.ID {
			w.Errorf("the repeat is %+v", again)
		}
		other := text(ref, endUserOf(ref), "the eleventh")
		other.ClientID = "c-2"
		_, err = w.send(other)
		w.refused(services.RateLimited, err)
	})
}

func TestSend_withoutALimitTakesAll(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		for range 25 {
			w.says(ref, "x")
		}
	})
}

func TestSend_whatIsInvalidDoesNotCountAgainstTheLimit(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db, services.Rate{Count: 1, Window: time.Minute})
		ref := w.conversation("jo")
		for range 3 {
			_, err := w.send(text(ref, endUserOf(ref), " "))
			w.refused(services.Invalid, err)
		}
		w.says(ref, "x")
	})
}
