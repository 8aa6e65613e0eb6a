package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

func liveMessages(seqs ...int64) (messages []liveMessage) {
	for _, seq := range seqs {
		messages = append(messages, liveMessage{
			ID:             fmt.Sprint(seq),
			ConversationID: "a",
			Seq:            seq,
		})
	}
	return messages
}

func TestView_fetchesWhatItLacks(t *testing.T) {
	for name, lack := range map[string]func(v *view){
		"after a gap":               func(v *view) { v.add(liveMessages(4)[0]) },
		"after it has joined":       func(v *view) { v.learn(4) },
		"after an announced number": func(v *view) { v.hear("last_seq", []byte(`{"conversation_id":"a","last_seq":4}`)) },
	} {
		t.Run(name, func(t *testing.T) {
			v := newView("somebody", "a")
			v.add(liveMessages(1)[0])
			lack(v)
			ctx, cancel := context.WithCancel(t.Context())
			refused := false
			v.fill(ctx, func(after int64) ([]liveMessage, error) {
				if !refused {
					refused = true
					return nil, errors.New("unavailable")
				}
				defer func() {
					if after == 3 {
						cancel()
					}
				}()
				return liveMessages(after + 1), nil
			}, func(error) {})
			if got := v.list().ids; !slices.Equal(got, []string{"1", "2", "3", "4"}) {
				t.Errorf("it shows %q, want 1 to 4", got)
			}
		})
	}
}

func TestView_noticesWhatContradictsIt(t *testing.T) {
	for name, m := range map[string]liveMessage{
		"another message with the same seq": {ID: "other", ConversationID: "a", Seq: 1},
		"a message without seq":             {ID: "other", ConversationID: "a"},
		"a foreign message":                 {ID: "2", ConversationID: "b", Seq: 2},
	} {
		t.Run(name, func(t *testing.T) {
			v := newView("somebody", "a")
			v.add(liveMessages(1)[0])
			if v.add(m) == nil {
				t.Error("it is accepted")
			}
		})
	}
	t.Run("but not the same message again", func(t *testing.T) {
		v := newView("somebody", "a")
		for _, m := range liveMessages(1, 1) {
			if err := v.add(m); err != nil {
				t.Error(err)
			}
		}
	})
}
