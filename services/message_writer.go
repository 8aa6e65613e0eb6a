package services

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"parley/models"
)

const (
	batchSize    = 256 // jobs in one transaction; more would only delay the first of them
	queueSize    = 2048
	sendTimeout  = 2500 * time.Millisecond // for a job, so that its sender has an answer within 3 s
	leastTimeout = 300 * time.Millisecond  // for a transaction, also for jobs that have waited
)

// job is a validated message on its way into the database.
type job struct {
	conversation Ref
	sender       Sender
	clientID     string
	body         Body
	receipt      Receipt // or nil
	deadline     time.Time
}

// outcome is the result of a send.
type outcome struct {
	*job
	sent   Sent
	answer *models.Message // the bot's answer, stored in the same transaction
	err    error
}

// finish is the only way a send ends: it acknowledges, publishes what was stored, and lets the sender's connection
// write. In this order the acknowledgement and the broadcast leave in one system call. What an earlier send stored is
// published too, unless this process has done it: the earlier one may have got no further than the database.
func finish(publisher Publisher, published *recently, o *outcome) {
	if o.receipt != nil {
		o.receipt.Stored(&o.sent, o.err)
		defer o.receipt.Delivered()
	}
	if o.err == nil && published.first(&o.sent) {
		publisher.MessageStored(&o.sent)
	}
	if o.answer != nil {
		publisher.MessageStored(&Sent{Message: *o.answer})
	}
}

// writer commits jobs in groups: everything that was queued while one transaction ran goes into the next. It never
// waits for a group to fill, so an idle server commits a single message at once. Under load a second goroutine
// publishes committed batches in order, while the next transaction runs.
type writer struct {
	db        *models.DB
	publisher Publisher
	clock     Clock
	answers   *answerCache
	published *recently
	aside     *aside

	mu          sync.RWMutex // read-locked while a job is added, so that close waits for it
	closed      bool
	jobs        chan *job
	committed   chan []outcome
	unpublished atomic.Int64 // batches that publish has not finished
	stored      atomic.Int64 // messages
	closing     chan struct{}
	finished    chan struct{}
}

func startWriter(db *models.DB, publisher Publisher, clock Clock, answers *answerCache, published *recently) *writer {
	w := &writer{
		db:        db,
		publisher: publisher,
		clock:     clock,
		answers:   answers,
		published: published,
		aside:     newAside(),
		jobs:      make(chan *job, queueSize),
		committed: make(chan []outcome, 4),
		closing:   make(chan struct{}),
		finished:  make(chan struct{}),
	}
	go w.write()
	go w.publish()
	return w
}

// add queues a job. Error: Unavailable if the writer is closed or its queue stays full.
func (w *writer) add(ctx context.Context, j *job) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return Refuse(Unavailable, "The server is restarting. Please try again.")
	}
	select {
	case w.jobs <- j:
		return nil
	default:
	}
	ctx, cancel := context.WithDeadline(ctx, j.deadline)
	defer cancel()
	select {
	case w.jobs <- j:
		return nil
	case <-ctx.Done():
		LogFailure("store messages", errBacklog)
		return Refuse(Unavailable, "The server is busy. Please try again.")
	}
}

func (w *writer) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.jobs)
		close(w.closing)
	}
	w.mu.Unlock()
	<-w.finished
}

func (w *writer) write() {
	defer func() {
		w.aside.running.Wait()
		close(w.committed)
	}()
	for first := range w.jobs {
		batch := append(make([]*job, 0, min(batchSize, 1+len(w.jobs))), first)
	fill:
		for len(batch) < batchSize {
			select {
			case next, open := <-w.jobs:
				if !open {
					break fill
				}
				batch = append(batch, next)
			default:
				break fill
			}
		}
		outcomes := w.commit(batch)
		if len(w.jobs) == 0 && w.unpublished.Load() == 0 {
			w.finish(outcomes) // faster than waking the other goroutine
			continue
		}
		w.tell(outcomes)
	}
}

// tell leaves it to publish to finish a batch, after those that were committed before.
func (w *writer) tell(outcomes []outcome) {
	if len(outcomes) > 0 {
		w.unpublished.Add(1)
		w.committed <- outcomes
	}
}

func (w *writer) publish() {
	defer close(w.finished)
	for outcomes := range w.committed {
		w.finish(outcomes)
		w.unpublished.Add(-1)
	}
}

func (w *writer) finish(outcomes []outcome) {
	for i := range outcomes {
		finish(w.publisher, w.published, &outcomes[i])
	}
}

