package realtime_test

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"parley/models"
	"parley/models/modelstest"
	"parley/services"
)

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

// What is done every few seconds must not fill the log while the database is away.
func TestRun_logsALastingFailureOnce(t *testing.T) {
	log, before := &lines{}, slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		var away atomic.Bool
		tables := make(chan string)
		fail := func(tx *gorm.DB) {
			if !away.Load() {
				return
			}
			tx.AddError(errors.New("the database is away"))
			select {
			case tables <- tx.Statement.Table:
			case <-t.Context().Done():
			}
		}
		reads := db.Read.Callback()
		if err := errors.Join(reads.Query().Before("gorm:query").Register("fail", fail),
			reads.Row().Before("gorm:row").Register("fail", fail)); err != nil {
			t.Fatal(err)
		}
		w, serve := newNode(t, db, nil, services.Rate{}, services.AddressLimits{})
		var err error
		w.seeded, err = w.Organizations.Seed(t.Context(), false)
		w.ok(err)
		w.live.SetRhythm(time.Millisecond, time.Millisecond, 1)
		w.live.SetSweep(time.Millisecond)
		serve()
		v := w.visit("jo")
		w.endUser(v).ok("send_message", v.say("Hello"))
		w.agent(w.seeded.Agent).ok("join_conversation", v.id())
		away.Store(true)
		defer away.Store(false)
		for failed := map[string]int{}; len(failed) < 3 || failed["devices"] < 5; {
			failed[<-tables]++
		}
	})
	for _, failure := range []string{"look for lost events", "look for ended logins", "look for revoked embed tokens"} {
		if n := log.count(`msg="` + failure + `"`); n > 1 {
			t.Errorf("%q has %d lines", failure, n)
		}
	}
}
