package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws/wsutil"
	"github.com/google/uuid"
)

// Whatever a client sends as the payload of an event: a refusal with a code, nothing stored, no neighbor notified, and
// the connection goes on.
func TestBadInput_events(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, victim := w.written(0)
		other := w.visit(0)
		end := w.connect(dial{node: 0})
		end.ok("join_conversation", v.payload())
		agent := w.agent(1, w.login(1, w.seeded.Agent))
		agent.ok("join_conversation", v.id())
		queue := w.agent(0, w.login(0, w.seeded.Admin))
		queue.ok("join_queue")
		before := w.rows()

		values := []any{nil, true, 0, -1, 1e308, 123456789012345678, "", " ", "x", "\x00", strings.Repeat("x", 5000),
			[]any{}, []any{"x"}, obj{}, obj{"x": obj{"x": 1}}, uuid.NewString() + "\x00", "../../etc", "' OR 1=1 --"}
		fields := map[string]obj{
			"send_message":       v.say(text("valid")),
			"claim_conversation": v.id(),
			"join_conversation":  v.payload(),
			"leave_conversation": v.id(),
			"user_typing":        {"conversation_id": v.conversationID, "sender_type": "end_user"},
			"mark_read":          {"conversation_id": v.conversationID, "message_ids": []string{uuid.NewString()}},
			"visit":              v.payload(),
			"view_conversation":  v.id(),
		}
		refusal := func(s *socket, what, name string, args ...any) {
			t.Helper()
			ack := s.call(name, args...)
			code, _ := ack["error"].(string)
			if ack["ok"] != false || isSentence.ok(ack["message"]) == false ||
				!strings.Contains(" invalid_request unauthorized forbidden not_found conflict too_large ",
					" "+code+" ") {
				t.Errorf("%s %s is answered %v", name, what, ack)
			}
		}
		for name, valid := range fields {
			for _, s := range []*socket{end, agent} {
				refusal(s, "without a payload", name)
				for _, payload := range values {
					refusal(s, fmt.Sprintf("with %.30q", fmt.Sprint(payload)), name, payload)
				}
			}
			for field := range valid {
				if field == "content_type" || field == "content" || field == "external_id" && name != "send_message" {
					continue // may be missing or anything; below
				}
				missing := clone(valid)
				delete(missing, field)
				if field != "sender_type" || name == "send_message" {
					refusal(end, "without "+field, name, missing)
				}
				for _, value := range values {
					wrong := clone(valid)
					wrong[field] = value
					if field == "sender_type" && name == "user_typing" && (value == "" || value == nil) {
						continue
					}
					refusal(end, fmt.Sprintf("with %s %.30q", field, fmt.Sprint(value)), name, wrong)
				}
			}
		}
		for field, wrong := range map[string][]any{
			"content": {nil, "", " \n\t", 1, true, []any{}, obj{}, "a\x00b", strings.Repeat("x", 10_001),
				strings.Repeat("é", 10_001)},
			"content_type": {"TEXT", "html", 1, obj{}, "text\x00", "bot"},
			"external_id":  {other.externalID, "x\x00", 1, []any{}, strings.Repeat("x", 300)},
			"client_id":    {1, obj{}, "a\nb", "a\x00", strings.Repeat("x", 65)},
			"rich_media": {1, "x", []any{1}, true, obj{"selected": 1}, obj{"selected": obj{}},
				obj{"selected": obj{"message_id": "x", "label": "x", "value": "x"}},
				obj{"url": strings.Repeat("x", 33*1024)}},
		} {
			for _, value := range wrong {
				draft := v.say(text("valid"))
				draft[field] = value
				refusal(end, fmt.Sprintf("with %s %.30q", field, fmt.Sprint(value)), "send_message", draft)
			}
		}
		for _, draft := range badMedia() {
			draft["conversation_id"], draft["sender_type"] = v.conversationID, "agent"
			refusal(agent, fmt.Sprintf("%.120v", draft), "send_message", draft)
		}
		for _, ids := range []any{[]any{}, []any{"x"}, []any{1}, []any{nil}, "x", make([]string, 501),
			[]any{uuid.NewString() + "\x00"}} {
			refusal(agent, "with ids", "mark_read", obj{"conversation_id": v.conversationID, "message_ids": ids})
		}
		for _, name := range []string{"nonsense", "message_received", "conversation_updated", "SEND_MESSAGE",
			"send_message ", "\x00", "__proto__", strings.Repeat("x", 5000)} {
			for _, s := range []*socket{end, agent} {
				refusal(s, "", name, v.say(text("valid")))
				s.emit(name)
				like(t, s.next("error"), obj{"message": isSentence})
			}
		}
		end.refused("too_large", "send_message",
			obj{"conversation_id": v.conversationID, "x": strings.Repeat("x", 64*1024)})
		agent.refused("too_large", "join_queue", strings.Repeat("x", 64*1024))

		if after := w.rows(); after != before {
			t.Errorf("bad input stored something: %d rows, then %d", before, after)
		}
		victim.quiet()
		queue.silent()
		end.ok("join_conversation", v.payload())
		end.ok("send_message", v.say(text("and all goes on")))
		like(t, victim.next("message_received")["content"], text("and all goes on"))
	}, "WIDGET_RATE_LIMIT=off")
}

