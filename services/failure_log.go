package services

import (
	"errors"
	"log/slog"
	"sync"
	"time"
)

// failurePeriod is how often a failure that lasts is logged.
const failurePeriod = time.Minute

var failures failureLog

// failureLog logs the first failure of a kind, and once a period how many more there were: while the database is away
// every request fails. The zero value is ready to use.
type failureLog struct {
	mu   sync.Mutex
	more map[string]int // by kind, in the current period of each
}

// LogFailure logs a failure of ours. What names its kind, and must not vary with the request. A refusal that a service
// made is no failure.
func LogFailure(what string, err error, attributes ...any) {
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Kind == Internal {
		failures.note(what, append([]any{"error", err}, attributes...))
	}
}

func (l *failureLog) note(what string, attributes []any) {
	l.mu.Lock()
	_, again := l.more[what]
	if again {
		l.more[what]++
	} else {
		if l.more == nil {
			l.more = map[string]int{}
		}
		l.more[what] = 0
		time.AfterFunc(failurePeriod, func() { l.end(what) })
	}
	l.mu.Unlock()
	if !again {
		slog.Error(what, attributes...)
	}
}

// end closes the period of a kind, and logs how many lines were left out.
func (l *failureLog) end(what string) {
	l.mu.Lock()
	more := l.more[what]
	delete(l.more, what)
	l.mu.Unlock()
	if more > 0 {
		slog.Error(what+": more of the same", "count", more)
	}
}
