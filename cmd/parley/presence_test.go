package main

import (
	"net/http"
	"testing"
	"time"
)

func TestQueue_hearsOfEveryMessage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		queue := w.agent(1, w.login(1, w.seeded.Agent))
		like(t, queue.ok("join_queue"), obj{"ok": true})
		tab := w.agent(0, w.login(0, w.seeded.Agent)) // has not joined
		v := w.visit(0)
		s := w.endUser(0, v)
		s.ok("send_message", v.say(text("a question")))
		like(t, queue.next("conversation_updated"),
			obj{"conversation_id": v.conversationID, "sender_type": "end_user", "content_type": "text",
				"content": text("a question"), "preview": text("a question"), "seq": 1})
		like(t, queue.next("conversation_updated")["sender_type"], "bot")
		picture := v.say("")
		picture["content_type"], picture["rich_media"] = "image", obj{"url": "https://example.com/x.png",
			"alt": text("a fern")}
		s.ok("send_message", picture)
		updated := queue.next("conversation_updated")
		like(t, updated["content"], "")
		like(t, updated["preview"], text("a fern"))
		s.silent("conversation_updated", "conversation_assigned")
		queue.silent("message_received")
		tab.silent()
		for _, event := range []string{"join_queue", "join_org_presence"} {
			s.refused("forbidden", event)
			s.emit(event, obj{"whatever": 1})
			like(t, s.next("error"), obj{"message": isSentence})
			w.connect(dial{}).refused("unauthorized", event)
		}
		s.ok("send_message", v.say(text("more")))
		s.silent("conversation_updated")
	})
}

func TestPresence_byAgentNotByTab(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		watcher := w.agent(0, w.login(0, w.seeded.Admin))
		watcher.ok("join_org_presence")
		endUserHears := w.endUser(0, w.visit(0))
		agentID, adminID := w.userID(w.seeded.Agent.Email), w.userID(w.seeded.Admin.Email)
		b := w.login(1, w.seeded.Agent)

		one := w.agent(1, b)
		like(t, watcher.about("agent_status_changed", "agent_id", agentID),
			obj{"agent_id": agentID, "status": "online"})
		two := w.agent(0, b)
		agents, _ := two.ok("join_org_presence")["agents"].([]any)
		if len(agents) != 2 || (agents[0] != agentID && agents[1] != agentID) ||
			(agents[0] != adminID && agents[1] != adminID) {
			t.Errorf("online are %v", agents)
		}
		one.close() // a tab
		two.close()
		reload := w.agent(1, b) // within 2 s: nothing flaps
		third := w.agent(0, b)
		third.close()
		closed := time.Now()
		reload.close()
		like(t, watcher.about("agent_status_changed", "agent_id", agentID),
			obj{"agent_id": agentID, "status": "offline"})
		if after := time.Since(closed); after < 1900*time.Millisecond || after > 8*time.Second {
			t.Errorf("offline came %s after the last socket", after)
		}
		watcher.silentAbout("agent_status_changed", "agent_id", agentID)
		endUserHears.silent(agentsOnly...)
		like(t, watcher.ok("join_org_presence")["agents"], []any{adminID})
	})
}

