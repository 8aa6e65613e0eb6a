package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parley/services"
)

// visitWith opens the widget of an embed token.
func (w *world) visitWith(node int, embedToken, externalID string) visit {
	w.t.Helper()
	query := url.Values{"embed_token": {embedToken}, "session_id": {externalID}}
	return readVisit(w.t, w.browser(node).get("/chat-widget?"+query.Encode()).status(w.t, 200))
}

func (v visit) history() string {
	return "/chat-widget/history/" + v.conversationID + "?external_id=" + v.externalID
}

// refusedWith is refused for a sentence.
func (s *socket) refusedWith(sentence, name string, args ...any) {
	s.t.Helper()
	like(s.t, s.call(name, args...), obj{"ok": false, "error": "forbidden", "message": sentence})
}

// A token that somebody else has got hold of opens nothing once it is revoked, on any node: neither pages nor what was
// open before. What another token of the same channel has opened goes on.
func TestRevokedEmbedToken_endsEverywhere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const sentence = "This chat is no longer available."
		secret := w.embedToken()
		var id string
		if err := w.db.QueryRow(w.statement("SELECT id FROM embed_tokens WHERE token_hash = ?"),
			services.HashToken(secret)).Scan(&id); err != nil {
			t.Fatal(err)
		}
		written, opened := w.visitWith(0, secret, newExternalID()), w.visitWith(1, secret, newExternalID())
		other := w.visit(0)
		w.endUser(0, written).ok("send_message", written.say(text("hello")))
		ends := []*socket{w.endUser(0, written), w.endUser(1, written), w.endUser(0, opened), w.endUser(1, opened)}
		stays := []*socket{w.endUser(0, other), w.endUser(1, other)}
		agent := w.agent(1, w.login(1, w.seeded.Agent))
		agent.ok("join_conversation", written.id())

		admin := w.login(0, w.seeded.Admin)
		admin.form("/integration/web-chat/"+id+"/revoke").status(t, http.StatusSeeOther)
		for _, s := range ends {
			s.closed()
		}
		for node := range 2 {
			b := w.browser(node)
			b.get("/chat-widget?embed_token="+secret+"&session_id="+written.externalID).status(t, 403)
			s := w.connect(dial{node: node})
			for _, v := range []visit{written, opened} {
				refused := b.get(v.history())
				refused.refused(t, 403, "forbidden")
				if !strings.Contains(refused.body, sentence) {
					t.Errorf("the history says %s", refused.body)
				}
				s.refusedWith(sentence, "join_conversation", v.payload())
				s.refusedWith(sentence, "send_message", v.say(text("still there?")))
			}
		}
		for _, s := range stays {
			s.ok("send_message", other.say(text("mine goes on")))
		}
		agent.ok("send_message", written.answer(text("agents go on")))

		for _, v := range []visit{written, opened} {
			if again := w.visitWith(1, w.seeded.EmbedToken, v.externalID); again != v {
				t.Errorf("opened again as %v, not %v", again, v)
			}
			w.browser(0).get(v.history()).status(t, 200)
			w.browser(0).get(v.history()+"&embed_token="+secret).refused(t, 403, "forbidden")
			w.endUser(0, v).ok("send_message", v.say(text("back again")))
		}
	})
}

// What the page knew is not lost where the first message goes to another node.
func TestFirstMessage_mayGoToAnotherNode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visitAs(0, newExternalID(), "Jo Doe")
		one, two := w.endUser(0, v), w.endUser(1, v)
		one.ok("user_typing", obj{"conversation_id": v.conversationID, "sender_type": "end_user"})
		two.next("typing_indicator")
		agent := w.login(0, w.seeded.Agent)
		path := "/api/conversations/" + v.conversationID
		for _, unknown := range []string{path, path + "/messages", path + "/history"} {
			agent.get(unknown).refused(t, 404, "not_found")
		}
		agent.get("/inbox/"+v.conversationID).status(t, 404)
		like(t, w.browser(1).get(v.history()).status(t, 200).json(t), []any{})
		two.ok("send_message", v.say(text("hello")))
		like(t, one.next("message_received")["seq"], 1.0)
		conversation := agent.get(path).status(t, 200).json(t).(obj)
		like(t, conversation["end_user"].(obj)["display_name"], "Jo Doe")
		if n := w.count(`SELECT COUNT(*) FROM conversations AS c JOIN embed_tokens AS t ON t.id = c.embed_token_id
			WHERE c.id = ? AND t.token_hash = ?`, v.conversationID, services.HashToken(w.seeded.EmbedToken)); n != 1 {
			t.Error("the conversation does not remember its embed token")
		}
	})
}

func TestAddressLimits_boundPagesAndNewConversations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		// Every test has addresses of its own: they share a Redis.
		address, other := "2001:db8:"+run1[:4]+":"+run1[4:]+"::1", "2001:db8:"+run1[:4]+":"+run1[4:]+":ffff::2"
		neighbor := "2001:db9:" + run1[:4] + ":" + run1[4:] + "::1"
		if w.postgres() {
			address = "2001:dba" + address[8:]
			other = "2001:dba" + other[8:]
			neighbor = "2001:dbb" + neighbor[8:]
		}
		page := "/chat-widget?embed_token=" + w.seeded.EmbedToken + "&session_id="
		var visits []visit
		for i := range 4 {
			visits = append(visits, readVisit(t, w.browser(i).
				get(page+newExternalID(), "X-Forwarded-For", []string{address, other}[i%2]).status(t, 200)))
		}
		refused := w.browser(0).get(page+newExternalID(), "X-Forwarded-For", other).status(t, 429)
		if refused.Header.Get("Retry-After") == "" || !strings.Contains(refused.Header.Get("Content-Type"), "text/html") {
			t.Errorf("refused with %v", refused.Header)
		}
		w.browser(1).get(page+newExternalID(), "X-Forwarded-For", neighbor).status(t, 200)

		for i, v := range visits[:2] {
			w.connect(dial{node: i, address: address}).ok("send_message", v.say(text("hello")))
		}
		s := w.connect(dial{node: 1, address: other})
		ack := s.call("send_message", visits[2].say(text("hello")))
		if ack["error"] != "rate_limited" || ack["retry_after_ms"].(float64) <= 0 {
			t.Errorf("answered %v", ack)
		}
		s.emit("send_message", visits[2].say(text("hello")))
		like(t, s.next("error"), obj{"message": isSentence})
		s.ok("send_message", visits[0].say(text("what is stored goes on")))
		w.connect(dial{address: neighbor}).ok("send_message", visits[2].say(text("hello")))
		if n := w.count("SELECT COUNT(*) FROM conversations"); n != 3 {
			t.Errorf("%d conversations", n)
		}
	}, "ADDRESS_LIMITS=pages=4/1h,conversations=2/1h,sockets=1000", "TRUSTED_PROXIES=127.0.0.1")
}
