package realtime_test

import (
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/models/modelstest"
	"parley/services"
)

// sendPath is one way a send may end. The sender has not joined the conversation, so nothing but the acknowledgement
// is sent to it.
type sendPath struct {
	name    string
	limited bool // the rate is one message
	agent   bool // the sender is an agent
	prepare func(w *world, v visitor, s *socket)
	draft   func(v visitor) object
	want    string // the error of the acknowledgement; empty: it is accepted
	repeat  bool   // the acknowledgement says duplicate
}

func hello(v visitor) object   { return v.say("Hello") }
func named(v visitor) object   { return with(hello(v), "client_id", "c-1") }
func answers(v visitor) object { return v.answer("Hello") }

func sent(_ *world, v visitor, s *socket) { s.ok("send_message", named(v)) }

var sendPaths = []sendPath{
	{
		name:  "the body is invalid",
		draft: func(v visitor) object { return v.say("\u200b\u3164\ufe0f") },
		want:  "invalid_request",
	},
	{
		name:  "the client_id is invalid",
		draft: func(v visitor) object { return with(hello(v), "client_id", "\x01") },
		want:  "invalid_request",
	},
	{
		name:  "the conversation_id is invalid",
		draft: func(v visitor) object { return with(hello(v), "conversation_id", "x") },
		want:  "invalid_request",
	},
	{
		name:  "the sender is not proven",
		draft: func(v visitor) object { return with(hello(v), "external_id", "x") },
		want:  "forbidden",
	},
	{name: "above the rate", limited: true, prepare: sent, draft: hello, want: "rate_limited"},
	{name: "a repeat above the rate", limited: true, prepare: sent, draft: named, repeat: true},
	{name: "a repeat below the rate", prepare: sent, draft: named, repeat: true},
	{
		name:    "the writer is closed",
		prepare: func(w *world, _ visitor, _ *socket) { w.Messages.Close() },
		draft:   hello,
		want:    "unavailable",
	},
	{
		name: "the commit is refused",
		prepare: func(w *world, _ visitor, _ *socket) {
			w.exec(`CREATE TRIGGER refuse BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'refused'); END`,
				`ALTER TABLE messages ADD CONSTRAINT refuse CHECK (false) NOT VALID`)
		},
		draft: hello,
		want:  "unavailable",
	},
	{
		name: "the choice is not offered",
		draft: func(v visitor) object {
			return with(v.say("Yes"), "rich_media", object{
				"selected": object{"message_id": models.NewID(), "label": "Yes", "value": "yes"},
			})
		},
		want: "invalid_request",
	},
	{name: "no session is open", agent: true, draft: answers, want: "conflict"},
	{name: "stored, and the bot answers", draft: hello},
	{
		name:    "stored, and nobody answers",
		agent:   true,
		prepare: func(w *world, v visitor, _ *socket) { w.connect("").ok("send_message", hello(v)) },
		draft:   answers,
	},
}

// The server sends nothing but the acknowledgement, and the client sends nothing more: an acknowledgement that waits
// for another packet does not come.
func TestSendMessage_isAcknowledgedAtOnceHoweverItEnds(t *testing.T) {
	t.Parallel()
	for _, path := range sendPaths {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				rate := services.Rate{}
				if path.limited {
					rate = services.Rate{Count: 1, Window: time.Hour}
				}
				w := newWorld(t, db, rate)
				path.try(w, w.visit("jo"))
			})
		})
	}
}

func (p sendPath) try(w *world, v visitor) {
	s := w.connect("")
	if p.agent {
		s = w.agent(w.seeded.Agent)
	}
	if p.prepare != nil {
		p.prepare(w, v, s)
	}
	if p.want != "" {
		s.refused(p.want, "send_message", p.draft(v))
		return
	}
	ack := s.ok("send_message", p.draft(v))
	if got := ack["duplicate"] == true; got != p.repeat {
		w.Errorf("duplicate is %t in %v", got, ack)
	}
}

func TestSendMessage_takesTheLastAllowedSizes(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		s := w.endUser(v)
		long := strings.Repeat("é", 10_000)
		s.ok("send_message", v.say(long))
		if got := s.next("message_received")["content"]; got != long {
			w.Errorf("the longest message came as %.20q", got)
		}
		s.refused("invalid_request", "send_message", v.say(long+"x"))
		s.ok("send_message", with(hello(v), "client_id", strings.Repeat("é", 64)))
		s.refused("invalid_request", "send_message", with(hello(v), "client_id", strings.Repeat("é", 65)))
	})
}

// Nobody learns of a message that was not stored, whatever the reason.
func TestSendMessage_isSilentToOthersWhenItIsRefused(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		s, neighbor := w.endUser(v), w.endUser(v)
		agent := w.agent(w.seeded.Agent)
		agent.ok("join_conversation", v.id())
		agent.ok("join_queue", nil)
		agent.refused("conflict", "send_message", v.answer("nobody has written here"))
		s.refused("forbidden", "send_message", v.answer("I am the agent"))
		s.refused("invalid_request", "send_message", v.say("\u2800"))
		s.refused("invalid_request", "send_message", with(v.say(""), "content_type", "carousel"))
		for _, hears := range []*socket{s, neighbor, agent} {
			hears.silent()
		}
	})
}
