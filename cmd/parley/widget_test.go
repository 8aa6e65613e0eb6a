package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestWidget_page(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		query := "/chat-widget?embed_token=" + w.seeded.EmbedToken
		externalID := newExternalID()
		a := w.browser(0).get(query+"&session_id="+externalID+"&title=Support+Chat&customer_name=Alice+Smith").
			status(t, 200)
		v := readVisit(t, a)
		if v.externalID != externalID || uuid.Validate(v.conversationID) != nil {
			t.Errorf("the page is of %+v", v)
		}
		if !strings.Contains(a.body, "Support Chat") {
			t.Error("the title is not shown")
		}
		if again := readVisit(t, w.browser(1).get(query+"&session_id="+externalID)); again != v {
			t.Errorf("the same end user has %v, then %v", v, again)
		}
		plain := w.browser(0).get(query + "&session_id=" + newExternalID())
		if !strings.Contains(plain.body, "Chat with us") {
			t.Error("the default title is not Chat with us")
		}
		one, two := readVisit(t, w.browser(0).get(query)), readVisit(t, w.browser(0).get(query))
		if one.externalID == "" || one.externalID == two.externalID || one.conversationID == two.conversationID {
			t.Errorf("minted ids are %v and %v", one, two)
		}
		if escaped := w.browser(0).get(query + "&title=" +
			url.QueryEscape(`"><script>alert(1)</script>`)); strings.Contains(escaped.body, "<script>alert") {
			t.Error("the title is not escaped")
		}

		// Opening the widget does not fill the inbox.
		agent := w.login(0, w.seeded.Agent)
		for _, filter := range []string{"unassigned", "mine", "all"} {
			like(t, agent.get("/api/conversations/?filter="+filter).status(t, 200).json(t), []any{})
		}
		w.endUser(0, v).ok("send_message", v.say(text("now I write")))
		list := agent.get("/api/conversations/").json(t).([]any)
		if len(list) != 1 {
			t.Fatalf("after the first message the list is %v", list)
		}
		like(t, list[0].(obj)["end_user"], obj{"id": isUUID, "display_name": "Alice Smith", "external_id": externalID})
	})
}

func TestWidget_tokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 1)
	revoked := w.embedToken()
	w.exec("UPDATE embed_tokens SET revoked_at = created_at WHERE token_hash = (SELECT token_hash FROM embed_tokens ORDER BY created_at DESC, id LIMIT 0)")
	w.exec("UPDATE embed_tokens SET revoked_at = created_at WHERE name = 'Test'")
	b := w.browser(0)
	for _, token := range []string{"", "ew_unknown", revoked, "\x00", strings.Repeat("x", 5000)} {
		a := b.get("/chat-widget?session_id=x&embed_token="+url.QueryEscape(token)).status(t, 403)
		if !strings.Contains(a.Header.Get("Content-Type"), "text/html") {
			t.Errorf("403 is no page but %s", a.Header.Get("Content-Type"))
		}
	}
	for _, sessionID := range []string{strings.Repeat("x", 256), "a\nb", "a\x00b", "\xff"} {
		b.get("/chat-widget?embed_token="+w.seeded.EmbedToken+"&session_id="+url.QueryEscape(sessionID)).status(t, 400)
	}
	for _, sessionID := range []string{"undefined", "user_null", "{{user.id}}", "<b>{user_id}</b>", "  ", "YOUR_USER_ID"} {
		a := b.get("/chat-widget?embed_token="+w.seeded.EmbedToken+"&session_id="+url.QueryEscape(sessionID)).status(t, 400)
		if !strings.Contains(a.body, "The site did not fill in session_id") || strings.Contains(a.body, "<b>") {
			t.Errorf("%q is answered %.2000s", sessionID, a.body)
		}
	}
	if n := w.count("SELECT COUNT(*) FROM end_users"); n != 0 {
		t.Errorf("%d end users are stored", n)
	}
	readVisit(t, b.get("/chat-widget/?embed_token="+w.seeded.EmbedToken+"&session_id="+strings.Repeat("ü", 255)).
		status(t, 200))
}

func TestWidget_allowList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 1)
	open := "/chat-widget?session_id=" + newExternalID() + "&embed_token="
	limited := open + w.embedToken("https://yourapp.com", "http://shop.example:8080")
	b := w.browser(0)

	if csp := b.get(limited).status(t, 200).Header.Get("Content-Security-Policy"); !strings.Contains(csp,
		"frame-ancestors https://yourapp.com http://shop.example:8080") {
		t.Errorf("the allow-list is not enforced by the browser: %s", csp)
	}
	if csp := b.get(open+w.seeded.EmbedToken, "Origin", "https://anywhere.example").
		status(t, 200).Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors *") {
		t.Errorf("without an allow-list the page's policy is %s", csp)
	}
	for _, c := range []struct {
		header, value string
		status        int
	}{
		{"Referer", "https://yourapp.com/page?x=1", 200},
		{"Referer", "https://YOURAPP.com:443/", 200},
		{"Origin", "http://shop.example:8080", 200},
		{"Origin", "https://evil.example", 403},
		{"Origin", "null", 403},
		{"Referer", "https://yourapp.com.evil.example/", 403},
		{"Referer", "https://evil.example/https://yourapp.com", 403},
		{"Referer", "http://yourapp.com/", 403},
		{"Referer", "http://shop.example/", 403},
		{"Referer", "nonsense", 403},
	} {
		b.get(limited, c.header, c.value).status(t, c.status)
	}
	b.get(limited, "Origin", "https://yourapp.com", "Referer", "https://evil.example/").status(t, 403)
}

