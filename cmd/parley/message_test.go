package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestSendMessage_ackBroadcastAndSeq(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, isPolling := range transports {
			v := w.visit(0)
			s := w.connect(dial{node: 0, polling: isPolling})
			like(t, s.ok("join_conversation", v.payload()),
				obj{
					"ok": true, "last_seq": 0, "read_seq": 0,
					"assigned_to": nil, "team": obj{"agents": []any{}, "online": 0},
				})
			peer := w.endUser(1, v)
			content := text("Hello, I need help, %s", transportName(isPolling))
			ack := s.ok("send_message", v.say(content))
			message := obj{"id": isUUID, "conversation_id": v.conversationID, "session_id": isUUID, "seq": 1,
				"sender_type": "end_user",
				"sender_id":   v.externalID, "content_type": "text", "content": content, "rich_media": nil,
				"created_at": isTime}
			like(t, ack, obj{"ok": true, "message": message})
			for _, hears := range []*socket{s, peer} {
				heard := hears.next("message_received")
				like(t, heard, message)
				like(t, heard, ack["message"])
				bot := hears.next("message_received")
				like(t, bot["seq"], 2)
				like(t, bot["sender_type"], "bot")
			}

			// client_id: once, for every sender and however often.
			draft := v.say(text("once"))
			draft["client_id"] = "c-1"
			first := s.ok("send_message", draft)
			for _, from := range []*socket{s, peer} {
				again := from.ok("send_message", draft)
				like(t, again["duplicate"], true)
				like(t, again["message"], first["message"])
			}
			for _, hears := range []*socket{s, peer} {
				like(t, hears.next("message_received")["client_id"], "c-1")
				like(t, hears.next("message_received")["seq"], 4)
			}
			like(t, first["message"].(obj)["client_id"], "c-1")
			peer.ok("send_message", v.say(text("fence")))
			like(t, s.next("message_received")["seq"], 5)
		}
	})
}

// A client that follows the integration guide: no acknowledgement, no content_type.
func TestSendMessage_theGuidesClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit(0)
		s := w.connect(dial{node: 0})
		s.emit("join_conversation", v.payload())
		s.emit("send_message", obj{"conversation_id": v.conversationID, "content": text("hi"),
			"sender_type": "end_user", "external_id": v.externalID})
		heard := s.next("message_received")
		like(t, heard["content"], text("hi"))
		like(t, heard["content_type"], "text")
		s.silent("error")
	})
}

func TestSendMessage_whoeverSendsMustProveIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, other := w.visit(0), w.visit(0)
		s := w.endUser(0, v)
		s.ok("send_message", v.say(text("hello")))
		agent := w.agent(1, w.login(1, w.seeded.Agent))
		before := w.rows()

		s.refused("forbidden", "send_message", v.answer(text("I am the agent")))
		w.connect(dial{}).refused("unauthorized", "send_message", v.answer(text("I am the agent")))
		stolen := other.say(text("as somebody else"))
		stolen["external_id"] = v.externalID
		s.refused("forbidden", "send_message", stolen)
		s.refused("forbidden", "join_conversation",
			obj{"conversation_id": other.conversationID, "external_id": v.externalID})
		withoutProof := v.say(text("no proof"))
		delete(withoutProof, "external_id")
		s.refused("invalid_request", "send_message", withoutProof)
		asBot := v.say(text("as the bot"))
		asBot["sender_type"] = "bot"
		s.refused("invalid_request", "send_message", asBot)
		agent.refused("forbidden", "send_message",
			obj{"conversation_id": v.conversationID, "sender_type": "end_user", "external_id": "wrong",
				"content": text("x")})
		agent.refused("conflict", "send_message", other.answer(text("nobody has written here")))
		missing := v.say(text("nowhere"))
		missing["conversation_id"] = uuid.NewString()
		s.refused("not_found", "send_message", missing)
		if after := w.rows(); after != before {
			t.Errorf("a refused message stored something: %d rows, then %d", before, after)
		}

		// The agent's messages carry the agent's id, whatever the payload says.
		draft := v.answer(text("Hi! How can I help you today?"))
		draft["sender_id"] = "somebody"
		message := agent.ok("send_message", draft)["message"].(obj)
		like(t, message["sender_type"], "agent")
		like(t, message["sender_id"], w.userID(w.seeded.Agent.Email))
		s.next("message_received")
		s.next("message_received")
		like(t, s.next("message_received"), message)
	})
}

func TestRichMedia_fromTheGuide(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit(0)
		s := w.endUser(0, v)
		s.ok("send_message", v.say(text("person")))
		agent := w.agent(1, w.login(1, w.seeded.Agent))
		agent.ok("claim_conversation", obj{"conversation_id": v.conversationID})
		s.forget()
		media := map[string]obj{
			"image": {"url": "https://example.com/photo.jpg", "alt": "A scenic view"},
			"file": {"url": "https://example.com/files/invoice.pdf", "filename": "invoice.pdf", "size": 204800,
				"mime_type": "application/pdf"},
			"quick_button": {"buttons": []any{obj{"label": "Yes", "value": "yes"}, obj{"label": "No", "value": "no"}}},
			"carousel": {"cards": []any{obj{"image_url": "https://example.com/a.jpg", "title": "Product A",
				"subtitle": "Short description",
				"buttons":  []any{obj{"label": "Buy now", "value": "buy_A"}}}}},
			"dropdown": {"placeholder": "-- pick one --",
				"options": []any{obj{"label": "Asia Pacific", "value": "apac"}, obj{"label": "Europe", "value": "eu"}}},
		}
		for contentType, richMedia := range media {
			draft := v.answer("")
			draft["content_type"], draft["rich_media"] = contentType, richMedia
			ack := agent.ok("send_message", draft)
			heard := s.next("message_received")
			like(t, heard, ack["message"])
			like(t, heard["content_type"], contentType)
			like(t, heard["rich_media"], richMedia)
			if contentType != "image" && contentType != "file" {
				own := v.say(text("mine"))
				own["content_type"], own["rich_media"] = contentType, richMedia
				s.refused("invalid_request", "send_message", own)
			}
		}
	})
}

