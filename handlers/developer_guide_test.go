package handlers

import (
	"strings"
	"testing"

	"parley/handlers/protocol"
)

func TestDeveloperGuide_isOfThisInstallation(t *testing.T) {
	d := newDesk(t).admin()
	d.app.BaseURL = "https://chat.example.com"
	first, _ := d.embedToken("First", "")
	second, secret := d.embedToken("Second", "")
	channel := d.mobileChannel("Moss")
	id := strings.TrimPrefix(channel, "/integration/mobile-sdk/")
	guide := d.ok(d.page("/integration/developer-guide?token=" + second + "&channel=" + id))
	d.has(guide, "https://chat.example.com/chat-widget/embed.js", secret[:8]+"…", "// Mobile channel "+id,
		`href="`+channel+`#push"`, `href="/openapi.json"`, `href="/asyncapi.json"`,
		`<option value="`+second+`" selected`)
	d.lacks(guide, secret, "your-domain", "<your")
	if strings.Count(guide, "Integration → Mobile SDK → <bdi>Moss</bdi>") != 1 {
		t.Error("the link to the channel does not name its bot")
	}
	for _, guessable := range []string{"browser-session-abc123", "&#39;user_&#39; + USER_ID", "mobile-user-12345"} {
		before, _, found := strings.Cut(guide, guessable)
		heading := strings.LastIndex(before, "<h3>")
		if !found || !strings.Contains(before[max(heading, 0):], "Anyone who knows a session_id can read its conversation.") {
			t.Errorf("nothing above the example with %s warns that it can be guessed", guessable)
		}
	}
	// the headings of the integration guide
	for _, step := range []string{"Step 1 — Create an Embed Token", "Step 2 — Add the Script Snippet",
		"Custom Parameters", "Passing a known user identity", "Step 1 — Provision a Mobile Channel",
		"Step 2 — Open a Conversation from the App", "Step 3 — Connect via Socket.IO", "Push Notifications",
		"Socket.IO Event Reference", "Data Models", "Error Reference"} {
		d.has(guide, step)
	}
	for _, operation := range protocol.Operations {
		d.has(guide, operation.Path)
	}
	for _, event := range protocol.Events {
		d.has(guide, `id="event-`+event.Name+`"`)
	}
	if err := d.app.EmbedTokens.Revoke(d.Context(), d.user(), first); err != nil {
		t.Fatal(err)
	}
	d.lacks(d.ok(d.page("/integration/developer-guide?token="+first)), first)
	stranger := d.stranger()
	d.lacks(d.ok(stranger.page("/integration/developer-guide?token="+second+"&channel="+id)), secret[:8], id)
}