func TestTyping_indicatorAndCleared(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, s := w.written(0)
		agent := w.agent(1, w.login(1, w.seeded.Agent))
		agent.ok("join_conversation", v.id())
		outside := w.endUser(0, w.visit(0))
		cleared := obj{"conversation_id": v.conversationID}

		s.emit("user_typing", obj{"conversation_id": v.conversationID, "sender_type": "end_user"})
		like(t, agent.next("typing_indicator"), obj{"conversation_id": v.conversationID, "sender_type": "end_user"})
		s.ok("send_message", v.say(text("typed")))
		like(t, agent.next("typing_cleared"), cleared)
		s.silent("typing_indicator")

		agent.emit("user_typing", obj{"conversation_id": v.conversationID, "sender_type": "agent"})
		like(t, s.next("typing_indicator"), obj{"conversation_id": v.conversationID, "sender_type": "agent",
			"sender_id": w.userID(w.seeded.Agent.Email)})
		agent.ok("send_message", v.answer(text("typed too")))
		s.next("typing_cleared") // of the end user's own
		like(t, s.next("typing_cleared"), cleared)

		// Disconnecting clears.
		second := w.endUser(1, v)
		second.emit("user_typing", obj{"conversation_id": v.conversationID, "sender_type": "end_user"})
		agent.next("typing_indicator")
		agent.forget()
		second.close()
		like(t, agent.next("typing_cleared"), cleared)

		// And so do 5 s, from the last user_typing on.
		s.emit("user_typing", obj{"conversation_id": v.conversationID, "sender_type": "end_user"})
		agent.next("typing_indicator")
		begin := time.Now()
		s.emit("user_typing", obj{"conversation_id": v.conversationID, "sender_type": "end_user"})
		agent.next("typing_indicator")
		agent.next("typing_cleared")
		if after := time.Since(begin); after < 4500*time.Millisecond || after > 9*time.Second {
			t.Errorf("typing_cleared came after %s", after)
		}

		// Only who is in the room types, and only as what they are.
		outside.refused("forbidden", "user_typing", obj{"conversation_id": v.conversationID, "sender_type": "end_user"})
		s.refused("forbidden", "user_typing", obj{"conversation_id": v.conversationID, "sender_type": "agent"})
		agent.refused("forbidden", "user_typing", obj{"conversation_id": v.conversationID, "sender_type": "end_user"})
		outside.quiet()
	})
}

func TestRooms_aSocketThatLeftHearsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, s := w.written(0)
		other, neighbor := w.written(0)
		left := w.endUser(0, v)
		agentLeft := w.agent(1, w.login(1, w.seeded.Agent))
		agentLeft.ok("join_conversation", v.id())
		left.ok("leave_conversation", v.id())
		agentLeft.ok("leave_conversation", v.id())
		left.forget()
		agentLeft.forget()
		s.ok("send_message", v.say(text("after they left")))
		s.emit("user_typing", obj{"conversation_id": v.conversationID, "sender_type": "end_user"})
		// Through the same broker: what the other node had for this socket has come when this has.
		agentLeft.ok("join_conversation", other.id())
		neighbor.ok("send_message", other.say(text("fence")))
		like(t, agentLeft.next("message_received")["conversation_id"], other.conversationID)
		left.quiet()
		agentLeft.silentAbout("message_received", "conversation_id", v.conversationID)
		agentLeft.silentAbout("typing_indicator", "conversation_id", v.conversationID)
		left.refused("forbidden", "user_typing", obj{"conversation_id": v.conversationID, "sender_type": "end_user"})
	})
}

// The widget may be open in the browser in which an agent works.
func TestEndUserRole_inTheAgentsBrowser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		watcher := w.agent(0, w.login(0, w.seeded.Admin))
		watcher.ok("join_org_presence")
		v := w.visit(0)
		widget := w.connect(dial{
			node: 1,
			as:   w.login(1, w.seeded.Agent),
			auth: `{"role":"end_user"}`,
		})
		widget.refused("unauthorized", "join_queue")
		widget.refused("unauthorized", "send_message", v.answer(text("as the agent")))
		widget.ok("join_conversation", v.payload())
		like(t, widget.ok("send_message", v.say(text("as the end user")))["message"].(obj)["sender_type"], "end_user")
		watcher.silentAbout("agent_status_changed", "agent_id", w.userID(w.seeded.Agent.Email))
		for _, auth := range []string{`{"role":7}`, `[]`, `"x"`, `{}`, `null`} {
			s, err := w.tryConnect(dial{as: w.login(0, w.seeded.Admin), auth: auth})
			if err == nil {
				s.ok("join_queue")
			}
		}
	})
}