func TestAnswer_firstCounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit(0)
		s, second := w.endUser(0, v), w.endUser(1, v)
		s.ok("send_message", v.say(text("what are your prices")))
		s.next("message_received")
		carousel := s.next("message_received")
		like(t, carousel["content_type"], "carousel")
		pick := func(messageID any, value string) obj {
			draft := v.say(text("I pick"))
			draft["rich_media"] = obj{"selected": obj{"message_id": messageID, "label": "a label of mine",
				"value": value}}
			return draft
		}
		s.refused("invalid_request", "send_message", pick(carousel["id"], "not offered"))
		s.refused("invalid_request", "send_message", pick(uuid.NewString(), "buy_team"))
		other := w.visit(0)
		elsewhere := pick(carousel["id"], "buy_team")
		elsewhere["conversation_id"], elsewhere["external_id"] = other.conversationID, other.externalID
		w.endUser(0, other).refused("invalid_request", "send_message", elsewhere)

		one, two := s.post("send_message", pick(carousel["id"], "buy_team")), second.post("send_message",
			pick(carousel["id"], "buy_starter"))
		acks := []obj{s.ack(one), second.ack(two)}
		if (acks[0]["ok"] == true) == (acks[1]["ok"] == true) {
			t.Fatalf("of two answers at once not exactly one counts: %v", acks)
		}
		for _, ack := range acks {
			if ack["ok"] != true {
				like(t, ack["error"], "conflict")
				continue
			}
			selected := ack["message"].(obj)["rich_media"].(obj)["selected"].(obj)
			like(t, selected["message_id"], carousel["id"])
			if label := fmt.Sprint(selected["label"]); !strings.HasPrefix(label, "Choose ") {
				t.Errorf("the stored label is %q, not the offered one", label)
			}
		}
	})
}

func TestRateLimit_dropsInSilence(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, other := w.visit(0), w.visit(0)
		s, neighbor := w.endUser(0, v), w.endUser(1, v)
		for i := range 10 {
			// From two sockets on two nodes: the limit is the end user's.
			sender := []*socket{s, neighbor}[i%2]
			sender.ok("send_message", v.say(text("%d", i)))
		}
		before := w.rows()
		for i := range 5 {
			s.emit("send_message", v.say(text("silent %d", i)))
		}
		for _, limited := range []*socket{s, neighbor} {
			ack := limited.call("send_message", v.say(text("asked")))
			like(t, ack, obj{"ok": false, "error": "rate_limited", "message": isSentence, "retry_after_ms": anything})
			if wait, _ := ack["retry_after_ms"].(float64); wait < 1 || wait > 10_000 {
				t.Errorf("retry_after_ms is %v", ack["retry_after_ms"])
			}
		}
		s.silent("error")
		if after := w.rows(); after != before {
			t.Errorf("a dropped message stored something: %d rows, then %d", before, after)
		}
		for i := range 20 { // ten messages and the bot's ten answers
			like(t, neighbor.next("message_received")["seq"], i+1)
		}
		neighbor.silent("message_received", "error")
		w.endUser(0, other).ok("send_message", other.say(text("another end user goes on")))
	})
}

func TestBot_answersUntilAnAgentClaims(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit(0)
		s := w.endUser(0, v)
		s.ok("send_message", v.say(text("opening hours?")))
		s.next("message_received")
		dropdown := s.next("message_received")
		like(t, dropdown["sender_type"], "bot")
		like(t, dropdown["sender_id"], w.seeded.BotID)
		like(t, dropdown["content_type"], "dropdown")
		draft := v.say("Europe")
		draft["rich_media"] = obj{"selected": obj{"message_id": dropdown["id"], "label": "Europe", "value": "eu"}}
		s.ok("send_message", draft)
		like(t, s.next("message_received")["rich_media"],
			obj{"selected": obj{"message_id": dropdown["id"], "label": "Europe", "value": "eu"}})
		if answer := fmt.Sprint(s.next("message_received")["content"]); !strings.Contains(answer, "Europe") {
			t.Errorf("the bot matches on the value, and says %q", answer)
		}
		w.login(1, w.seeded.Agent).post("/api/conversations/"+v.conversationID+"/assign", "").status(t, 200)
		s.ok("send_message", v.say(text("prices?")))
		like(t, s.next("message_received")["seq"], 5)
		s.ok("send_message", v.say(text("still there?")))
		like(t, s.next("message_received")["seq"], 6)
		s.silent("message_received")
	})
}

func TestBot_silent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 0)
	w.seeded = w.seed("--silent-bot")
	w.start()
	v := w.visit(0)
	s := w.endUser(0, v)
	s.ok("send_message", v.say(text("prices?")))
	s.next("message_received")
	s.silent()
}
