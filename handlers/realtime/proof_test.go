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

// A thousand sockets of one address, each in a thousand conversations, would fill the memory.
func TestSocket_endUsersOfOneAddressJoinSoManyConversations(t *testing.T) {
	each(t, func(w *world) {
		w.live.LimitEndUsers(3)
		a, b := w.visit("a"), w.visit("b")
		c, d := w.visit("c"), w.visit("d")
		first, second := w.connect(""), w.connect("")
		first.ok("join_conversation", a.proof())
		first.ok("join_conversation", b.proof())
		second.ok("join_conversation", b.proof()) // counts by itself
		for _, s := range []*socket{first, second, w.connect("")} {
			s.refused("invalid_request", "join_conversation", c.proof())
		}
		first.ok("join_conversation", a.proof()) // what it has joined it may join again
		first.ok("leave_conversation", d.id())   // and what it has not joined makes no room
		second.refused("invalid_request", "join_conversation", c.proof())

		agent := w.agent(w.seeded.Agent) // of the same address
		for _, v := range []visitor{a, b, c, d} {
			agent.ok("join_conversation", v.proof())
			agent.ok("join_conversation", v.id())
		}
		w.address = "192.0.2.2"
		neighbor := w.connect("")
		for _, v := range []visitor{a, b, c} {
			neighbor.ok("join_conversation", v.proof())
		}
		neighbor.refused("invalid_request", "join_conversation", d.proof())
		neighbor.ok("send_message", c.say("Hello"))
		neighbor.next("message_received")
		agent.next("message_received")
		first.silent("message_received")
		second.silent("message_received")

		first.ok("leave_conversation", b.id())
		second.ok("join_conversation", c.proof())
		first.refused("invalid_request", "join_conversation", b.proof())
		second.ok("user_typing", with(c.id(), "sender_type", "end_user"))
		neighbor.next("typing_indicator")
		second.conn.Close()
		neighbor.next("typing_cleared") // it is gone
		first.ok("join_conversation", b.proof())
		first.ok("join_conversation", c.proof())
		first.refused("invalid_request", "join_conversation", d.proof())

		for _, v := range []visitor{a, b, c, d} {
			first.ok("leave_conversation", v.id())
			neighbor.ok("leave_conversation", v.id())
			agent.ok("leave_conversation", v.id())
		}
		if n := w.live.Joined(); n != 0 {
			w.Errorf("%d addresses are still counted", n)
		}
	})
}

// Agents may join conversations that do not exist yet, so their number needs a bound of its own.
func TestSocket_oneAgentJoinsSoManyConversations(t *testing.T) {
	each(t, func(w *world) {
		w.live.LimitAgents(3)
		a, b := w.visit("a"), w.visit("b")
		c, d := w.visit("c"), w.visit("d")
		first, second := w.agent(w.seeded.Agent), w.agent(w.seeded.Agent)
		first.ok("join_conversation", a.id())
		first.ok("join_conversation", b.id())
		second.ok("join_conversation", b.id())
		for _, s := range []*socket{first, second} {
			s.refused("invalid_request", "join_conversation", c.id())
			s.refused("invalid_request", "join_conversation", c.proof()) // as an end user
		}
		first.ok("join_conversation", a.id()) // what it has joined it may join again
		colleague, customer := w.agent(w.seeded.Admin), w.connect("")
		for _, v := range []visitor{a, b, c} {
			colleague.ok("join_conversation", v.id())
			customer.ok("join_conversation", v.proof())
		}
		customer.ok("send_message", c.say("Hello"))
		colleague.next("message_received")
		first.silent("message_received")

		first.ok("leave_conversation", a.id())
		second.ok("claim_conversation", c.id()) // joins
		first.refused("invalid_request", "join_conversation", a.id())
		second.ok("user_typing", with(c.id(), "sender_type", "agent"))
		colleague.next("typing_indicator")
		second.conn.Close()
		colleague.next("typing_cleared") // it is gone
		first.ok("join_conversation", a.id())
		first.ok("join_conversation", d.id())
		first.refused("invalid_request", "join_conversation", c.id())
		for _, v := range []visitor{a, b, c, d} {
			first.ok("leave_conversation", v.id())
			colleague.ok("leave_conversation", v.id())
			customer.ok("leave_conversation", v.id())
		}
		if n := w.live.Joined(); n != 0 {
			w.Errorf("%d are still counted", n)
		}
	})
}

// What a socket keeps without joining counts too. Where there is no more room, each event proves itself.
func TestSocket_whatIsProvenWithoutJoiningTakesUpRoom(t *testing.T) {
	each(t, func(w *world) {
		w.live.LimitEndUsers(2)
		a, b := w.visit("a"), w.visit("b")
		c := w.visit("c")
		s := w.connect("")
		for _, v := range []visitor{a, b, c, a} {
			s.ok("visit", with(v.proof(), "page_url", "https://shop.example/"))
		}
		s.ok("visit", with(b.id(), "page_url", "https://shop.example/"))
		s.refused("invalid_request", "visit", with(c.id(), "page_url", "https://shop.example/"))
		s.refused("invalid_request", "join_conversation", c.proof())
		s.ok("join_conversation", a.proof()) // its place is its own
		s.ok("leave_conversation", b.id())
		s.ok("join_conversation", c.proof())
		s.ok("send_message", b.say("Hello"))

		agent := w.agent(w.seeded.Agent)
		agent.ok("join_conversation", c.id())
		s.ok("user_typing", with(c.id(), "sender_type", "end_user"))
		agent.next("typing_indicator")
		s.conn.Close()
		agent.next("typing_cleared") // it is gone
		other := w.connect("")
		other.ok("join_conversation", b.proof())
		other.ok("join_conversation", a.proof())
	})
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
