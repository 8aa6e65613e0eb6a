package main

import (
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"parley/services"
)

// written is a conversation with one message of its end user, and the end user's socket.
func (w *world) written(node int) (visit, *socket) {
	w.t.Helper()
	v := w.visit(node)
	s := w.endUser(node, v)
	s.ok("send_message", v.say(text("hello")))
	s.next("message_received")
	s.next("message_received") // the bot's
	return v, s
}

func (v visit) id() obj { return obj{"conversation_id": v.conversationID} }

func TestClaim_bothWaysAreOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.login(0, w.seeded.Agent)
		claimer, queue := w.agent(0, b), w.agent(1, w.login(1, w.seeded.Admin))
		queue.ok("join_queue")
		agentID := w.userID(w.seeded.Agent.Email)

		v, s := w.written(1)
		queue.next("conversation_updated")
		queue.next("conversation_updated") // the bot's
		like(t, b.post("/api/conversations/"+v.conversationID+"/assign", "").status(t, 200).json(t),
			obj{"id": v.conversationID, "assigned_agent_id": agentID, "assigned_at": isTime})
		like(t, queue.next("conversation_assigned"), obj{"conversation_id": v.conversationID, "assigned_to": agentID})
		first := b.post("/api/conversations/"+v.conversationID+"/assign", "").status(t, 200).body
		if again := b.post("/api/conversations/"+v.conversationID+"/assign", "null").
			status(t, 200).body; again != first {
			t.Errorf("one's own again is changed: %s, then %s", first, again)
		}
		claimer.ok("claim_conversation", v.id())
		queue.refused("conflict", "claim_conversation", v.id())
		queue.silent("conversation_assigned")
		s.silent(agentsOnly...)
		like(t, s.next("agent_joined"), obj{"conversation_id": v.conversationID,
			"agent": obj{"id": agentID, "name": "Alex Agent"}})
		s.quiet() // once, even if the agent claims again

		v, _ = w.written(1)
		like(t, claimer.ok("claim_conversation", v.id()),
			obj{"ok": true, "id": v.conversationID, "assigned_agent_id": agentID, "assigned_at": isTime})
		like(t, queue.next("conversation_assigned"), obj{"conversation_id": v.conversationID, "assigned_to": agentID})
		w.login(0, w.seeded.Admin).post("/api/conversations/"+v.conversationID+"/assign", "").
			refused(t, 409, "conflict")
		// Claiming joins the room.
		w.endUser(1, v).ok("send_message", v.say(text("are you there?")))
		claimer.about("message_received", "content", text("are you there?"))

		empty := w.visit(0)
		b.post("/api/conversations/"+empty.conversationID+"/assign", "").refused(t, 404, "not_found")
		claimer.refused("not_found", "claim_conversation", empty.id())
		s.refused("forbidden", "claim_conversation", v.id())
	})
}

func TestClaim_onlyOneAgentWins(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		queue := w.agent(0, w.login(0, w.seeded.Admin))
		queue.ok("join_queue")
		type contender struct {
			b *browser
			s *socket
		}
		var agents []contender
		for i := range 6 {
			b := w.login(i, w.hire())
			agents = append(agents, contender{b, w.agent(i, b)})
		}
		for range 5 {
			v, _ := w.written(0)
			var wins, losses, others int
			var mu sync.Mutex
			var all sync.WaitGroup
			for i, agent := range agents {
				all.Go(func() {
					won, lost := false, false
					if i%2 == 0 {
						a := agent.b.post("/api/conversations/"+v.conversationID+"/assign", "")
						won, lost = a.StatusCode == 200, a.StatusCode == 409
					} else {
						ack := agent.s.call("claim_conversation", v.id())
						won, lost = ack["ok"] == true, ack["error"] == "conflict"
					}
					mu.Lock()
					defer mu.Unlock()
					switch {
					case won:
						wins++
					case lost:
						losses++
					default:
						others++
					}
				})
			}
			all.Wait()
			if wins != 1 || losses != len(agents)-1 || others != 0 {
				t.Errorf("of %d agents %d won and %d lost", len(agents), wins, losses)
			}
			like(t, queue.next("conversation_assigned")["conversation_id"], v.conversationID)
		}
		queue.silent("conversation_assigned")
	})
}