// commit stores a batch, and returns what is to be published now. If the database refuses it because of its content,
// commit tries its halves separately, so that a job that cannot be stored does not fail the others. The halves keep
// their order. Conversations that others hold, and those of a batch whose commit is not known, are put aside.
func (w *writer) commit(batch []*job) []outcome {
	if batch = w.sift(batch); len(batch) == 0 {
		return nil
	}
	outcomes, locked, err := w.transact(batch)
	w.putAside(locked)
	if err == nil {
		return outcomes
	}
	half := len(batch) / 2
	switch {
	case errors.Is(err, models.ErrCommitUnknown):
		w.putAsideUnknown(outcomes)
		return nil
	case models.Contended(err):
		first, others := opening(batch)
		w.putAside(first)
		return w.commit(others)
	case half > 0 && !models.Unavailable(err):
		return append(w.commit(batch[:half]), w.commit(batch[half:])...)
	}
	return refusals(batch, err)
}

// opening splits a batch that could not get its locks: only new conversations wait for locks that others may have. If
// there is none, the whole batch waits.
func opening(batch []*job) (first, others []*job) {
	opened := map[string]bool{}
	for _, j := range batch {
		if j.opensConversation() {
			opened[j.conversation.ID] = true
		}
	}
	for _, j := range batch {
		if len(opened) == 0 || opened[j.conversation.ID] {
			first = append(first, j)
		} else {
			others = append(others, j)
		}
	}
	return first, others
}

// transact runs the transaction of a batch, without the jobs of conversations that are locked.
func (w *writer) transact(batch []*job) (outcomes []outcome, locked []*job, err error) {
	now := time.Now()
	deadline := now.Add(sendTimeout)
	for _, j := range batch {
		deadline = earlier(deadline, j.deadline)
	}
	if least := now.Add(leastTimeout); deadline.Before(least) {
		deadline = least
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	stored := 0
	err = w.db.WriteMessages(ctx, batchQuery(batch, w.clock()), func(state models.BatchState) models.BatchRows {
		decision := newDecision(state, w.answers, w.clock(), len(batch))
		locked = nil
		for _, j := range batch {
			if state.Locked[j.conversation.ID] {
				locked = append(locked, j)
			} else {
				decision.add(j)
			}
		}
		outcomes = decision.outcomes
		rows := decision.batchRows()
		stored = len(rows.Messages)
		return rows
	})
	if err != nil && !errors.Is(err, models.ErrCommitUnknown) {
		return nil, nil, err
	}
	w.stored.Add(int64(stored))
	return outcomes, locked, err
}

func batchQuery(batch []*job, now time.Time) models.BatchQuery {
	query := models.BatchQuery{
		Now:             now,
		ConversationIDs: make([]string, 0, len(batch)),
		BotIDs:          make([]string, 0, len(batch)),
	}
	for _, j := range batch {
		query.ConversationIDs = append(query.ConversationIDs, j.conversation.ID)
		if j.opensConversation() {
			query.New = append(query.New, newConversation(j.conversation))
		}
		if j.sender.Type == models.SenderEndUser {
			query.BotIDs = append(query.BotIDs, j.conversation.BotID)
		}
		if j.clientID != "" {
			query.ClientKeys = append(query.ClientKeys, j.clientKey())
		}
		if j.body.Media.Selected != nil {
			query.ControlIDs = append(query.ControlIDs, j.body.Media.Selected.MessageID)
		}
	}
	for _, ids := range []*[]string{&query.ConversationIDs, &query.BotIDs, &query.ControlIDs} {
		slices.Sort(*ids)
		*ids = slices.Compact(*ids)
	}
	return query
}

// opensConversation reports whether this message may create its conversation. An answer to another message may not: it
// is always refused in a conversation that does not exist.
func (j *job) opensConversation() bool {
	return j.conversation.Unstored && j.sender.Type == models.SenderEndUser && j.body.Media.Selected == nil
}

func newConversation(ref Ref) models.NewConversation {
	return models.NewConversation{
		ID:             ref.ID,
		OrganizationID: ref.OrganizationID,
		ChannelID:      ref.ChannelID,
		EndUserID:      models.NewID(),
		ExternalID:     ref.ExternalID,
		DisplayName:    ref.DisplayName,
		EmbedTokenID:   ref.EmbedTokenID,
	}
}

func (j *job) clientKey() models.ClientKey {
	return models.ClientKey{
		ConversationID: j.conversation.ID,
		SenderType:     j.sender.Type,
		SenderID:       j.sender.ID,
		ClientID:       j.clientID,
	}
}
