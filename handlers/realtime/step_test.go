package realtime_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parley/handlers/protocol"
	"parley/models"
	"parley/services"
)

// storeUnheard stores messages of the end user as another node does whose broadcast gets lost. It returns the last seq.
func (w *world) storeUnheard(v visitor, count int) (last float64) {
	w.Helper()
	w.exec("UPDATE conversations SET last_seq = last_seq + 1 WHERE id = '"+v.conversationID+"'",
		"UPDATE conversations SET last_seq = last_seq + 1 WHERE id = '"+v.conversationID+"'")
	if count > 1 {
		return w.storeUnheard(v, count-1)
	}
	w.ok(w.db.Read.Model(&models.Conversation{}).Select("last_seq").Where("id = ?", v.conversationID).Scan(&last).Error)
	return last
}

func TestStep_announcesEveryRoomToThoseInItAlone(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		sockets := w.listeners(v)
		w.ok(w.live.Step(w.Context(), true))
		heard := map[string][]string{
			itsEndUser:      {protocol.LastSeqEvent},
			anotherEndUser:  {protocol.LastSeqEvent},
			agentInIt:       {protocol.LastSeqEvent},
			agentInQueue:    {protocol.LookAgainEvent},
			agentInPresence: {protocol.LookAgainEvent},
			foreignAgent:    {protocol.LookAgainEvent, protocol.LookAgainEvent},
		}
		for listener, s := range sockets {
			if diff := cmp.Diff(heard[listener], s.took()); diff != "" {
				w.Errorf("%s (-should hear +heard):\n%s", listener, diff)
			}
		}
	})
}

func TestStep_saysHowFarAConversationGoesAndWhatToLookAt(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		s := w.endUser(v)
		queue, presence := w.agent(w.seeded.Agent), w.agent(w.seeded.Agent)
		queue.ok("join_queue", nil)
		presence.ok("join_org_presence", nil)
		check := func(got, want object) {
			w.Helper()
			if diff := cmp.Diff(want, got); diff != "" {
				w.Errorf("(-want +got):\n%s", diff)
			}
		}
		w.ok(w.live.Step(w.Context(), true))
		check(s.next("last_seq"), object{"conversation_id": v.conversationID, "last_seq": 0.0})
		check(queue.next("look_again"), object{"room": "queue"})
		check(presence.next("look_again"), object{"room": "presence"})
		last := s.ok("send_message", v.say("Hello"))["message"].(object)["seq"].(float64)
		for s.next("message_received")["seq"] != last+1 { // the bot's answer
		}
		w.ok(w.live.Step(w.Context(), true))
		check(s.next("last_seq"), object{"conversation_id": v.conversationID, "last_seq": last + 1})
		s.silent()
	})
}

func TestStep_announcesALostMessageOnceToItsRoomAlone(t *testing.T) {
	each(t, func(w *world) {
		v, other := w.visit("jo"), w.visit("mo")
		s, another := w.endUser(v), w.endUser(other)
		agent, queue := w.agent(w.seeded.Agent), w.agent(w.seeded.Agent)
		agent.ok("join_conversation", v.id())
		queue.ok("join_queue", nil)
		s.ok("send_message", v.say("Hello"))
		another.ok("send_message", other.say("Hello"))
		for _, listener := range []*socket{s, agent, another} {
			listener.next("message_received")
			listener.next("message_received")
		}
		for answers := 0; answers < 2; {
			if queue.next("conversation_updated")["seq"] == 2.0 {
				answers++
			}
		}
		for _, listener := range []*socket{s, agent, another, queue} {
			listener.forget()
		}
		last := w.storeUnheard(v, 2)
		w.ok(w.live.Step(w.Context(), false))
		queue.next("look_again")
		for _, listener := range []*socket{s, agent} {
			if got := listener.next("last_seq"); got["last_seq"] != last {
				w.Errorf("heard %v, not %v", got, last)
			}
		}
		w.ok(w.live.Step(w.Context(), false))
		for _, listener := range []*socket{s, agent, another, queue} {
			listener.silent()
		}
	})
}