func TestForeignOrigin_isNotAnAgent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 1)
	b := w.login(0, w.seeded.Agent)
	v, _ := w.written(0)
	for _, polling := range transports {
		for _, origin := range []string{"https://evil.example", "null", "http://127.0.0.1:1",
			"https://127.0.0.1.evil.example", "nonsense"} {
			s := w.connect(dial{polling: polling, as: b, origin: origin})
			s.refused("unauthorized", "join_queue")
			s.refused("unauthorized", "claim_conversation", v.id())
			s.ok("join_conversation", v.payload()) // end users come from anywhere
		}
		w.connect(dial{polling: polling, as: b, origin: w.nodes[0].url}).ok("join_queue")
	}
}

// Behind a proxy that passes on what clients write, a page cannot name its own host as ours.
func TestForeignOrigin_isNotAnAgentBehindAProxy(t *testing.T) {
	t.Parallel()
	const public = "http://chat.example"
	for _, settings := range [][]string{nil, {"BASE_URL=" + public}} {
		address := freeAddress(t)
		settings = append(settings, "ADDR="+address, "TRUSTED_PROXIES=127.0.0.1")
		w := newWorld(t, sqliteEnv(t, settings...), 1)
		w.nodes[0].url = "http://" + address
		own := w.nodes[0].url
		if len(settings) == 3 {
			own = public
		}
		b := w.login(0, w.seeded.Agent)
		v, _ := w.written(0)
		const sibling = "https://blog.example"
		forged := http.Header{
			"X-Forwarded-Host":  {"blog.example"},
			"X-Forwarded-Proto": {"https"},
			"Forwarded":         {"host=blog.example;proto=https"},
		}
		for _, polling := range transports {
			s := w.connect(dial{polling: polling, as: b, origin: sibling, header: forged})
			s.refused("unauthorized", "join_queue")
			s.ok("join_conversation", v.payload()) // end users come from anywhere
			w.connect(dial{
				polling: polling,
				as:      b,
				origin:  own,
				header:  http.Header{"X-Forwarded-Host": {"blog.example"}},
			}).ok("join_queue")
		}
		b.get("/api/conversations/", "Origin", sibling, "X-Forwarded-Host", "blog.example", "X-Forwarded-Proto", "https").
			refused(t, 401, "unauthorized")
	}
}

// Logging out, disabling and a new password end web sessions and sockets within 5 s, on every node.
func TestEndedLogin_closesSockets(t *testing.T) {
	within5s := func(t *testing.T, end func(), sockets ...*socket) {
		t.Helper()
		begin := time.Now()
		end()
		for _, s := range sockets {
			s.closed()
		}
		if took := time.Since(begin); took > 5500*time.Millisecond {
			t.Errorf("the sockets closed after %s", took)
		}
	}
	each(t, func(t *testing.T, w *world) {
		stays := w.agent(1, w.login(1, w.seeded.Admin))

		b := w.login(0, w.seeded.Agent)
		otherLogin := w.agent(0, w.login(0, w.seeded.Agent))
		sockets := []*socket{w.agent(0, b), w.agent(1, b), w.connect(dial{
			node:    1,
			as:      b,
			polling: true,
		})}
		within5s(t, func() { b.form("/auth/logout").status(t, http.StatusSeeOther) }, sockets...)
		otherLogin.ok("join_queue")

		for name, change := range map[string]string{
			"disabled":     "UPDATE users SET disabled_at = updated_at, login_version = login_version + 1 WHERE email = ?",
			"new password": "UPDATE users SET login_version = login_version + 1 WHERE email = ?",
			"logged out":   "DELETE FROM devices WHERE user_id = (SELECT id FROM users WHERE email = ?)",
		} {
			who := w.hire()
			b := w.login(0, who)
			within5s(t, func() { w.exec(change, who.Email) }, w.agent(0, b), w.agent(1, b))
			w.browser(0).get("/api/conversations/", "Cookie", "session="+b.session()).refused(t, 401, "unauthorized")
			if name == "disabled" {
				again := w.browser(0)
				again.get("/auth/login")
				again.form("/auth/login", "email", who.Email, "password", who.Password).status(t, 401)
			}
			s, err := w.tryConnect(dial{as: b})
			if err == nil {
				s.refused("unauthorized", "join_queue")
			}
		}
		stays.ok("join_queue")
	})
}
