package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// A participant sends numbered messages and checks all messages that it receives.
type participant struct {
	*socket
	name       string // the sender_type of its messages
	transcript *transcript
	payload    map[string]any
	acked      atomic.Int64
	refused    atomic.Pointer[string]
}

// A burst is a conversation with an open session, its end user, and the agent who has claimed it.
type burst struct {
	conversation
	endUser, agent *participant
}

// greeting is the seq of the message that opens the session. The numbered messages come after it.
const greeting = 1

// runBurst sends n messages each way at once. Both sides must receive all of them in the same order, and the history
// must contain the same.
func runBurst(set settings) (*report, error) {
	if set.peer {
		return nil, errors.New("the peer has no agents")
	}
	b := &burst{}
	defer b.close()
	if err := b.open(set); err != nil {
		return nil, err
	}
	began := time.Now()
	for _, s := range b.participants() {
		go s.sendAll(set.n, set.window)
	}
	stalled := waitForProgress(set.patience, 6*set.n, func() int {
		return b.endUser.progress() + b.agent.progress()
	})
	took := time.Since(began).Seconds()

	r := &report{scenario: "burst"}
	r.add("n", set.n)
	r.add("nodes", len(set.urls))
	r.add("polling", set.polling)
	r.add("messages_per_s", float64(2*set.n)/took)
	r.check(stalled)
	want := map[string]int{"end_user": set.n, "agent": set.n}
	for _, s := range b.participants() {
		r.check(s.verdict(set.n, want))
	}
	stored, err := readHistory(set.node(0), b.conversation, greeting)
	if err != nil {
		return nil, err
	}
	r.check(stored.verdict("history", want))
	return r, nil
}

func (b *burst) open(set settings) error {
	made, err := openConversations(set, 1)
	if err != nil {
		return err
	}
	b.conversation = made[0]
	if err := b.openEndUser(set); err != nil {
		return fmt.Errorf("end user: %w", err)
	}
	if err := b.openAgent(set); err != nil {
		return fmt.Errorf("agent: %w", err)
	}
	return nil
}

func (b *burst) openEndUser(set settings) (err error) {
	s := &participant{name: "end_user", transcript: newTranscript(greeting)}
	s.payload = map[string]any{"conversation_id": b.ID, "content_type": "text", "sender_type": s.name,
		"external_id": b.ExternalID}
	if s.socket, err = connect(set.node(0), set.polling, nil, s.transcript.hear); err != nil {
		return err
	}
	b.endUser = s
	if _, err := s.call("join_conversation", b.joinPayload()); err != nil {
		return err
	}
	return s.greet()
}

// openAgent claims the conversation, which joins the agent's socket to it.
func (b *burst) openAgent(set settings) error {
	header, err := login(set.node(1), set.email, set.password)
	if err != nil {
		return err
	}
	s := &participant{name: "agent", transcript: newTranscript(greeting)}
	s.payload = map[string]any{"conversation_id": b.ID, "content_type": "text", "sender_type": s.name}
	if s.socket, err = connect(set.node(1), set.polling, header, s.transcript.hear); err != nil {
		return err
	}
	b.agent = s
	_, err = s.call("claim_conversation", map[string]any{"conversation_id": b.ID})
	return err
}

func (b *burst) participants() []*participant {
	return []*participant{b.endUser, b.agent}
}

func (b *burst) close() {
	for _, s := range b.participants() {
		if s != nil {
			s.cut()
		}
	}
}

func (c conversation) joinPayload() map[string]any {
	return map[string]any{"conversation_id": c.ID, "external_id": c.ExternalID}
}

// greet sends the message that opens the session.
func (s *participant) greet() error {
	answer, err := s.call("send_message", s.withContent(hello))
	if err != nil {
		return err
	}
	var m message
	if err := json.Unmarshal(answer.Message, &m); err != nil {
		return fmt.Errorf("acknowledged message: %w", err)
	}
	if m.Seq != greeting {
		return fmt.Errorf("the first message of a conversation has seq %d, want %d", m.Seq, greeting)
	}
	return nil
}

func (s *participant) withContent(content string) map[string]any {
	payload := map[string]any{"content": content}
	for name, value := range s.payload {
		payload[name] = value
	}
	return payload
}

// sendAll sends the numbered messages, with at most window of them unacknowledged; 0 is no limit. It stops when the
// connection ends, which the verdict reports.
func (s *participant) sendAll(n, window int) {
	if window < 1 {
		window = n
	}
	free := make(chan struct{}, window)
	for i := 1; i <= n; i++ {
		select {
		case free <- struct{}{}:
		case <-s.ended:
			return
		}
		err := s.emit("send_message", s.withContent(line(s.name, i)), func(a acknowledgement) {
			if err := a.refused(); err != nil {
				reason := err.Error()
				s.refused.CompareAndSwap(nil, &reason)
			}
			s.acked.Add(1)
			<-free
		})
		if err != nil {
			return
		}
	}
}

func (s *participant) progress() int {
	return s.transcript.count() + int(s.acked.Load())
}

func (s *participant) verdict(n int, want map[string]int) (problems []string) {
	select {
	case <-s.ended:
		problems = append(problems, fmt.Sprintf("%s: %v", s.name, s.lost()))
	default:
	}
	if reason := s.refused.Load(); reason != nil {
		problems = append(problems, s.name+": "+*reason)
	}
	if acked := int(s.acked.Load()); acked != n {
		problems = append(problems, fmt.Sprintf("%s: %d of %d acknowledged", s.name, acked, n))
	}
	return append(problems, s.transcript.verdict("heard by "+s.name, want)...)
}

// waitForProgress waits until progress reaches goal, or does not change for as long as patience.
func waitForProgress(patience time.Duration, goal int, progress func() int) (stalled []string) {
	last, moved := -1, time.Now()
	for {
		now := progress()
		if now >= goal {
			return nil
		}
		if now != last {
			last, moved = now, time.Now()
		}
		if time.Since(moved) > patience {
			return []string{fmt.Sprintf("no progress for %s", patience)}
		}
		time.Sleep(5 * time.Millisecond)
	}
}