func clone(from obj) obj {
	to := obj{}
	for key, value := range from {
		to[key] = value
	}
	return to
}

// badMedia breaks every rule of the contract's section 7 once.
func badMedia() (drafts []obj) {
	long := func(n int) string { return strings.Repeat("x", n) }
	choice := obj{"label": "Yes", "value": "yes"}
	many := func(n int) (list []any) {
		for i := range n {
			list = append(list, obj{"label": "Yes", "value": fmt.Sprint(i)})
		}
		return list
	}
	add := func(contentType string, media ...any) {
		for _, m := range media {
			drafts = append(drafts, obj{"content_type": contentType, "content": text("bad"), "rich_media": m})
		}
	}
	for _, contentType := range []string{"image", "file", "quick_button", "carousel", "dropdown"} {
		add(contentType, nil, obj{}, []any{}, "x", 1, obj{"url": 1, "buttons": 1, "cards": 1, "options": 1})
	}
	for _, address := range []string{"", "javascript:alert(1)", "data:text/html,x", "/relative", "//host/x",
		"ftp://example.com/x", "https://user:pass@example.com/", "https://user@example.com",
		"https://", "http:///x", "https://exa mple.com/", "https://example.com/\n", "https://example.com/\x00",
		"https://example.com/" + long(2049), `https:\\example.com`} {
		add("image", obj{"url": address})
		add("file", obj{"url": address, "filename": "x.pdf"})
		if address != "" {
			add("carousel", obj{"cards": []any{obj{"title": "x", "image_url": address}}})
		}
	}
	add("image", obj{"url": "https://example.com/", "alt": long(301)}, obj{"url": "https://example.com/", "alt": 1})
	for _, filename := range []any{"", " ", nil, 1, long(256), "a/b", `a\b`, "..", ".", "a\x00b", "a\nb"} {
		add("file", obj{"url": "https://example.com/", "filename": filename})
	}
	for _, size := range []any{-1, "1", 1.5, 1e30} {
		add("file", obj{"url": "https://example.com/", "filename": "x", "size": size})
	}
	add("file", obj{"url": "https://example.com/", "filename": "x", "mime_type": "nonsense"},
		obj{"url": "https://example.com/", "filename": "x", "mime_type": 1})
	for _, bad := range []any{obj{"label": "", "value": "x"}, obj{"label": "x", "value": ""},
		obj{"label": long(81), "value": "x"}, obj{"label": "x", "value": long(257)},
		obj{"label": "x"}, obj{"value": "x"}, obj{"label": 1, "value": "x"}, "x", nil, 1} {
		add("quick_button", obj{"buttons": []any{choice, bad}})
		add("dropdown", obj{"options": []any{choice, bad}})
		add("carousel", obj{"cards": []any{obj{"title": "x", "buttons": []any{bad}}}})
	}
	add("quick_button", obj{"buttons": []any{}}, obj{"buttons": many(14)})
	add("dropdown", obj{"options": []any{}}, obj{"options": many(101)}, obj{"options": []any{choice, choice}},
		obj{"options": []any{choice}, "placeholder": long(301)})
	add("carousel", obj{"cards": []any{}}, obj{"cards": []any{obj{"title": ""}}},
		obj{"cards": []any{obj{"title": long(81)}}}, obj{"cards": []any{obj{"title": "x", "subtitle": long(201)}}},
		obj{"cards": []any{obj{"title": "x", "buttons": many(4)}}}, obj{"cards": []any{nil}}, obj{"cards": []any{1}})
	eleven := []any{}
	for range 11 {
		eleven = append(eleven, obj{"title": "x"})
	}
	add("carousel", obj{"cards": eleven})
	return drafts
}