func TestConversation_getAndListShapes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		agent := w.login(0, w.seeded.Agent)
		v := w.visitAs(0, newExternalID(), "John Doe")
		w.endUser(0, v).ok("send_message", v.say(text("hello")))
		session := obj{"id": isUUID, "status": "open", "assigned_agent_id": nil, "tags": []any{},
			"first_message_at": isTime, "assigned_at": nil, "resolved_at": nil}
		want := obj{"id": v.conversationID, "end_user": obj{"id": isUUID, "display_name": "John Doe",
			"external_id": v.externalID},
			"channel_id": w.seeded.ChannelID, "organization_id": w.seeded.OrganizationID, "active_session": session,
			"created_at": isTime, "updated_at": isTime}
		for _, path := range []string{"/api/conversations/", "/api/conversations",
			"/api/conversations?filter=unassigned", "/api/conversations/?filter=all"} {
			like(t, agent.get(path).status(t, 200).json(t), []any{want})
		}
		like(t, agent.get("/api/conversations/"+v.conversationID).status(t, 200).json(t), want)
		like(t, agent.get("/api/conversations/"+v.conversationID+"/").status(t, 200).json(t), want)
		like(t, agent.get("/api/conversations/?filter=mine").json(t), []any{})

		agent.post("/api/conversations/"+v.conversationID+"/assign/", "").status(t, 200)
		session["assigned_agent_id"], session["assigned_at"] = w.userID(w.seeded.Agent.Email), isTime
		like(t, agent.get("/api/conversations/?filter=mine").json(t), []any{want})
		like(t, agent.get("/api/conversations/").json(t), []any{})
		like(t, w.login(1, w.seeded.Admin).get("/api/conversations/?filter=mine").json(t), []any{})

		agent.post("/api/conversations/"+v.conversationID+"/resolve", "").status(t, 200)
		want["active_session"] = nil
		like(t, agent.get("/api/conversations/?filter=all").json(t), []any{want})
		like(t, agent.get("/api/conversations/?filter=mine").json(t), []any{})
		like(t, agent.get("/api/conversations/"+v.conversationID).json(t), want)

		for _, path := range []string{"?filter=nonsense", "?filter=MINE", "?limit=0", "?limit=201", "?limit=-1",
			"?limit=x", "?limit=1e3", "?limit=99999999999999999999",
			"?cursor=nonsense", "?cursor=" + base64.RawURLEncoding.EncodeToString([]byte("1 x")), "?cursor=%00"} {
			agent.get("/api/conversations/"+path).refused(t, 400, "invalid_request")
		}
		for _, micros := range []int64{math.MaxInt64, math.MinInt64, 0, -1} {
			cursor := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", micros, uuid.NewString()))
			agent.get("/api/conversations/?cursor=" + cursor)
			agent.get("/inbox?cursor=" + cursor)
		}
		for _, id := range []string{uuid.NewString(), "nonsense", "00000000-0000-0000-0000-000000000000",
			strings.ToUpper(v.conversationID) + "x", "%00", "..%2f", "'"} {
			agent.get("/api/conversations/"+id).refused(t, 404, "not_found")
			agent.get("/api/conversations/"+id+"/messages").refused(t, 404, "not_found")
			agent.post("/api/conversations/"+id+"/assign", "").refused(t, 404, "not_found")
			agent.post("/api/conversations/"+id+"/resolve", "").refused(t, 404, "not_found")
			agent.post("/api/conversations/"+id+"/release", "").refused(t, 404, "not_found")
			agent.post("/api/conversations/"+id+"/reopen", "").refused(t, 404, "not_found")
			agent.post("/api/conversations/"+id+"/tag", `{"tags":["x"]}`).refused(t, 404, "not_found")
		}
	})
}

var nextLink = regexp.MustCompile(`^<([^>]+)>; rel="next"$`)

