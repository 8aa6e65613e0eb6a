package services

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// ForgetFailures makes LogFailure log every kind again.
func ForgetFailures() {
	failures.mu.Lock()
	defer failures.mu.Unlock()
	clear(failures.more)
}

// Together sends drafts in one transaction, as if they had queued while another ran.
func (m *Messages) Together(drafts ...Draft) ([]Sent, []error) {
	sent, errs := make([]Sent, len(drafts)), make([]error, len(drafts))
	var batch []*job
	var done sync.WaitGroup
	for i, draft := range drafts {
		body, err := ParseBody(draft.ContentType, draft.Content, draft.RichMedia)
		if err != nil {
			panic(err) // what Send refuses reaches no writer
		}
		done.Add(1)
		batch = append(batch, &job{
			conversation: draft.Conversation,
			sender:       draft.Sender,
			clientID:     draft.ClientID,
			body:         body,
			deadline:     time.Now().Add(sendTimeout),
			receipt:      together{&done, &sent[i], &errs[i]},
		})
	}
	writer := m.writers[0]
	writer.unpublished.Add(1)
	writer.committed <- writer.commit(batch)
	done.Wait()
	return sent, errs
}

// together is the Receipt of one draft among several.
type together struct {
	done *sync.WaitGroup
	sent *Sent
	err  *error
}

func (t together) Stored(sent *Sent, err error) { *t.sent, *t.err = *sent, err }
func (t together) Delivered()                   { t.done.Done() }

// Reconcile is one look of Run; Refresh its other.
func (p *Presence) Reconcile(ctx context.Context) { p.reconcile(ctx, presenceGrace) }

// Refresh is what Run does now and then.
func (p *Presence) Refresh(ctx context.Context) { p.refresh(ctx) }

// Store is what Run does every second.
func (s *Visits) Store(ctx context.Context) { s.store(ctx) }

// What the tests of limits count up to.
const (
	MaxReadIDs       = maxReadIDs
	UnreadWindow     = unreadWindow
	WebSessionLife   = webSessionLife
	SecondFactorLife = secondFactorLife
	DeviceSeenPause  = deviceSeenPause
	PresenceGrace    = presenceGrace
	VisitLife        = visitLife
	TaggedLately     = taggedLately
	SuggestedTags    = suggestedTags
	MaxTeam          = maxTeam
	TeamRetry        = teamRetry
	NamesLife        = namesLife
)

// WithoutSecret is what the log reads of mail that failed.
var WithoutSecret = withoutSecret

// The limits of failed attempts.
var (
	PairRate    = pairRate
	AccountRate = accountRate
	SlowRate    = slowRate
	AddressRate = addressRate
	CodeDayRate = codeDayRate
)

// Occupy takes all the room to hash that strangers can take. release gives it back.
func (s *Passwords) Occupy() (release func()) {
	for range cap(s.hashing) {
		s.hashing <- struct{}{}
	}
	return func() {
		for range cap(s.hashing) {
			<-s.hashing
		}
	}
}

// CountComparisons counts comparisons of passwords with hashes from now on.
func (s *Passwords) CountComparisons() *atomic.Int64 {
	var count atomic.Int64
	compare := s.compare
	s.compare = func(password, hash string) (bool, error) {
		count.Add(1)
		return compare(password, hash)
	}
	return &count
}

// CheckExternalID is what the widget page asks of a session_id.
func CheckExternalID(externalID string) error { return checkExternalID(externalID) }
