package realtime_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"parley/models"
	"parley/models/modelstest"
	"parley/services"
)

// An end user who has opened the widget may do everything before they write, and nothing of it is stored.
func TestUnstored_everythingWorksBeforeTheFirstMessage(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		agent, queue := w.agent(w.seeded.Agent), w.agent(w.seeded.Admin)
		queue.ok("join_queue", nil)
		before := w.rows()
		tab, other := w.endUser(v), w.endUser(v)
		ack := tab.ok("join_conversation", v.proof())
		if _, named := ack["assigned_to"]; ack["last_seq"] != 0.0 || !named || ack["team"] == nil {
			w.Errorf("joining is answered %v", ack)
		}
		agent.ok("join_conversation", v.id())
		agent.ok("view_conversation", with(v.id(), "viewing", true))
		tab.ok("user_typing", with(v.id(), "sender_type", "end_user"))
		for _, hears := range []*socket{other, agent} {
			if heard := hears.next("typing_indicator"); heard["conversation_id"] != v.conversationID {
				w.Errorf("heard %v", heard)
			}
		}
		tab.ok("visit", with(v.proof(), "page_url", "https://shop.example/prices"))
		tab.refused("not_found", "mark_read", with(v.id(), "message_ids", []string{uuid.NewString()}))
		tab.refused("invalid_request", "send_message", v.say(" "))
		agent.refused("conflict", "send_message", v.answer("Hello?"))
		agent.refused("not_found", "claim_conversation", v.id())
		tab.ok("leave_conversation", v.id())
		tab.ok("join_conversation", v.proof())
		tab.ok("visit", with(v.id(), "page_url", "https://shop.example/cart"))
		if after := w.rows(); after != before {
			w.Errorf("%d rows, then %d", before, after)
		}
		agent.silent("visit_changed")
		queue.silent()

		message := tab.ok("send_message", v.say("Hello"))["message"].(object)
		if message["seq"] != 1.0 || message["conversation_id"] != v.conversationID {
			w.Errorf("stored %v", message)
		}
		for _, hears := range []*socket{tab, other, agent} {
			if first := hears.next("message_received"); first["seq"] != 1.0 {
				w.Errorf("heard %v first", first)
			}
		}
		if heard := agent.next("visit_changed"); heard["conversation_id"] != v.conversationID {
			w.Errorf("heard %v", heard)
		}
		visit, err := w.Visits.Of(w.Context(), w.seeded.OrganizationID, v.conversationID)
		w.ok(err)
		if visit.PageURL != "https://shop.example/cart" {
			w.Errorf("seen %+v", visit)
		}
		agent.ok("claim_conversation", v.id())
		tab.next("agent_joined")
	})
}

// It does not matter which of a conversation's sockets reports the visit, and which writes.
func TestUnstored_visitIsStoredOnceAnotherSocketHasWritten(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		agent := w.agent(w.seeded.Agent)
		agent.ok("join_conversation", v.id())
		looks, writes := w.endUser(v), w.endUser(v)
		looks.ok("visit", with(v.id(), "page_url", "https://shop.example/1"))
		writes.ok("send_message", v.say("Hello"))
		agent.next("message_received")
		agent.next("visit_changed")
		looks.ok("visit", with(v.id(), "page_url", "https://shop.example/2"))
		agent.next("visit_changed")
		looks.ok("send_message", v.say("Hello"))
		agent.next("message_received")
		agent.silent("visit_changed")
	})
}

func TestUnstored_customerNameComesFromThePageOrTheJoin(t *testing.T) {
	each(t, func(w *world) {
		for i, step := range []struct {
			page, join any
			want       string
		}{
			{"Jo Doe", nil, "Jo Doe"},
			{"", "  Jo\nDoe ", "Jo Doe"},
			{"Jo", "Joanna", "Joanna"},
			{"Jo", " ", "Jo"},
			{"", "", ""},
		} {
			v := w.visitWith(w.seeded.EmbedToken, fmt.Sprint("jo-", i), step.page.(string))
			s := w.connect("")
			s.ok("join_conversation", with(v.proof(), "customer_name", step.join))
			s.ok("send_message", v.say("Hello"))
			conversation, err := w.Conversations.Get(w.Context(), w.seeded.OrganizationID, v.conversationID)
			w.ok(err)
			if conversation.EndUser.DisplayName != step.want {
				w.Errorf("%+v is stored as %q", step, conversation.EndUser.DisplayName)
			}
			// Once they are stored only a page of the site renames them.
			s.ok("join_conversation", with(v.proof(), "customer_name", "Mallory"))
			s.ok("send_message", v.say("Hello again"))
			conversation, err = w.Conversations.Get(w.Context(), w.seeded.OrganizationID, v.conversationID)
			w.ok(err)
			if conversation.EndUser.DisplayName != step.want {
				w.Errorf("%+v is renamed %q", step, conversation.EndUser.DisplayName)
			}
		}
		s := w.connect("")
		v := w.visit("someone")
		s.refused("invalid_request", "join_conversation", with(v.proof(), "customer_name", 1))
		s.refused("invalid_request", "join_conversation", with(v.proof(), "embed_token", object{}))
	})
}

// Sockets that open many conversations are refused, and hear why. Nobody else is.
func TestNewConversations_areLimitedByAddress(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newLimitedWorld(t, db, services.Rate{
			Count:  100,
			Window: time.Hour,
		}, services.AddressLimits{
			Conversations: services.Rate{Count: 3, Window: time.Hour},
		})
		known := w.visit("known")
		s := w.connect("")
		s.ok("send_message", known.say("1"))
		s.ok("send_message", known.say("2")) // and a conversation is counted once
		w.connect("").ok("send_message", known.say("3"))
		for i := range 2 {
			s.ok("send_message", w.visit(fmt.Sprint("jo-", i)).say("Hello"))
		}
		before := w.rows()
		v := w.visit("one too many")
		for range 2 {
			ack := s.call("send_message", v.say("Hello"))
			if ack["ok"] != false || ack["error"] != "rate_limited" || ack["retry_after_ms"].(float64) <= 0 {
				w.Errorf("answered %v", ack)
			}
			s.emit("send_message", v.say("Hello"))
			if heard := s.next("error"); heard["message"] == "" {
				w.Errorf("heard %v", heard)
			}
		}
		w.address = "192.0.2.2"
		stranger := w.connect("")
		stranger.ok("send_message", w.visit("stranger").say("Hello"))
		if after := w.rows(); after != before+5 { // end user, conversation, session, the message and its answer
			w.Errorf("%d rows, then %d", before, after)
		}
		s.ok("send_message", known.say("4")) // what is stored goes on
		stranger.ok("send_message", v.say("Hello"))

		// One customer has a whole /64.
		w.address = "2001:db8::1"
		for i := range 3 {
			w.connect("").ok("send_message", w.visit(fmt.Sprint("six-", i)).say("Hello"))
		}
		w.address = "2001:db8::ffff:2"
		w.connect("").refused("rate_limited", "send_message", w.visit("six").say("Hello"))
		w.address = "2001:db8:0:1::1"
		w.connect("").ok("send_message", w.visit("six").say("Hello"))
	})
}