func TestConversation_listPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		agent := w.login(0, w.seeded.Agent)
		var order []string
		for range 7 {
			v, _ := w.written(0)
			order = append([]string{v.conversationID}, order...)
		}
		// The oldest one moves to the front when somebody writes in it.
		oldest := order[len(order)-1]
		w.agent(1, w.login(1, w.seeded.Admin)).
			ok("send_message", visit{conversationID: oldest}.answer(text("still here")))
		order = append([]string{oldest}, order[:len(order)-1]...)

		var seen []string
		path := "/api/conversations/?filter=all&limit=3"
		for pages := 0; path != ""; pages++ {
			a := agent.get(path).status(t, 200)
			list := a.json(t).([]any)
			if len(list) > 3 || pages > 3 {
				t.Fatalf("page %d has %d conversations", pages, len(list))
			}
			for _, c := range list {
				seen = append(seen, c.(obj)["id"].(string))
			}
			link := a.Header.Get("Link")
			path = ""
			if link != "" {
				found := nextLink.FindStringSubmatch(link)
				if found == nil {
					t.Fatalf("Link is %s", link)
				}
				u, err := url.Parse(found[1])
				if err != nil || u.Scheme+"://"+u.Host != w.node(0).url {
					t.Fatalf("Link is %s", link)
				}
				path = u.RequestURI()
			}
		}
		if strings.Join(seen, " ") != strings.Join(order, " ") {
			t.Errorf("the pages list\n%v, want\n%v", seen, order)
		}
	})
}

func TestHistory_agentShapeAndPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, s := w.written(0) // messages 1 and 2
		for i := range 4 {
			s.ok("send_message", v.say(text("%d", i))) // 3 to 10
		}
		agent := w.login(1, w.seeded.Agent)
		base := "/api/conversations/" + v.conversationID
		list := agent.get(base+"/messages").status(t, 200).json(t).([]any)
		if len(list) != 10 {
			t.Fatalf("the history has %d messages", len(list))
		}
		like(t, list[0], obj{"id": isUUID, "conversation_id": v.conversationID, "session_id": isUUID, "seq": 1,
			"sender_type": "end_user", "sender_id": v.externalID,
			"content_type": "text", "content": text("hello"), "rich_media": nil, "read_by": obj{},
			"created_at": isTime})
		like(t, agent.get(base+"/history").status(t, 200).json(t), list)
		like(t, agent.get(base+"/messages/").status(t, 200).json(t), list)
		for query, want := range map[string]string{
			"?limit=3":                          "8 9 10",
			"?limit=3&offset=3":                 "5 6 7",
			"?limit=3&offset=9":                 "1",
			"?limit=3&offset=10":                "",
			"?offset=2147483647":                "",
			"?before_seq=3":                     "1 2",
			"?before_seq=6&limit=2":             "4 5",
			"?after_seq=8":                      "9 10",
			"?after_seq=0&limit=2":              "1 2",
			"?after_seq=3&before_seq=6":         "4 5",
			"?after_seq=10":                     "",
			"?limit=200&offset=0&unknown=thing": "1 2 3 4 5 6 7 8 9 10",
		} {
			var seqs []string
			for _, m := range agent.get(base+"/messages"+query).status(t, 200).json(t).([]any) {
				seqs = append(seqs, fmt.Sprint(m.(obj)["seq"]))
			}
			if got := strings.Join(seqs, " "); got != want {
				t.Errorf("%s lists %q, want %q", query, got, want)
			}
		}
		for _, query := range []string{"limit=0", "limit=201", "limit=x", "limit=-5", "offset=-1", "offset=x",
			"offset=99999999999999999999", "before_seq=-1", "after_seq=x"} {
			agent.get(base+"/messages?"+query).refused(t, 400, "invalid_request")
		}
	})
}

