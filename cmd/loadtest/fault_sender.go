package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

const (
	// answerPatience is how long a sender waits for an answer before it sends the message again.
	answerPatience = 8 * time.Second
	// promisedAnswer is how long a node may take to answer an event, whatever it cannot reach: three seconds, and one
	// for a busy machine.
	promisedAnswer = 4 * time.Second
	// invalidShare of the messages must be refused.
	invalidShare = 0.01
)

// A sender writes for a live client, as an app with an outbox does: what is not answered, or refused for now, is sent
// again with the same client_id.
type sender struct {
	*liveClient
	person        int
	agent         bool
	conversations []int // indexes, one for each view
	window        int   // messages under way
	interval      time.Duration
	paused        func(conversation int) bool
	first         atomic.Bool // a message was acknowledged
	unsettled     atomic.Int64
	loseAnswers   *atomic.Int64 // so many messages are yet to lose the first acknowledgement
	random        *rand.Rand
	run           string      // makes client_ids unique
	running       func() bool // of a probe, which has one node and no link: whether the node must answer

	number  int
	pending []*pendingOperation
	socket  *socket
	answers chan answer
}

type pendingOperation struct {
	*operation
	due  time.Time // when it is sent again
	sent time.Time
	wait *backoff
	late bool
}

type answer struct {
	*pendingOperation
	acknowledgement
}

// send writes until the context ends. It sends window messages every interval, unless as many are still under way.
func (s *sender) send(ctx context.Context) {
	s.answers = make(chan answer, 64)
	tick := time.NewTicker(s.interval)
	defer tick.Stop()
	sweep := time.NewTicker(100 * time.Millisecond)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case s.socket = <-s.joined:
			for _, p := range s.pending {
				s.transmit(ctx, p)
			}
		case <-tick.C:
			for len(s.pending) < s.window {
				if !s.begin(ctx) {
					break
				}
			}
		case <-sweep.C:
			s.repeat(ctx)
		case a := <-s.answers:
			s.settle(a)
		}
	}
}

// begin sends a new message. It reports whether there is a conversation to write in.
func (s *sender) begin(ctx context.Context) bool {
	s.number++
	conversation := s.conversations[s.number%len(s.conversations)]
	if s.paused(conversation) || s.socket == nil {
		return false
	}
	p := &pendingOperation{
		wait: newBackoff(),
		operation: &operation{
			person:       s.person,
			number:       s.number,
			conversation: conversation,
			content:      text(s.person, s.number, conversation),
			clientID:     fmt.Sprintf("%s-%d-%d", s.run, s.person, s.number),
			invalid:      s.first.Load() && s.random.Float64() < invalidShare,
		},
	}
	s.ledger.invoke(p.operation)
	s.unsettled.Add(1)
	s.pending = append(s.pending, p)
	s.transmit(ctx, p)
	return true
}

func (s *sender) repeat(ctx context.Context) {
	now := time.Now()
	for _, p := range s.pending {
		waiting := p.due.IsZero()
		if !waiting && now.After(p.due) || waiting && now.Sub(p.sent) > answerPatience {
			s.transmit(ctx, p)
		} else if waiting && s.running != nil && s.isOpen() {
			if !s.running() {
				p.sent = now
			} else if !p.late && now.Sub(p.sent) > promisedAnswer {
				p.late = true
				s.ledger.note("a node took more than %s to answer send_message", promisedAnswer)
			}
		}
	}
}

func (s *sender) isOpen() bool {
	if s.socket == nil {
		return false
	}
	select {
	case <-s.socket.ended:
		return false
	default:
		return true
	}
}

func (s *sender) transmit(ctx context.Context, p *pendingOperation) {
	if !s.isOpen() {
		return
	}
	p.due, p.sent = time.Time{}, time.Now()
	p.late = false
	socket := s.socket
	var first bool
	s.ledger.change(p.operation, func(o *operation) {
		o.attempts++
		o.socket = socket
		first = o.attempts == 1
	})
	socket.emit("send_message", s.payload(p.operation), func(a acknowledgement) {
		if first && s.loseAnswers.Load() > 0 && a.OK && s.loseAnswers.Add(-1) >= 0 {
			socket.cut()
			return
		}
		select {
		case s.answers <- answer{p, a}:
		case <-ctx.Done():
		}
	})
}

func (s *sender) payload(o *operation) map[string]any {
	payload := map[string]any{
		"conversation_id": s.conversationID(o.conversation), "content": o.content, "content_type": "text",
		"client_id": o.clientID, "sender_type": "end_user", "external_id": s.externalID,
	}
	if s.agent {
		payload["sender_type"] = "agent"
		delete(payload, "external_id")
	}
	if o.invalid {
		payload["content_type"] = "nonsense"
	}
	return payload
}

func (s *sender) conversationID(index int) string {
	for i, c := range s.conversations {
		if c == index {
			return s.views[i].conversationID
		}
	}
	return ""
}

func (s *sender) settle(a answer) {
	p := a.pendingOperation
	if p.outcome != outcomeUnknown {
		if a.OK && p.outcome == outcomeAcknowledged {
			s.checkAgain(a)
		}
		return
	}
	switch {
	case a.OK:
		m, err := storedMessage(a.Message)
		if err != nil || m.Content != p.content {
			s.ledger.note("an acknowledgement had another message than was sent")
		}
		s.ledger.change(p.operation, func(o *operation) {
			o.outcome, o.answered = outcomeAcknowledged, time.Now()
			o.id, o.seq = m.ID, m.Seq
		})
		s.first.Store(true)
	case a.Error == "unavailable" || a.Error == "rate_limited" || a.Error == "internal":
		if a.Error == "internal" {
			s.ledger.note("send_message was refused with internal")
		}
		p.due = time.Now().Add(p.wait.take() + min(time.Duration(a.RetryMS)*time.Millisecond, 3*time.Second))
		return
	default:
		s.ledger.change(p.operation, func(o *operation) { o.outcome, o.refusal = outcomeRefused, a.Error })
	}
	s.unsettled.Add(-1)
	for i := range s.pending {
		if s.pending[i] == p {
			s.pending = append(s.pending[:i:i], s.pending[i+1:]...)
			break
		}
	}
}

// checkAgain checks the second acknowledgement of a message that was sent twice.
func (s *sender) checkAgain(a answer) {
	m, err := storedMessage(a.Message)
	if err != nil || m.ID != a.id || m.Seq != a.seq {
		s.ledger.note("a repeat was acknowledged as another message")
	}
}

// newRandom returns the random numbers of one part of a run, which the seed determines.
func newRandom(seed uint64, part int) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(part))) }
