package main

import "testing"

func TestTeam_isKnownToEndUsers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit(0)
		s, left := w.connect(dial{node: 0}), w.endUser(1, v)
		like(t, s.ok("join_conversation", v.payload()),
			obj{
				"ok": true, "last_seq": 0, "read_seq": 0,
				"assigned_to": nil, "team": obj{"agents": []any{}, "online": 0},
			})
		left.ok("leave_conversation", v.id())
		outside := w.connect(dial{}) // has proven nothing

		alex, dana := obj{"id": w.userID(w.seeded.Agent.Email),
			"name": "Alex Agent"}, obj{"id": w.userID(w.seeded.Admin.Email), "name": "Dana Demo"}
		admin := w.agent(1, w.login(1, w.seeded.Admin))
		like(t, s.next("team_changed"), obj{"agents": []any{dana}, "online": 1})
		agent := w.agent(0, w.login(0, w.seeded.Agent))
		team := obj{"agents": []any{alex, dana}, "online": 2}
		like(t, s.next("team_changed"), team)
		for node := range 2 {
			late := w.connect(dial{node: node})
			like(t, late.ok("join_conversation", v.payload())["team"], team)
			late.silent()
		}
		like(t, agent.ok("join_conversation", v.id()), obj{"ok": true, "last_seq": 0}) // agents have the presence room
		agent.ok("join_org_presence")

		tab := w.agent(1, w.login(1, w.seeded.Admin))
		tab.ok("join_queue")
		tab.close()
		admin.close()
		like(t, s.next("team_changed"), obj{"agents": []any{alex}, "online": 1})
		s.silent() // not for a tab
		agent.silent("team_changed")
		left.silent()
		outside.silent()
	})
}