// The other messages of a room whose message was lost come as before.
func TestStep_goesOnAfterALostMessage(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		s := w.endUser(v)
		s.ok("send_message", v.say("Hello"))
		s.next("message_received")
		s.next("message_received")
		last := w.storeUnheard(v, 1)
		w.ok(w.live.Step(w.Context(), false))
		s.next("last_seq")
		s.ok("send_message", v.say("Still there?"))
		if got := s.next("message_received")["seq"]; got != last+1 {
			w.Errorf("got %v after %v", got, last)
		}
	})
}

func TestStep_announcesTheFirstMessageOfAConversation(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		writer := w.connect("") // has not joined, so this node delivers to nobody
		waiting := w.endUser(v)
		waiting.ok("leave_conversation", v.id())
		writer.ok("send_message", v.say("Hello"))
		waiting.ok("join_conversation", v.proof())
		waiting.forget()
		last := w.storeUnheard(v, 1)
		w.ok(w.live.Step(w.Context(), false))
		if got := waiting.next("last_seq")["last_seq"]; got != last {
			w.Errorf("announced %v, not %v", got, last)
		}
	})
}

func TestStep_doesNotAnnounceWhatHasComeMeanwhile(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		s, queue := w.endUser(v), w.agent(w.seeded.Agent)
		queue.ok("join_queue", nil)
		s.ok("send_message", v.say("Hello"))
		s.next("message_received")
		s.next("message_received")
		for queue.next("conversation_updated")["seq"] != 2.0 {
		}
		queue.forget()
		w.live.AnnounceLost(map[string]services.Stored{v.conversationID: {
			OrganizationID: w.seeded.OrganizationID,
			LastSeq:        2,
		}})
		s.silent()
		queue.silent()
	})
}

func TestRun_announcesAndComparesAtItsInterval(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		s, queue := w.endUser(v), w.agent(w.seeded.Agent)
		queue.ok("join_queue", nil)
		s.ok("send_message", v.say("Hello"))
		s.next("message_received")
		s.next("message_received")
		ctx, stop := context.WithCancel(w.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); w.live.KeepInStep(ctx, 10*time.Millisecond, time.Millisecond, 3) }()
		queue.next("look_again")
		last := w.storeUnheard(v, 1)
		for s.next("last_seq")["last_seq"] != last {
		}
		stop()
		<-ended
	})
}

// No client can make others fetch, or move what a room has delivered.
func TestStep_takesNothingFromClients(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		s, neighbor := w.endUser(v), w.endUser(v)
		agent, queue := w.agent(w.seeded.Agent), w.agent(w.seeded.Agent)
		agent.ok("join_conversation", v.id())
		queue.ok("join_queue", nil)
		for _, caller := range []*socket{s, agent} {
			caller.refused("invalid_request", "last_seq", with(v.id(), "last_seq", 1000))
			caller.refused("invalid_request", "look_again", object{"room": "queue"})
		}
		for _, absurd := range []any{-1, 1e15, 1e300, "x", object{}} {
			for _, caller := range []*socket{s, agent} {
				proof := v.id()
				if caller == s {
					proof = v.proof()
				}
				ack := caller.ok("join_conversation", with(with(proof, "last_seq", absurd), "after_seq", absurd))
				if ack["last_seq"] != 0.0 {
					w.Errorf("with %v there are %v messages", absurd, ack["last_seq"])
				}
			}
		}
		w.ok(w.live.Step(w.Context(), false))
		for _, listener := range []*socket{s, neighbor, agent, queue} {
			listener.silent()
		}
		s.ok("send_message", v.say("Hello"))
		for _, listener := range []*socket{s, neighbor, agent} {
			if got := listener.next("message_received")["seq"]; got != 1.0 {
				w.Errorf("heard %v first", got)
			}
		}
	})
}
