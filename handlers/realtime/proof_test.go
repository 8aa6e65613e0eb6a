package realtime_test

import (
	"fmt"
	"testing"

	"parley/models/modelstest"
	"parley/services"
)

// manyConversations is more than a socket was once able to prove.
const manyConversations = 70

func TestSocket_typesInAndLeavesWhateverItJoins(t *testing.T) {
	each(t, func(w *world) {
		s := w.connect("")
		visitors := make([]visitor, manyConversations)
		for i := range visitors {
			visitors[i] = w.visit(fmt.Sprint("jo-", i))
			s.ok("join_conversation", visitors[i].proof())
		}
		for _, v := range visitors {
			listener := w.endUser(v)
			s.ok("user_typing", with(v.id(), "sender_type", "end_user"))
			listener.next("typing_indicator")
			s.ok("leave_conversation", v.id())
			listener.next("typing_cleared")
			s.forget()
			listener.ok("send_message", v.say("Hello"))
			listener.next("message_received")
			s.silent()
			s.refused("forbidden", "user_typing", with(v.id(), "sender_type", "end_user"))
		}
		// After the last one the socket hears nothing of the team either.
		w.agent(w.seeded.Agent)
		s.silent("team_changed")
	})
}

func TestSocket_isRefusedOneConversationTooMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, modelstest.SQLite(t), services.Rate{})
	s := w.connect("")
	var last visitor
	for i := range 1000 {
		last = w.visit(fmt.Sprint("jo-", i))
		s.ok("join_conversation", last.proof())
	}
	v := w.visit("one too many")
	s.refused("invalid_request", "join_conversation", v.proof())
	s.ok("user_typing", with(last.id(), "sender_type", "end_user"))
	s.ok("join_conversation", last.proof()) // what it has joined it may join again
	listener := w.endUser(v)
	listener.ok("send_message", v.say("Hello"))
	listener.next("message_received")
	s.silent("message_received")
	s.ok("leave_conversation", last.id())
	s.ok("join_conversation", v.proof())
}

// The server of an app may send for all of its users on one socket.
func TestSocket_sendsInAnyNumberOfConversationsWithoutJoining(t *testing.T) {
	each(t, func(w *world) {
		s := w.connect("")
		visitors := make([]visitor, manyConversations)
		for round := range 2 {
			for i := range visitors {
				if round == 0 {
					visitors[i] = w.visit(fmt.Sprint("jo-", i))
				}
				s.ok("send_message", visitors[i].say("Hello"))
			}
		}
		last := visitors[manyConversations-1]
		s.ok("visit", with(last.proof(), "page_url", "https://shop.example/"))
		s.refused("forbidden", "send_message", with(last.say("Hello"), "external_id", visitors[0].externalID))
		s.ok("join_conversation", last.proof())
		s.ok("user_typing", with(last.id(), "sender_type", "end_user"))
	})
}
