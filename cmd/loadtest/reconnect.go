package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// A resender sends numbered messages over connections that break, as an SDK with an outbox does. It resends
// messages that were not acknowledged, with the same client_id.
type resender struct {
	settings
	conversation
	name string // makes the client ids of this run unique

	mu         sync.Mutex
	acked      []bool
	missing    int
	sendings   int
	duplicates int
	refused    error
}

// runReconnect checks in the history that no message was lost or stored twice. The server may be restarted during the
// run: the resender tries to reconnect for as long as patience.
func runReconnect(set settings) (*report, error) {
	made, err := openConversations(set, 1)
	if err != nil {
		return nil, err
	}
	c := &resender{settings: set, conversation: made[0], acked: make([]bool, set.n), missing: set.n}
	c.name = strconv.FormatInt(time.Now().UnixNano(), 36)
	connections, progress := 0, time.Now()
	for left := set.n; left > 0; connections++ {
		err := c.connectOnce(connections)
		before := left
		if left = c.left(); left < before {
			progress = time.Now()
			continue
		}
		if time.Since(progress) > set.patience {
			return nil, fmt.Errorf("no progress for %s: %w", set.patience, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	stored, err := readHistory(set.node(0), c.conversation, 0)
	if err != nil {
		return nil, err
	}
	r := &report{scenario: "reconnect"}
	r.add("n", set.n)
	r.add("connections", connections)
	r.add("sent", c.sendings)
	r.add("acked_as_duplicate", c.duplicates)
	r.check(stored.verdict("history", map[string]int{"end_user": set.n}))
	if c.refused != nil {
		r.check([]string{c.refused.Error()})
	}
	return r, nil
}

// left returns how many messages are not acknowledged yet, and 0 after a refusal, which ends the run.
func (c *resender) left() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused != nil {
		return 0
	}
	return c.missing
}

// connectOnce connects, sends the messages that are not acknowledged, and breaks the connection while they are in
// flight. Every other time it resets the connection; the other times the server still reads what was sent.
func (c *resender) connectOnce(number int) error {
	s, err := connect(c.node(number), c.polling, nil, nil)
	if err != nil {
		return err
	}
	defer func() {
		if number%2 == 0 {
			s.cut()
		} else {
			s.leave()
		}
		<-s.ended
	}()
	if _, err := s.call("join_conversation", c.joinPayload()); err != nil {
		return err
	}
	share := c.n / (c.cuts + 1)
	a := &attempt{
		resender: c,
		socket:   s,
		enough:   share/2 + rand.IntN(share+1) + 1,
		over:     make(chan struct{}),
	}
	return a.send(c.unacked())
}

func (c *resender) unacked() (numbers []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, done := range c.acked {
		if !done {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

// An attempt is one connection of a resender. It is over after enough acknowledgements, or when every message is
// acknowledged or one is refused.
type attempt struct {
	*resender
	socket *socket
	enough int
	over   chan struct{}
	once   sync.Once
}

func (t *attempt) send(numbers []int) error {
	window := t.window
	if window < 1 {
		window = len(numbers)
	}
	free := make(chan struct{}, window)
	for _, number := range numbers {
		select {
		case free <- struct{}{}:
		case <-t.over:
			return nil
		case <-t.socket.ended:
			return t.socket.lost()
		}
		err := t.socket.emit("send_message", t.message(number), func(a acknowledgement) {
			t.answered(number, a)
			<-free
		})
		if err != nil {
			return err
		}
	}
	select {
	case <-t.over:
		return nil
	case <-t.socket.ended:
		return t.socket.lost()
	case <-time.After(t.patience):
		return fmt.Errorf("no acknowledgement in %s", t.patience)
	}
}

func (t *attempt) message(number int) map[string]any {
	t.mu.Lock()
	t.sendings++
	t.mu.Unlock()
	return map[string]any{
		"conversation_id": t.ID, "external_id": t.ExternalID, "sender_type": "end_user", "content_type": "text",
		"content": line("end_user", number), "client_id": fmt.Sprintf("%s-%d", t.name, number),
	}
}

func (t *attempt) answered(number int, a acknowledgement) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var stored message
	switch err := a.refused(); {
	case err != nil:
		t.refused = err
	case json.Unmarshal(a.Message, &stored) != nil || stored.Content != line("end_user", number):
		t.refused = fmt.Errorf("message %d was acknowledged as %.200s", number, a.Message)
	case !t.acked[number-1]:
		t.acked[number-1] = true
		t.missing--
		if a.Duplicate {
			t.duplicates++
		}
	}
	t.enough--
	if t.enough == 0 || t.missing == 0 || t.refused != nil {
		t.once.Do(func() { close(t.over) })
	}
}
