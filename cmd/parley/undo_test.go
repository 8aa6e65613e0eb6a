package main

import "testing"

func TestUnassign_andReopen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b, other := w.login(0, w.seeded.Agent), w.login(1, w.seeded.Admin)
		queue := w.agent(1, other)
		queue.ok("join_queue")
		v, s := w.written(1)
		path := "/api/conversations/" + v.conversationID
		agentID := w.userID(w.seeded.Agent.Email)
		alex := obj{"id": agentID, "name": "Alex Agent"}
		joined := obj{"conversation_id": v.conversationID, "agent": alex}

		b.post(path+"/release", "").refused(t, 409, "conflict")
		b.post(path+"/assign", "").status(t, 200)
		like(t, s.next("agent_joined"), joined)
		late := w.connect(dial{node: 0})
		like(t, late.ok("join_conversation", v.payload())["assigned_to"], alex)

		other.post(path+"/release", "").refused(t, 409, "conflict")
		like(t, b.post(path+"/release", "").status(t, 200).json(t),
			obj{"id": v.conversationID, "assigned_agent_id": nil, "assigned_at": nil})
		like(t, queue.about("conversation_released", "conversation_id", v.conversationID), v.id())
		for _, hears := range []*socket{s, late} {
			like(t, hears.next("agent_left"), v.id())
		}
		b.post(path+"/release", "").refused(t, 409, "conflict")

		like(t, other.post(path+"/tag", `{"tags":["vip"]}`).status(t, 200).json(t).(obj)["tags"], []any{"vip"})
		like(t, queue.next("conversation_tagged"),
			obj{"conversation_id": v.conversationID, "session_id": isUUID, "tags": []any{"vip"}})

		b.post(path+"/assign", "").status(t, 200)
		like(t, s.next("agent_joined"), joined)
		b.post(path+"/reopen", "").refused(t, 409, "conflict")
		resolved := b.post(path+"/resolve", `{"tags":["billing"]}`).status(t, 200).json(t).(obj)
		s.next("conversation_resolved")
		queue.next("conversation_resolved")
		after := w.connect(dial{node: 0})
		like(t, after.ok("join_conversation", v.payload())["assigned_to"], nil)
		like(t, other.post(path+"/reopen", "").status(t, 200).json(t),
			obj{"id": v.conversationID, "session_id": resolved["session_id"], "status": "open",
				"tags": []any{"vip", "billing"}, "resolved_at": nil})
		for _, hears := range []*socket{s, queue} {
			like(t, hears.next("conversation_reopened"),
				obj{"conversation_id": v.conversationID, "session_id": resolved["session_id"]})
		}
		for _, hears := range []*socket{s, after} {
			like(t, hears.next("agent_joined"), joined)
		}
		like(t, b.get(path).json(t).(obj)["active_session"].(obj)["assigned_agent_id"], agentID)
		other.post(path+"/reopen", "").refused(t, 409, "conflict")

		s.silent(agentsOnly...)
		late.silent(agentsOnly...)
		queue.silent("agent_joined", "agent_left", "conversation_released", "conversation_tagged",
			"conversation_reopened")
	})
}