func TestResolve_tagsAndConflicts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, s := w.written(0)
		agent := w.login(0, w.seeded.Agent)
		socket := w.agent(1, agent)
		socket.ok("join_queue")
		path := "/api/conversations/" + v.conversationID
		tagged := agent.post(path+"/tag", `{"tags":[" billing ","vip","billing"]}`).status(t, 200).json(t)
		like(t, tagged, obj{"id": v.conversationID, "session_id": isUUID, "tags": []any{"billing", "vip"}})
		like(t, agent.post(path+"/tags", `{"tags":["billing"]}`).status(t, 200).json(t).(obj)["tags"], []any{"billing"})

		resolved := agent.post(path+"/resolve", `{"tags":["billing","resolved-no-action"]}`).status(t, 200).json(t)
		like(t, resolved, obj{"id": v.conversationID, "session_id": tagged.(obj)["session_id"], "status": "resolved",
			"tags": []any{"billing", "resolved-no-action"}, "resolved_at": isTime})
		like(t, s.next("conversation_resolved"),
			obj{"conversation_id": v.conversationID, "session_id": tagged.(obj)["session_id"]})
		like(t, socket.next("conversation_resolved"), obj{"conversation_id": v.conversationID,
			"session_id": tagged.(obj)["session_id"], "tags": []any{"billing", "resolved-no-action"}})

		agent.post(path+"/resolve", "").refused(t, 409, "conflict")
		agent.post(path+"/tag", `{"tags":[]}`).refused(t, 409, "conflict")
		agent.post(path+"/assign", "").refused(t, 409, "conflict")
		socket.refused("conflict", "claim_conversation", v.id())
		socket.refused("conflict", "send_message", v.answer(text("too late")))
		socket.silent("conversation_resolved")

		// The end user's next message opens a session of its own; the bot answers again.
		old := tagged.(obj)["session_id"]
		fresh := s.ok("send_message", v.say(text("one more thing")))["message"].(obj)
		if fresh["session_id"] == old || fresh["seq"] != 3.0 {
			t.Errorf("the message after resolve is %v", fresh)
		}
		s.next("message_received")
		like(t, s.next("message_received")["sender_type"], "bot")
		session := agent.get(path).json(t).(obj)["active_session"].(obj)
		like(t, session["id"], fresh["session_id"])
		like(t, session["tags"], []any{})
		like(t, session["assigned_agent_id"], nil)
		like(t, agent.post(path+"/resolve", "{}").status(t, 200).json(t).(obj)["tags"], []any{})
	})
}

// Tags are what agents say about a person among themselves.
func TestTags_reachNoEndUser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, s := w.written(0)
		second := w.endUser(1, v)
		inBoth := w.agent(1, w.login(1, w.seeded.Admin))
		inBoth.ok("join_queue")
		inBoth.ok("claim_conversation", v.id()) // and joins
		inRoom := w.agent(0, w.login(0, w.seeded.Agent))
		inRoom.ok("join_conversation", v.id())
		agent := w.login(0, w.seeded.Agent)
		path := "/api/conversations/" + v.conversationID
		session := agent.get(path).json(t).(obj)["active_session"].(obj)["id"]
		tags := []any{xidMark + "-difficult"}
		room := obj{"conversation_id": v.conversationID, "session_id": session}
		queue := clone(room)
		queue["tags"] = tags

		agent.post(path+"/tag", `{"tags":["`+tags[0].(string)+`"]}`).status(t, 200)
		like(t, inBoth.next("conversation_tagged"), queue)
		for range 2 {
			agent.post(path+"/resolve", "").status(t, 200)
			for _, hears := range []*socket{s, second, inRoom} {
				like(t, hears.next("conversation_resolved"), room)
			}
			like(t, inBoth.next("conversation_resolved"), queue)
			agent.post(path+"/reopen", "").status(t, 200)
			for _, hears := range []*socket{s, second, inRoom, inBoth} {
				like(t, hears.next("conversation_reopened"), room)
			}
		}
		agent.post(path+"/resolve", "").status(t, 200)
		s.next("conversation_resolved")
		inBoth.next("conversation_resolved")
		inBoth.silent("conversation_resolved") // once each time
		ack := s.ok("join_conversation", v.payload())
		history := w.browser(0).get("/chat-widget/history/" + v.conversationID + "?external_id=" + v.externalID)
		page := w.browser(1).get("/chat-widget?embed_token=" + w.seeded.EmbedToken + "&session_id=" + v.externalID)
		for _, endUser := range []*socket{s, second} {
			endUser.fence()
			endUser.mu.Lock()
			for _, e := range endUser.events {
				if text := fmt.Sprint(e); strings.Contains(text, "difficult") || strings.Contains(text, "tags") {
					t.Errorf("an end user hears %s", text)
				}
			}
			endUser.mu.Unlock()
		}
		for _, read := range []string{fmt.Sprint(ack), history.body, page.body} {
			if strings.Contains(read, "difficult") || strings.Contains(read, `"tags"`) {
				t.Errorf("an end user reads a tag: %.300s", read)
			}
		}
	})
}

