package services

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"parley/models"
)

const (
	batchSize    = 256 // jobs in one transaction; more would only delay the first of them
	queueSize    = 2048
	batchTimeout = 2500 * time.Millisecond
	queueTimeout = 2500 * time.Millisecond // limit for waiting until the queue has room
)

// job is a validated message on its way into the database.
type job struct {
	conversation Ref
	sender       Sender
	clientID     string
	body         Body
	receipt      Receipt // or nil
}

// outcome is the result of a send.
type outcome struct {
	*job
	sent   Sent
	answer *models.Message // the bot's answer, stored in the same transaction
	err    error
}

// finish is the only way a send ends: it acknowledges, publishes what was stored, and lets the sender's connection
// write. In this order the acknowledgement and the broadcast leave in one system call.
func finish(publisher Publisher, o *outcome) {
	if o.receipt != nil {
		o.receipt.Stored(&o.sent, o.err)
		defer o.receipt.Delivered()
	}
	if o.err == nil && !o.sent.Duplicate {
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
	scripts   *scripts

	mu          sync.RWMutex // read-locked while a job is added, so that close waits for it
	closed      bool
	jobs        chan *job
	committed   chan []outcome
	unpublished atomic.Int64 // batches that publish has not finished
	finished    chan struct{}
}

func startWriter(db *models.DB, publisher Publisher, clock Clock, scripts *scripts) *writer {
	w := &writer{
		db:        db,
		publisher: publisher,
		clock:     clock,
		scripts:   scripts,
		jobs:      make(chan *job, queueSize),
		committed: make(chan []outcome, 4),
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
	ctx, cancel := context.WithTimeout(ctx, queueTimeout)
	defer cancel()
	select {
	case w.jobs <- j:
		return nil
	case <-ctx.Done():
		return Refuse(Unavailable, "The server is busy. Please try again.")
	}
}

func (w *writer) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.jobs)
	}
	w.mu.Unlock()
	<-w.finished
}

func (w *writer) write() {
	defer close(w.committed)
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
		finish(w.publisher, &outcomes[i])
	}
}

// commit stores a batch. If the database refuses it because of its content, commit tries its halves separately, so that
// a job that cannot be stored does not fail the others. The halves keep their order.
func (w *writer) commit(batch []*job) []outcome {
	outcomes, err := w.transact(batch)
	if err == nil {
		return outcomes
	}
	var refused *pgconn.PgError
	if half := len(batch) / 2; half > 0 && !errors.Is(err, context.DeadlineExceeded) &&
		!errors.Is(err, models.ErrContention) &&
		(!w.db.Postgres() || errors.As(err, &refused)) {
		return append(w.commit(batch[:half]), w.commit(batch[half:])...)
	}
	LogFailure("store messages", err)
	outcomes = make([]outcome, len(batch))
	for i, j := range batch {
		outcomes[i] = outcome{
			job: j,
			err: Refuse(Unavailable, "The message could not be stored. Please try again."),
		}
	}
	return outcomes
}

func (w *writer) transact(batch []*job) ([]outcome, error) {
	ctx, cancel := context.WithTimeout(context.Background(), batchTimeout)
	defer cancel()
	var outcomes []outcome
	err := w.db.WriteMessages(ctx, batchQuery(batch, w.clock()), func(state models.BatchState) models.BatchRows {
		decision := newDecision(state, w.scripts, w.clock(), len(batch))
		for _, j := range batch {
			decision.add(j)
		}
		outcomes = decision.outcomes
		return decision.batchRows()
	})
	return outcomes, err
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
