package services

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"parley/models"
)

const (
	asideSize  = 2048 // jobs that may wait aside
	asideAtOne = 2    // transactions for them at the same time: each needs a connection

	leastPause = 5 * time.Millisecond // before the first retry; doubles for later ones
	mostPause  = 100 * time.Millisecond

	lookupTimeout = time.Second
	lookupLife    = 30 * time.Second // how long an unknown commit is looked up
	lookupsAtOnce = 64               // that go on when the senders have their answers
)

// aside are the conversations that a writer has put aside, because another transaction holds them or because it is not
// known what was stored. Their jobs wait in order until their deadline, and the others go on without them.
type aside struct {
	mu      sync.Mutex
	waiting map[string][]*job // by conversation; there is an entry as long as it is aside
	count   int               // jobs in waiting
	running sync.WaitGroup    // for every goroutine that may send to committed
	slots   chan struct{}
	lookups chan struct{}
}

func newAside() *aside {
	return &aside{
		waiting: map[string][]*job{},
		slots:   make(chan struct{}, asideAtOne),
		lookups: make(chan struct{}, lookupsAtOnce),
	}
}

// sift returns the jobs of a batch that can go on: it adds those of conversations that are aside to the ones that wait,
// and refuses those that have waited too long.
func (w *writer) sift(batch []*job) []*job {
	now := time.Now()
	var refused []*job
	w.aside.mu.Lock()
	batch = slices.DeleteFunc(batch, func(j *job) bool {
		jobs, isAside := w.aside.waiting[j.conversation.ID]
		switch {
		case !now.Before(j.deadline), isAside && w.aside.count >= asideSize:
			refused = append(refused, j)
		case isAside:
			w.aside.waiting[j.conversation.ID] = append(jobs, j)
			w.aside.count++
		default:
			return false
		}
		return true
	})
	w.aside.mu.Unlock()
	w.tell(refusals(refused, errBacklog))
	return batch
}

// putAside makes jobs wait for another transaction.
func (w *writer) putAside(jobs []*job) {
	var refused []*job
	w.aside.mu.Lock()
	for _, j := range jobs {
		id := j.conversation.ID
		waiting, isAside := w.aside.waiting[id]
		if w.aside.count >= asideSize {
			refused = append(refused, j)
			continue
		}
		w.aside.waiting[id] = append(waiting, j)
		w.aside.count++
		if !isAside {
			w.aside.running.Go(func() { w.retry(id) })
		}
	}
	w.aside.mu.Unlock()
	w.tell(refusals(refused, errBacklog))
}

// retry stores the jobs of a conversation that is aside. When one must be refused, those behind it are refused too: a
// sender who sends them again keeps their order.
func (w *writer) retry(id string) {
	only, waits := batchSize, errLocked
	for pause := leastPause; ; pause = min(2*pause, mostPause) {
		w.aside.mu.Lock()
		jobs := w.aside.waiting[id]
		if len(jobs) == 0 {
			delete(w.aside.waiting, id)
			w.aside.mu.Unlock()
			return
		}
		jobs = slices.Clone(jobs[:min(len(jobs), only)])
		w.aside.mu.Unlock()
		if !w.turn(jobs[0].deadline, rand.N(pause)) {
			w.tell(refusals(w.takeAside(id, asideSize), waits))
			continue
		}
		outcomes, locked, err := w.transact(jobs)
		<-w.aside.slots
		switch {
		case errors.Is(err, models.ErrCommitUnknown):
			w.takeAside(id, len(jobs))
			w.lookUp(outcomes)
		case len(locked) > 0:
			waits = errLocked
			continue
		case err != nil && models.Unavailable(err):
			waits = err
			continue
		case err != nil && len(jobs) > 1: // one of them cannot be stored
			only = 1
			continue
		case err != nil:
			outcomes = refusals(jobs, err)
			fallthrough
		default:
			w.tell(outcomes)
			w.takeAside(id, len(jobs))
		}
		pause = leastPause
	}
}

// turn waits for a pause, and then for a slot. It reports false at the deadline.
func (w *writer) turn(deadline time.Time, pause time.Duration) bool {
	timeout := time.NewTimer(time.Until(deadline))
	defer timeout.Stop()
	select {
	case <-time.After(pause):
	case <-timeout.C:
		return false
	}
	select {
	case w.aside.slots <- struct{}{}:
		return true
	case <-timeout.C:
		return false
	}
}

