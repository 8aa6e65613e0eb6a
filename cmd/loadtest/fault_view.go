package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// A liveMessage has the fields of a message that a live client needs.
type liveMessage struct {
	ID             string `json:"id"`
	ConversationID string `json:"conversation_id"`
	Seq            int64  `json:"seq"`
	Content        string `json:"content"`
}

// A view is the list that a live client shows of a conversation. It is kept as docs/api.md says: events in order, and
// the history where there is a gap.
type view struct {
	who            string
	conversationID string
	kick           chan struct{} // there is something to fetch

	mu     sync.Mutex
	ids    []string
	newest int64 // the highest seq that is known to exist
	gaps   int   // events that came before an earlier one
}

func newView(who, conversationID string) *view {
	return &view{
		who:            who,
		conversationID: conversationID,
		kick:           make(chan struct{}, 1),
	}
}

// add shows a message if it is the next one, and reports whether it contradicts what is shown.
func (v *view) add(m liveMessage) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	next := int64(len(v.ids)) + 1
	switch {
	case m.ConversationID != v.conversationID:
		return fmt.Errorf("a message of a foreign conversation was received")
	case m.Seq < 1:
		return fmt.Errorf("a message without seq was received")
	case m.Seq == next:
		v.ids = append(v.ids, m.ID)
	case m.Seq > next:
		v.gaps++
	case v.ids[m.Seq-1] != m.ID:
		return fmt.Errorf("two messages have the same seq")
	}
	v.newest = max(v.newest, m.Seq)
	if v.newest > int64(len(v.ids)) {
		v.ask()
	}
	return nil
}

// learn says that there is a message with this seq.
func (v *view) learn(seq int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.newest = max(v.newest, seq)
	if v.newest > int64(len(v.ids)) {
		v.ask()
	}
}

func (v *view) ask() {
	select {
	case v.kick <- struct{}{}:
	default:
	}
}

func (v *view) shown() (last, newest int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return int64(len(v.ids)), v.newest
}

func (v *view) list() list {
	v.mu.Lock()
	defer v.mu.Unlock()
	return list{v.who, v.conversationID, append([]string(nil), v.ids...)}
}

// fill fetches what the view lacks, whenever it lacks something, until the context ends. A failed fetch is tried again.
func (v *view) fill(ctx context.Context, fetch func(after int64) ([]liveMessage, error), failed func(error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-v.kick:
		}
		wait := newBackoff()
		for last, newest := v.shown(); last < newest && ctx.Err() == nil; last, newest = v.shown() {
			page, err := fetch(last)
			for _, m := range page {
				if err == nil {
					err = v.add(m)
				}
			}
			if now, _ := v.shown(); err == nil && now == last {
				err = fmt.Errorf("the history lacks a message that was announced")
			}
			if err != nil {
				failed(err)
				wait.pause(ctx)
			}
		}
	}
}

// hear handles the events of a conversation's room.
func (v *view) hear(event string, payload json.RawMessage) error {
	switch event {
	case "message_received":
		var m liveMessage
		if err := json.Unmarshal(payload, &m); err != nil {
			return fmt.Errorf("message_received is not a message")
		}
		return v.add(m)
	case "last_seq":
		var announced struct {
			LastSeq int64 `json:"last_seq"`
		}
		if err := json.Unmarshal(payload, &announced); err != nil {
			return fmt.Errorf("last_seq is not a number")
		}
		v.learn(announced.LastSeq)
	}
	return nil
}

func storedMessage(raw json.RawMessage) (m liveMessage, err error) {
	return m, json.Unmarshal(raw, &m)
}