// Packets that are no events at all: the connection may end, the server and everybody else go on.
func TestBadInput_packets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 1)
	v, victim := w.written(0)
	before := w.rows()
	packets := []string{"", "4", "42", "42[", "42[]", "42{}", "42null", `42["send_message"`, `42[1]`, `42[null,{}]`,
		"421", "42999999999999999999999999[\"x\"]", "42-1[\"x\"]", "43", "431[]", "43x", "44", "45",
		"451-", "4510000000-[\"x\"]",
		`451-["send_message",{"_placeholder":true,"num":0}]`, `451-["send_message",{"_placeholder":true,"num":9}]`,
		"46", "49", "47", "40", "40/admin,", "40{", "41/admin,", "5", "6", "7", "8", "9", "a", "\x00", "0", "1",
		"2", "2probe", "3",
		"42/" + strings.Repeat("x", 5000) + `,["x"]`, "42" + strings.Repeat("[", 100_000), `42["\ud800"]`,
		"42[\"" + strings.Repeat("x", 70_000) + "\"]", "4" + strings.Repeat("x", 900_000)}
	for _, polling := range transports {
		for _, packet := range packets {
			s := w.connect(dial{polling: polling})
			s.emit("join_conversation", v.payload())
			s.raw(packet)
			s.close()
		}
	}
	s := w.connect(dial{})
	socket := s.transport.(*webSocket)
	for _, binary := range [][]byte{{}, {0}, {0xff, 0xfe}, bytes.Repeat([]byte{1}, 900_000)} {
		socket.sendBinary(binary)
	}
	// A message with an attachment is refused, and is no event of anybody.
	s = w.connect(dial{})
	s.ok("join_conversation", v.payload())
	s.mu.Lock()
	s.lastID++
	id := s.lastID
	s.mu.Unlock()
	s.raw(fmt.Sprintf(`451-%d["send_message",{"conversation_id":%q,"external_id":%q,"sender_type":"end_user","content":{"_placeholder":true,"num":0}}]`, id, v.conversationID, v.externalID))
	s.transport.(*webSocket).sendBinary([]byte("binary"))
	if ack := s.ack(id); ack != nil {
		like(t, ack, obj{"ok": false, "error": "invalid_request", "message": isSentence})
	}
	if after := w.rows(); after != before {
		t.Errorf("a broken packet stored something: %d rows, then %d", before, after)
	}
	victim.silent()
	victim.ok("send_message", v.say(text("all goes on")))
}

func TestBadInput_socketHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 1)
	b := w.browser(0)
	for _, query := range []string{"", "?EIO=4", "?EIO=3&transport=polling", "?EIO=4&transport=nonsense",
		"?EIO=4&transport=polling&sid=nonsense", "?EIO=4&transport=websocket",
		"?EIO=4&transport=polling&sid=%00", "?EIO=4&transport=polling&sid=" + strings.Repeat("x", 5000),
		"?EIO=x&transport=polling"} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH"} {
			a := b.do(method, "/socket.io/"+query, "4")
			if a.StatusCode < 400 {
				t.Errorf("%s %s answered %d: %.100s", method, query, a.StatusCode, a.body)
			}
		}
	}
	b.do("OPTIONS", "/socket.io/?EIO=4&transport=polling", "", "Origin", "https://app.example",
		"Access-Control-Request-Method", "POST")
	a := b.get("/socket.io/?EIO=4&transport=polling", "Origin", "https://app.example").status(t, 200)
	if a.Header.Get("Access-Control-Allow-Origin") != "https://app.example" {
		t.Errorf("an app on another origin may not read the answer: %v", a.Header)
	}
	sid := struct{ SID string }{}
	json.Unmarshal([]byte(a.body[1:]), &sid)
	a = b.do("POST", "/socket.io/?EIO=4&transport=polling&sid="+sid.SID, strings.Repeat("x", 1_000_001))
	if a.StatusCode < 400 {
		t.Errorf("a body of 1,000,001 bytes is answered %d", a.StatusCode)
	}
	b.get("/healthz").status(t, 200)
}

