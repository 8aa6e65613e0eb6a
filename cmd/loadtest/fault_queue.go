package main

import (
	"context"
	"sync"
	"time"
)

// A listed conversation is what the queue's list shows of it.
type listedConversation struct {
	ID        string `json:"id"`
	UpdatedAt string `json:"updated_at"`
}

// A queueView is the list of conversations that an inbox shows. It is fetched again when something may have changed,
// but not more than once in queueRest.
type queueView struct {
	kick chan struct{}

	mu      sync.Mutex
	updated map[string]string // by conversation
}

const queueRest = time.Second

func newQueueView() *queueView { return &queueView{kick: make(chan struct{}, 1)} }

func (q *queueView) ask() {
	select {
	case q.kick <- struct{}{}:
	default:
	}
}

func (q *queueView) shown(conversationID string) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.updated[conversationID]
}

func (q *queueView) fill(ctx context.Context, fetch func() ([]listedConversation, error), failed func(error)) {
	wait := newBackoff()
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.kick:
		}
		page, err := fetch()
		if err != nil {
			failed(err)
			q.ask()
			wait.pause(ctx)
			continue
		}
		wait = newBackoff()
		updated := map[string]string{}
		for _, c := range page {
			updated[c.ID] = c.UpdatedAt
		}
		q.mu.Lock()
		q.updated = updated
		q.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-time.After(queueRest):
		}
	}
}