func TestTags_bounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 1)
	v, _ := w.written(0)
	agent := w.login(0, w.seeded.Agent)
	path := "/api/conversations/" + v.conversationID
	list := func(n int) string {
		tags := make([]string, n)
		for i := range tags {
			tags[i] = fmt.Sprintf(`"t%d"`, i)
		}
		return `{"tags":[` + strings.Join(tags, ",") + `]}`
	}
	before := w.rows()
	for _, body := range []string{list(21), `{"tags":[""]}`, `{"tags":["  "]}`,
		`{"tags":["` + strings.Repeat("x", 51) + `"]}`, `{"tags":["a\u0000b"]}`,
		`{"tags":"x"}`, `{"tags":[1]}`, `{"tags":[null]}`, `{"tags":{}}`, `[]`, `"x"`, `1`, `{`,
		`{"tags":["x"]} trailing`} {
		agent.post(path+"/tag", body).refused(t, 400, "invalid_request")
		agent.post(path+"/resolve", body).refused(t, 400, "invalid_request")
	}
	for _, body := range []string{"", "{}", "null", `{"tags":null}`} {
		agent.post(path+"/tag", body).refused(t, 400, "invalid_request")
	}
	if after := w.rows(); after != before {
		t.Errorf("a refused request stored something")
	}
	agent.post(path+"/tag", list(20)).status(t, 200)
	agent.post(path+"/tag", `{"tags":["`+strings.Repeat("é", 50)+`"],"unknown":1}`).status(t, 200)
	agent.post(path+"/tag", list(20)).status(t, 200)
	agent.post(path+"/resolve", `{"tags":["one too many"]}`).refused(t, 400, "invalid_request")
	agent.post(path+"/resolve", `null`).status(t, 200)
}

func TestMarkRead_fillsReadBy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, s := w.written(0)
		b := w.login(1, w.seeded.Agent)
		agent := w.agent(1, b)
		agent.ok("join_conversation", v.id())
		history := "/api/conversations/" + v.conversationID + "/messages"
		messages := b.get(history).json(t).([]any)
		first, second := messages[0].(obj)["id"].(string), messages[1].(obj)["id"].(string)
		agentID := w.userID(w.seeded.Agent.Email)

		agent.ok("mark_read", obj{"conversation_id": v.conversationID, "message_ids": []string{first, first}})
		for _, hears := range []*socket{s, agent} {
			like(t, hears.next("messages_read"),
				obj{"conversation_id": v.conversationID, "message_ids": []any{first}, "reader_type": "agent",
					"reader_id": agentID, "read_at": isTime})
		}
		// again: nothing is published
		agent.ok("mark_read", obj{"conversation_id": v.conversationID, "message_ids": []string{first}})
		s.emit("mark_read", obj{"conversation_id": v.conversationID, "message_ids": []string{second}})
		for _, hears := range []*socket{s, agent} {
			like(t, hears.next("messages_read"),
				obj{"conversation_id": v.conversationID, "message_ids": []any{second}, "reader_type": "end_user",
					"reader_id": v.externalID, "read_at": isTime})
		}
		// One's own message is not read by oneself.
		s.ok("mark_read", obj{"conversation_id": v.conversationID, "message_ids": []string{first}})
		messages = b.get(history).json(t).([]any)
		like(t, messages[0].(obj)["read_by"], obj{agentID: isTime})
		like(t, messages[1].(obj)["read_by"], obj{v.externalID: isTime})

		other, _ := w.written(0)
		agent.refused("not_found", "mark_read",
			obj{"conversation_id": other.conversationID, "message_ids": []string{first}})
		agent.refused("not_found", "mark_read",
			obj{"conversation_id": v.conversationID, "message_ids": []string{first, uuid.NewString()}})
		s.refused("forbidden", "mark_read", obj{"conversation_id": other.conversationID, "external_id": v.externalID,
			"message_ids": []string{first}})
		w.connect(dial{}).refused("unauthorized", "mark_read",
			obj{"conversation_id": v.conversationID, "message_ids": []string{first}})
		s.silent("messages_read")
		agent.silent("messages_read")
	})
}

// elsewhere is another organization on the same installation. On SQLite it has to be made before serve.
func (w *world) elsewhere() services.Credentials {
	w.t.Helper()
	owner := services.Credentials{
		Email:    "owner@elsewhere.example",
		Password: secrets.add("the owner elsewhere"),
	}
	out, err := w.command(owner.Password+"\n", "org", "create", "--name", "Elsewhere", "--admin-email", owner.Email,
		"--admin-name", "Olga Owner", "--password-stdin")
	if err != nil {
		w.t.Fatal(err)
	}
	if !strings.Contains(out, `"organization_id"`) || !strings.Contains(out, `"user_id"`) {
		w.t.Errorf("org create printed %s", out)
	}
	return owner
}