func TestBadInput_routes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, s := w.written(0)
		agent := w.login(1, w.seeded.Agent)
		before := w.rows()
		huge := strings.Repeat("x", 1<<20+1)
		for _, path := range []string{"/api/conversations/" + v.conversationID + "/resolve",
			"/api/conversations/" + v.conversationID + "/tag"} {
			for _, body := range []string{"{", "]", "nul", `{"tags":`, `{"tags":["\xff"]}`, "\x00", "\xff\xfe",
				strings.Repeat("[", 100_000), `{"tags":["` + strings.Repeat("x", 200_000) + `"]}`, `{"tags":1e999}`} {
				agent.post(path, body).refused(t, 400, "invalid_request")
			}
		}
		// Too large is refused before it is read: the answer, or the end of the connection while it is still sent.
		for _, path := range []string{"/api/conversations/" + v.conversationID + "/resolve", "/auth/login",
			"/inbox/" + v.conversationID + "/messages"} {
			request, _ := http.NewRequest(http.MethodPost, agent.base+path, strings.NewReader(huge))
			request.Header.Set("X-CSRFToken", agent.csrf)
			if response, err := agent.client.Do(request); err == nil {
				response.Body.Close()
				if response.StatusCode != 413 {
					t.Errorf("POST %s of %d bytes answered %d", path, len(huge), response.StatusCode)
				}
			}
		}
		for _, path := range []string{"/inbox?filter=nonsense", "/inbox/list?filter=nonsense", "/inbox?cursor=nonsense",
			"/inbox?q=%00", "/inbox?q=" + strings.Repeat("x", 101),
			"/inbox/" + v.conversationID + "/messages?after_seq=x", "/inbox/" + v.conversationID + "?before_seq=-1"} {
			agent.get(path).status(t, 400)
			agent.get(path, "HX-Request", "true").status(t, 400)
		}
		for _, path := range []string{"/nowhere", "/inbox/nonsense", "/inbox/" + uuid.NewString(),
			"/inbox/nonsense/messages", "/inbox/nonsense/header", "/static/", "/static/../go.mod",
			"/static/app/%2e%2e/x", "/static/%00", "/demo",
			"/" + strings.Repeat("x", 3000), "/%ff%fe", "/inbox/%00", "/chat-widget/nowhere"} {
			agent.get(path).status(t, 404)
			agent.get(path, "HX-Request", "true").status(t, 404)
		}
		form := "/inbox/" + v.conversationID
		for _, content := range []string{"", " ", "a\x00b", strings.Repeat("x", 10_001), "\xff"} {
			agent.form(form+"/messages", "content", content).status(t, 400)
		}
		agent.form(form+"/messages", "content", text("x"), "client_id", strings.Repeat("x", 65)).status(t, 400)
		agent.form(form+"/tag", "tags", strings.Repeat("x", 51)).status(t, 400)
		agent.form(form+"/resolve", "tags", "a\x00b").status(t, 400)
		for _, cookie := range []string{"session=" + strings.Repeat("x", 4000), "session=%00", "session=\"",
			"session=;session=x", "=;;;", "session=" + uuid.NewString()} {
			w.browser(0).get("/api/conversations/", "Cookie", cookie).refused(t, 401, "unauthorized")
			w.browser(0).get("/auth/login", "Cookie", cookie).status(t, 200)
		}
		for _, header := range [][2]string{{"Content-Type", "multipart/form-data"},
			{"Content-Type", "multipart/form-data; boundary=x"}, {"Content-Type", "\xff"}, {"Content-Encoding", "gzip"},
			{"Accept-Encoding", "nonsense;q=x"},
			{"Host", "evil.example"}, {"X-Forwarded-For", "nonsense"}, {"X-Forwarded-Proto", "javascript"},
			{"Origin", "\"><script>"}, {"Range", "bytes=0-"}, {"If-None-Match", "*"}, {"Content-Length", "0"}} {
			agent.do(http.MethodPost, "/auth/login", "email=x&password=y", header[0], header[1])
			agent.get("/inbox", header[0], header[1])
		}
		if after := w.rows(); after != before {
			t.Errorf("bad input stored something: %d rows, then %d", before, after)
		}
		s.silent()
	})
}

// Bytes that are no HTTP.
func TestBadInput_rawBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 1)
	address := strings.TrimPrefix(w.nodes[0].url, "http://")
	for _, request := range []string{"\x16\x03\x01\x00\x00", "GET / HTTP/9.9\r\n\r\n", "GET\r\n\r\n", "\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"POST /auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET /inbox HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 20_000) + "\r\n\r\n",
		"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 99\r\nSec-WebSocket-Key: x\r\n\r\n"} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		fmt.Fprint(conn, request)
		conn.(*net.TCPConn).CloseWrite()
		answer := make([]byte, 512)
		n, _ := conn.Read(answer)
		if strings.Contains(string(answer[:n]), " 50") {
			t.Errorf("%.40q is answered %.100q", request, answer[:n])
		}
		conn.Close()
	}
	// A frame that is not masked, and one of a length that nobody has.
	for _, frame := range [][]byte{{0x81, 0x01, 'x'},
		{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, {0xf1, 0x80, 0, 0, 0, 0},
		{0x8f, 0x80, 0, 0, 0, 0}} {
		s := w.connect(dial{})
		s.transport.(*webSocket).conn.Write(frame)
		s.closed()
	}
	s := w.connect(dial{})
	wsutil.WriteClientMessage(s.transport.(*webSocket).conn, 0x9, []byte("ping"))
	s.fence()
	w.browser(0).get("/healthz").status(t, 200)
}
