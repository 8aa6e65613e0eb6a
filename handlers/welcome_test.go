package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestWelcome_makesABotAndItsSnippetOnce(t *testing.T) {
	d := newDesk(t).stranger() // whose organization is empty
	page := d.ok(d.page("/welcome"))
	d.has(page, "Create a bot", "Skip to the inbox")
	d.has(d.ok(d.page("/integration/web-chat")), "No bot yet")

	refused, body := d.post("/welcome", url.Values{"form_key": {d.formKey("/welcome")}, "name": {""},
		"greeting": {"Good <day>"}}, false)
	if refused.StatusCode != http.StatusBadRequest {
		t.Errorf("no name: %d", refused.StatusCode)
	}
	d.has(body, `id="name-error"`, "Good &lt;day&gt;")

	form := url.Values{"form_key": {d.formKey("/welcome")}, "name": {"Pip"}, "greeting": {"Good day"}}
	response, body := d.post("/welcome", form, false)
	if response.StatusCode != http.StatusCreated {
		t.Fatalf("%d %.300s", response.StatusCode, body)
	}
	_, rest, _ := strings.Cut(body, "data-embed-token=&#34;")
	secret, _, _ := strings.Cut(rest, "&#34;")
	d.has(body, "Paste the snippet", "Waiting for the first visit…")
	widget := d.ok(d.page("/chat-widget?embed_token=" + secret))
	d.has(widget, `data-greeting="Good day"`, `data-bot-name="Pip"`)

	again, _ := d.post("/welcome", form, false)
	d.went(again, "/welcome")
	bots, err := d.app.Bots.List(d.Context(), d.user())
	if err != nil || len(bots) != 1 {
		t.Errorf("%d bots, %v", len(bots), err)
	}
	d.never(secret)
	d.has(d.ok(d.page("/welcome")), "The chat is on your site", secret[:8]+"…")
}
