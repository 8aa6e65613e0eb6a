package main

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// An outcome is what a sender knows about a message.
type outcome string

const (
	outcomeUnknown      outcome = "unknown" // not answered yet, or only by errors that may pass
	outcomeAcknowledged outcome = "acknowledged"
	outcomeRefused      outcome = "refused" // for good
)

// An operation is one message that a sender wants stored.
type operation struct {
	person       int
	number       int // counts the person's messages
	conversation int // its index
	content      string
	clientID     string
	invalid      bool // the server must refuse it

	invoked  time.Time
	answered time.Time
	attempts int
	socket   *socket // of the last attempt
	outcome  outcome
	id       string // of the stored message
	seq      int64
	refusal  string
}

// text names the sender and number of a message, and where it belongs.
func text(person, number, conversation int) string {
	return fmt.Sprintf("person %d message %d conversation %d", person, number, conversation)
}

// A ledger has every operation of a load, in the order of invocation.
type ledger struct {
	mu         sync.Mutex
	operations []*operation
	notes      map[string]int // what else went wrong, and how often
}

func newLedger() *ledger { return &ledger{notes: map[string]int{}} }

func (l *ledger) invoke(o *operation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o.outcome, o.invoked = outcomeUnknown, time.Now()
	l.operations = append(l.operations, o)
}

// change changes an operation.
func (l *ledger) change(o *operation, do func(*operation)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do(o)
}

// note counts an observation that is a problem by itself.
func (l *ledger) note(format string, values ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notes[fmt.Sprintf(format, values...)]++
}

// takeNotes returns the notes since the last call.
func (l *ledger) takeNotes() (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, note := range slices.Sorted(maps.Keys(l.notes)) {
		found = append(found, fmt.Sprintf("%s (%d×)", note, l.notes[note]))
	}
	l.notes = map[string]int{}
	return found
}

// snapshot copies the operations that were invoked since a time.
func (l *ledger) snapshot(since time.Time) (copied []operation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.operations {
		if !o.invoked.Before(since) {
			copied = append(copied, *o)
		}
	}
	return copied
}

// latencies returns how long the acknowledgements of the messages took that were invoked between two times.
func (l *ledger) latencies(from, to time.Time) (took []time.Duration) {
	for _, o := range l.snapshot(from) {
		if o.outcome == outcomeAcknowledged && o.invoked.Before(to) {
			took = append(took, o.answered.Sub(o.invoked))
		}
	}
	return took
}

// answersAfter returns when messages were acknowledged after a time.
func (l *ledger) answersAfter(began time.Time) (times []time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.operations {
		if o.outcome == outcomeAcknowledged && o.answered.After(began) {
			times = append(times, o.answered)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// count returns how many messages that were invoked since a time are acknowledged, and how many were sent more than
// once.
func (l *ledger) count(since time.Time) (stored, repeated int) {
	for _, o := range l.snapshot(since) {
		if o.outcome == outcomeAcknowledged {
			stored++
		}
		if o.attempts > 1 {
			repeated++
		}
	}
	return stored, repeated
}
