package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// A courier brings numbered messages over connections that break, as an SDK with an outbox does: what was not
// acknowledged is sent again, under the same client_id.
type courier struct {
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

// runReconnect verifies by the history that nothing was lost or doubled. The server may be restarted meanwhile: the
// courier looks for it as long as its patience lasts.
func runReconnect(set settings) (*report, error) {
	made, err := openConversations(set, 1)
	if err != nil {
		return nil, err
	}
	c := &courier{settings: set, conversation: made[0], acked: make([]bool, set.n), missing: set.n}
	c.name = strconv.FormatInt(time.Now().UnixNano(), 36)
	connections, progress := 0, time.Now()
	for left := set.n; left > 0; connections++ {
		err := c.visit(connections)
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

// left is how many messages are to be acknowledged; after a refusal there is no point in any.
func (c *courier) left() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused != nil {
		return 0
	}
	return c.missing
}

// visit connects, sends what is not acknowledged, and breaks the connection amid it: every other time with a reset,
// else so that the server still reads what is on its way.
func (c *courier) visit(number int) error {
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
	if _, err := s.call("join_conversation", c.joining()); err != nil {
		return err
	}
	share := c.n / (c.cuts + 1)
	v := &visit{
		courier: c,
		socket:  s,
		enough:  share/2 + rand.IntN(share+1) + 1,
		over:    make(chan struct{}),
	}
	return v.send(c.unacked())
}

func (c *courier) unacked() (numbers []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, done := range c.acked {
		if !done {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

// A visit is one connection of a courier. It is over after so many acknowledgements, or when none is due any more.
type visit struct {
	*courier
	socket *socket
	enough int
	over   chan struct{}
	once   sync.Once
}

func (v *visit) send(numbers []int) error {
	window := v.window
	if window < 1 {
		window = len(numbers)
	}
	free := make(chan struct{}, window)
	for _, number := range numbers {
		select {
		case free <- struct{}{}:
		case <-v.over:
			return nil
		case <-v.socket.ended:
			return v.socket.lost()
		}
		err := v.socket.emit("send_message", v.message(number), func(a acknowledgement) {
			v.answered(number, a)
			<-free
		})
		if err != nil {
			return err
		}
	}
	select {
	case <-v.over:
		return nil
	case <-v.socket.ended:
		return v.socket.lost()
	case <-time.After(v.patience):
		return fmt.Errorf("no acknowledgement in %s", v.patience)
	}
}

func (v *visit) message(number int) map[string]any {
	v.mu.Lock()
	v.sendings++
	v.mu.Unlock()
	return map[string]any{
		"conversation_id": v.ID, "external_id": v.ExternalID, "sender_type": "end_user", "content_type": "text",
		"content": line("end_user", number), "client_id": fmt.Sprintf("%s-%d", v.name, number),
	}
}

func (v *visit) answered(number int, a acknowledgement) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var stored message
	switch err := a.refused(); {
	case err != nil:
		v.refused = err
	case json.Unmarshal(a.Message, &stored) != nil || stored.Content != line("end_user", number):
		v.refused = fmt.Errorf("message %d was acknowledged as %.200s", number, a.Message)
	case !v.acked[number-1]:
		v.acked[number-1] = true
		v.missing--
		if a.Duplicate {
			v.duplicates++
		}
	}
	v.enough--
	if v.enough == 0 || v.missing == 0 || v.refused != nil {
		v.once.Do(func() { close(v.over) })
	}
}