// takeAside removes the first n jobs of a conversation that is aside.
func (w *writer) takeAside(id string, n int) []*job {
	w.aside.mu.Lock()
	defer w.aside.mu.Unlock()
	jobs := w.aside.waiting[id]
	n = min(n, len(jobs))
	w.aside.waiting[id] = jobs[n:]
	w.aside.count -= n
	return jobs[:n]
}

// putAsideUnknown puts the conversations of a batch aside until it is known whether it was committed.
func (w *writer) putAsideUnknown(outcomes []outcome) {
	var ids []string
	w.aside.mu.Lock()
	for _, o := range outcomes {
		if _, isAside := w.aside.waiting[o.conversation.ID]; !isAside {
			w.aside.waiting[o.conversation.ID] = nil
			ids = append(ids, o.conversation.ID)
		}
	}
	w.aside.mu.Unlock()
	w.aside.running.Go(func() {
		w.lookUp(outcomes)
		for _, id := range ids {
			w.aside.running.Go(func() { w.retry(id) })
		}
	})
}

// lookUp acknowledges and publishes a batch whose commit is not known, if it was committed. At the deadline it refuses
// the batch, and looks further in the background, so that what was stored is published.
func (w *writer) lookUp(outcomes []outcome) {
	var stored *models.Message
	deadline := time.Now().Add(sendTimeout)
	for i := range outcomes {
		if deadline.After(outcomes[i].deadline) {
			deadline = outcomes[i].deadline
		}
		if o := &outcomes[i]; o.err == nil && !o.sent.Duplicate && stored == nil {
			stored = &o.sent.Message
		}
	}
	if stored == nil { // nothing was written
		w.tell(outcomes)
		return
	}
	committed, err := w.wasCommitted(*stored, deadline)
	switch {
	case committed:
		w.tell(outcomes)
		return
	case err != nil:
		w.lookUpLater(outcomes, *stored)
	default:
		err = errNotCommitted
	}
	jobs := make([]*job, len(outcomes))
	for i := range outcomes {
		jobs[i] = outcomes[i].job
	}
	w.tell(refusals(jobs, err))
}

// lookUpLater publishes a batch without acknowledging it, once it turns out to be committed.
func (w *writer) lookUpLater(outcomes []outcome, stored models.Message) {
	select {
	case w.aside.lookups <- struct{}{}:
	default:
		return // repeats are published, and clients fetch what they miss
	}
	late := make([]outcome, len(outcomes))
	for i, o := range outcomes {
		answered := *o.job
		answered.receipt = nil
		o.job = &answered
		late[i] = o
	}
	w.aside.running.Go(func() {
		defer func() { <-w.aside.lookups }()
		if committed, _ := w.wasCommitted(stored, time.Now().Add(lookupLife)); committed {
			w.tell(late)
		}
	})
}

// wasCommitted asks until the database knows, or until the deadline or the end of the writer.
func (w *writer) wasCommitted(message models.Message, deadline time.Time) (committed bool, err error) {
	for pause := leastPause; ; pause = min(2*pause, 10*mostPause) {
		ctx, cancel := context.WithDeadline(context.Background(), earlier(deadline, time.Now().Add(lookupTimeout)))
		committed, err = w.db.Committed(ctx, message)
		cancel()
		if err == nil {
			return committed, nil
		}
		if time.Until(deadline) <= 0 {
			LogFailure("look up a commit", err)
			return false, err
		}
		select {
		case <-time.After(min(pause, time.Until(deadline))):
		case <-w.closing:
			deadline = earlier(deadline, time.Now()) // one more time
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Why jobs are refused that the database itself did not refuse.
var (
	errBacklog      = errors.New("too many messages wait, or for too long")
	errLocked       = errors.New("another transaction has locked a conversation for too long")
	errNotCommitted = errors.New("the connection broke before the transaction was committed")
)

// refusals are the outcomes of jobs that could not be stored. The reason is for the log alone.
func refusals(jobs []*job, reason error) []outcome {
	if len(jobs) > 0 {
		LogFailure("store messages", reason)
	}
	outcomes := make([]outcome, len(jobs))
	for i, j := range jobs {
		outcomes[i] = outcome{
			job: j,
			err: Refuse(Unavailable, "The message could not be stored. Please try again."),
		}
	}
	return outcomes
}
