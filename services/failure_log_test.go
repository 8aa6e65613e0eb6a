package services

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// While the database is away every request fails: that must not flood the log.
func TestLogFailure_sumsWhatLasts(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	synctest.Test(t, func(*testing.T) {
		var failures failureLog
		for range 1000 {
			failures.note("store messages", []any{"error", errors.New("gone")})
		}
		failures.note("read names", nil)
		time.Sleep(failurePeriod) // of the bubble
		synctest.Wait()
	})
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], `msg="store messages" error=gone`) ||
		!strings.Contains(lines[2], "count=999") {
		t.Errorf("logged %q", lines)
	}
}

func TestLogFailure_refusalsAreNoFailures(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	LogFailure("answer a request", Refuse(Unavailable, "Busy."))
	if log.Len() > 0 {
		t.Errorf("logged %s", log.String())
	}
}
