package realtime_test

import (
	"testing"

	"parley/handlers/protocol"
	"parley/models"
	"parley/services"
)

// callers are the kinds of sockets that may send an event about a conversation, in the order of guards.
var callers = []string{"a stranger", "an end user elsewhere", "its end user", "an agent elsewhere", "its agent"}

// guards is what each event about a conversation is answered: an error, or ok. An event that is missing here fails the
// test: it was added without saying who may send it.
var guards = map[string][]string{
	protocol.SendMessageEvent:      {"invalid_request", "forbidden", "ok", "not_found", "ok"},
	protocol.JoinConversationEvent: {"invalid_request", "forbidden", "ok", "not_found", "ok"},
	protocol.MarkReadEvent:         {"unauthorized", "forbidden", "ok", "not_found", "ok"},
	protocol.VisitEvent:            {"invalid_request", "forbidden", "ok", "invalid_request", "invalid_request"},
	protocol.UserTypingEvent:       {"forbidden", "forbidden", "ok", "forbidden", "ok"},
	protocol.LeaveEvent:            {"ok", "ok", "ok", "ok", "ok"}, // leaving what one has not joined changes nothing
	protocol.ClaimEvent:            {"unauthorized", "forbidden", "forbidden", "not_found", "ok"},
	protocol.ViewEvent:             {"unauthorized", "forbidden", "forbidden", "forbidden", "ok"},
	protocol.JoinQueueEvent:        {"unauthorized", "forbidden", "forbidden", "ok", "ok"},
	protocol.JoinPresenceEvent:     {"unauthorized", "forbidden", "forbidden", "ok", "ok"},
}

func TestGuards_areThoseOfTheTable(t *testing.T) {
	each(t, func(w *world) {
		v, other := w.visit("jo"), w.visit("mo")
		w.connect("").ok("send_message", v.say("Hello"))
		messageID := w.messages(v)[0].ID
		elsewhere := w.elsewhere()
		for _, event := range protocol.Events {
			if event.Direction != protocol.ClientToServer {
				continue
			}
			wants, known := guards[event.Name]
			if !known {
				w.Errorf("who may send %s?", event.Name)
				continue
			}
			for i, want := range wants {
				s, proof := w.caller(i, v, other, elsewhere)
				payload := object{"conversation_id": v.conversationID, "message_ids": []string{messageID}, "viewing": true,
					"content": "Hello", "sender_type": "end_user"}
				if i > 2 {
					payload["sender_type"] = "agent"
				}
				if proof != "" {
					payload["external_id"] = proof
				}
				got := "ok"
				if ack := s.call(event.Name, payload); ack["ok"] != true {
					got, _ = ack["error"].(string)
				}
				if got != want {
					w.Errorf("%s from %s is answered %s, not %s", event.Name, callers[i], got, want)
				}
			}
		}
	})
}

// caller is a fresh socket of a kind of callers, and the external_id it would show. Who may join v has joined it.
func (w *world) caller(kind int, v, other visitor, elsewhere services.Credentials) (s *socket, proof string) {
	w.Helper()
	switch kind {
	case 1:
		return w.endUser(other), other.externalID
	case 2:
		return w.endUser(v), v.externalID
	case 3:
		return w.agent(elsewhere), ""
	case 4:
		s = w.agent(w.seeded.Agent)
		s.ok("join_conversation", v.id())
		return s, ""
	}
	return w.connect(""), ""
}

func TestDispatch_refusesWhatIsNoPayload(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		s, neighbor := w.endUser(v), w.endUser(v)
		s.refused("invalid_request", "no_such_event", object{})
		for _, payload := range []any{nil, "text", 1, []any{}, object{"conversation_id": 1},
			object{"conversation_id": v.conversationID, "content": 1}} {
			s.refused("invalid_request", "send_message", payload)
		}
		for _, event := range []string{"join_conversation", "leave_conversation", "user_typing", "mark_read", "visit"} {
			s.refused("invalid_request", event, object{"conversation_id": "x"})
		}
		s.refused("too_large", "send_message", v.say(string(make([]byte, 64*1024/6)))) // escaped, six bytes each
		s.silent()
		neighbor.silent()
	})
}

// Without a callback a failure is the error event, to the sender alone; success, and a message above the rate, are
// silent.
func TestReply_withoutACallback(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		s, neighbor := w.endUser(v), w.endUser(v)
		s.emit("send_message", v.say(" "))
		if message, _ := s.next("error")["message"].(string); message == "" {
			w.Error("the error event has no message")
		}
		s.emit("user_typing", v.proof())
		neighbor.next("typing_indicator")
		s.silent()
		neighbor.silent("error")
	})
}

// A page of the inbox stays open while someone else logs in with the same browser. What waits in it must not be sent in
// the other's name.
func TestSocket_isAnAgentsOnlyForTheirOwnPage(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		w.connect("").ok("send_message", v.say("Hello"))
		login, err := w.WebSessions.LogIn(w.Context(), w.seeded.Agent.Email, w.seeded.Agent.Password, services.Client{})
		w.ok(err)
		identity, err := w.WebSessions.Identify(w.Context(), login.Token)
		w.ok(err)
		own := w.connectWith(login.Token, `{"user_id":"`+identity.User.ID+`"}`)
		own.ok("join_queue", nil)
		own.ok("send_message", v.answer("Hello"))
		other := w.connectWith(login.Token, `{"user_id":"`+models.NewID()+`"}`)
		other.refused("unauthorized", "join_queue", nil)
		other.refused("unauthorized", "send_message", v.answer("Hello"))
	})
}