func TestWidget_loader(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 1)
	a := w.browser(0).get("/chat-widget/embed.js").status(t, 200)
	if !strings.Contains(a.Header.Get("Content-Type"), "javascript") || a.Header.Get("Cache-Control") == "" ||
		a.Header.Get("Etag") == "" {
		t.Errorf("the loader's headers are %v", a.Header)
	}
	for _, want := range []string{"data-embed-token", "cw_sid_", "/chat-widget?", "embed_token", "session_id", "380px",
		"560px", "fixed", "localStorage", "iframe"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the loader does not mention %s", want)
		}
	}
	w.browser(0).get("/chat-widget/embed.js", "If-None-Match", a.Header.Get("Etag")).status(t, http.StatusNotModified)
	if other := w.browser(0).get("/chat-widget/embed.js?x=1", "Referer",
		"https://other.example/"); other.body != a.body {
		t.Error("the loader is not the same for every site")
	}
}

func TestWidgetHistory_shapeAndProof(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, other := w.visit(0), w.visit(0)
		s := w.endUser(0, v)
		for i := range 3 {
			s.ok("send_message", v.say(text("%d", i)))
		}
		b := w.browser(1)
		history := "/chat-widget/history/" + v.conversationID
		list := b.get(history+"?external_id="+v.externalID).status(t, 200).json(t).([]any)
		if len(list) != 6 { // the demo's bot answers each
			t.Fatalf("the history has %d messages", len(list))
		}
		for i, message := range list {
			m := message.(obj)
			want := obj{"id": isUUID, "conversation_id": v.conversationID, "seq": i + 1, "sender_type": "end_user",
				"sender_id":    v.externalID,
				"content_type": "text", "content": text("%d", i/2), "rich_media": nil, "created_at": isTime}
			if i%2 == 1 {
				want["sender_type"] = "bot"
				want["sender_id"] = w.seeded.BotID
				want["sender_name"] = "Pip"
				want["content"] = anything
			}
			like(t, m, want)
		}
		if after := b.get(history + "?external_id=" + v.externalID + "&after_seq=4").json(t).([]any); len(after) != 2 {
			t.Errorf("after_seq=4 lists %v", after)
		}
		like(t, b.get("/chat-widget/history/"+other.conversationID+"?external_id="+other.externalID).status(t, 200).
			json(t), []any{})
		b.get(history).refused(t, 403, "forbidden")
		b.get(history+"?external_id="+other.externalID).refused(t, 403, "forbidden")
		b.get("/chat-widget/history/"+uuid.NewString()+"?external_id="+v.externalID).refused(t, 404, "not_found")
		b.get("/chat-widget/history/nonsense?external_id="+v.externalID).refused(t, 404, "not_found")
		for _, after := range []string{"-1", "x", "1.5", "99999999999999999999"} {
			b.get(history+"?external_id="+v.externalID+"&after_seq="+after).refused(t, 400, "invalid_request")
			b.get(history+"?external_id="+v.externalID+"&before_seq="+after).refused(t, 400, "invalid_request")
		}
		w.login(0, w.seeded.Agent).get(history+"?external_id=").refused(t, 403, "forbidden")
	})
}

func TestWidgetHistory_lastHundred(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t, "WIDGET_RATE_LIMIT=off"), 1)
	v := w.visit(0)
	s := w.endUser(0, v)
	var last int
	for i := range 60 {
		last = s.post("send_message", v.say(text("%d", i)))
	}
	s.ack(last)
	list := w.browser(0).get("/chat-widget/history/" + v.conversationID + "?external_id=" + v.externalID).
		json(t).([]any)
	if len(list) != 100 || list[0].(obj)["seq"] != 21.0 || list[99].(obj)["seq"] != 120.0 {
		t.Errorf("the history has %d messages, from %v", len(list), list[0])
	}
	for before, want := range map[int][2]float64{21: {1, 20}, 120: {20, 119}} {
		page := w.browser(0).get(fmt.Sprintf("/chat-widget/history/%s?external_id=%s&before_seq=%d", v.conversationID,
			v.externalID, before)).json(t).([]any)
		if page[0].(obj)["seq"] != want[0] || page[len(page)-1].(obj)["seq"] != want[1] ||
			len(page) != int(want[1]-want[0])+1 {
			t.Errorf("before %d are %d messages, from %v", before, len(page), page[0])
		}
	}
	if first := w.browser(0).get("/chat-widget/history/" + v.conversationID + "?before_seq=1&external_id=" +
		v.externalID).json(t).([]any); len(first) != 0 {
		t.Errorf("before the first are %v", first)
	}
}