func TestForeignOrganization_seesAndHearsNothing(t *testing.T) {
	check := func(t *testing.T, w *world, owner services.Credentials) {
		v, s := w.written(0)
		stranger := w.login(0, owner)
		foreign := w.agent(1, stranger)
		foreign.ok("join_queue")
		online := foreign.ok("join_org_presence")["agents"].([]any)
		if len(online) == 0 { // asked before its own coming was stored: then it hears of that
			online = []any{foreign.next("agent_status_changed")["agent_id"]}
		}
		like(t, online, []any{w.userID(owner.Email)})
		before := w.rows()
		path := "/api/conversations/" + v.conversationID
		for _, url := range []string{path, path + "/messages", path + "/history", path + "/messages?limit=1"} {
			stranger.get(url).refused(t, 404, "not_found")
		}
		for _, url := range []string{path + "/assign", path + "/release", path + "/resolve", path + "/reopen",
			path + "/tag", path + "/tags"} {
			stranger.post(url, `{"tags":["x"]}`).refused(t, 404, "not_found")
		}
		inbox := "/inbox/" + v.conversationID
		for _, url := range []string{inbox, inbox + "/header", inbox + "/messages"} {
			stranger.get(url).status(t, 404)
			stranger.get(url, "HX-Request", "true").status(t, 404)
		}
		for _, url := range []string{inbox + "/claim", inbox + "/resolve", inbox + "/tag", inbox + "/messages"} {
			stranger.form(url, "tags", "x", "content", text("x")).status(t, 404)
		}
		for _, filter := range []string{"unassigned", "mine", "all"} {
			like(t, stranger.get("/api/conversations/?filter="+filter).json(t), []any{})
		}
		foreign.refused("not_found", "join_conversation", v.id())
		foreign.refused("not_found", "claim_conversation", v.id())
		foreign.refused("not_found", "send_message", v.answer(text("from outside")))
		foreign.refused("not_found", "mark_read",
			obj{"conversation_id": v.conversationID, "message_ids": []string{uuid.NewString()}})
		foreign.refused("forbidden", "view_conversation", obj{"conversation_id": v.conversationID, "viewing": true})
		foreign.refused("forbidden", "user_typing", obj{"conversation_id": v.conversationID, "sender_type": "agent"})
		if after := w.rows(); after != before {
			t.Error("another organization stored something")
		}
		s.silent()

		foreign.forget()
		agent := w.agent(0, w.login(0, w.seeded.Agent))
		agent.ok("join_org_presence")
		agent.ok("claim_conversation", v.id())
		s.ok("send_message", v.say(text("not for strangers")))
		agent.ok("send_message", v.answer(text("not for strangers either")))
		agent.next("message_received")
		// What the stranger's own organization does afterward comes alone.
		w.agent(0, stranger).ok("join_org_presence")
		foreign.silent()
	}
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, sqliteEnv(t), 0)
		owner := w.elsewhere()
		w.start()
		check(t, w, owner)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, postgresEnv(t), 2)
		check(t, w, w.elsewhere()) // while serve runs
	})
}

func TestTrailingSlashAndMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 1)
	v, _ := w.written(0)
	agent := w.login(0, w.seeded.Agent)
	for _, path := range []string{"/inbox/", "/inbox/list/", "/inbox/" + v.conversationID + "/", "/healthz/",
		"/readyz/"} {
		agent.get(path).status(t, 200)
	}
	w.browser(0).get("/auth/login/").status(t, 200)
	before := w.rows()
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions,
		http.MethodTrace, http.MethodHead, "PROPFIND", "NONSENSE"} {
		for _, path := range []string{"/", "/inbox", "/inbox/" + v.conversationID, "/api/conversations/",
			"/api/conversations/" + v.conversationID + "/resolve", "/auth/login", "/auth/logout",
			"/chat-widget", "/chat-widget/embed.js", "/setup", "/healthz", "/static/app/app.build.css", "/nowhere"} {
			a := agent.do(method, path, "", "X-CSRFToken", agent.csrf)
			if method != http.MethodHead && method != http.MethodOptions && a.StatusCode < 400 {
				t.Errorf("%s %s answered %d", method, path, a.StatusCode)
			}
		}
	}
	agent.get("/api/conversations/"+v.conversationID+"/resolve").refused(t, 404, "not_found")
	agent.get("/inbox").status(t, 200)
	if after := w.rows(); after != before {
		t.Error("a wrong method stored something")
	}
}
