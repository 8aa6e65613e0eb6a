package realtime_test

import "testing"

// An end user who joins again learns what an agent has read, and nothing of another conversation.
func TestJoin_saysWhatAnAgentHasRead(t *testing.T) {
	each(t, func(w *world) {
		v, stranger := w.visit("jo"), w.visit("sam")
		tab, other := w.endUser(v), w.endUser(stranger)
		agent := w.agent(w.seeded.Agent)
		read := func(message, id object) {
			agent.ok("mark_read", with(id, "message_ids", []any{message["id"]}))
		}
		expect := func(seq any) {
			w.Helper()
			if ack := tab.ok("join_conversation", v.proof()); ack["read_seq"] != seq {
				w.Errorf("read up to %v, want %v", ack["read_seq"], seq)
			}
		}
		expect(0.0)
		first := tab.ok("send_message", v.say("One"))["message"].(object)
		for range 3 {
			read(other.ok("send_message", stranger.say("Another conversation"))["message"].(object), stranger.id())
		}
		expect(0.0)
		read(first, v.id())
		expect(first["seq"])
		tab.ok("send_message", v.say("Two"))
		expect(first["seq"])
	})
}
