package handlers

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"parley/models"
	"parley/services"
)

// integrationPages are the pages of Integration that need no id.
var integrationPages = []string{"/integration/web-chat", "/integration/mobile-sdk", "/integration/developer-guide",
	"/welcome"}

var (
	formKeyValue = regexp.MustCompile(`name="form_key" value="([^"]+)"`)
	embedSecret  = regexp.MustCompile(`id="created-token">(ew_[a-z0-9]+)<`)
)

// formKey is the key of the first form on a page.
func (d *desk) formKey(path string) string {
	d.Helper()
	found := formKeyValue.FindStringSubmatch(d.ok(d.page(path)))
	if found == nil {
		d.Fatalf("%s has no form with a key", path)
	}
	return found[1]
}

// embedToken makes a token for the demo's bot and answers its id and secret.
func (d *desk) embedToken(name, origins string) (id, secret string) {
	d.Helper()
	token, secret, err := d.app.EmbedTokens.Create(d.Context(), d.user(), services.NewEmbedToken{
		BotID:   d.app.Demo.BotID,
		Channel: models.ChannelWebchat,
		Name:    name,
		Origins: origins,
	})
	if err != nil {
		d.Fatal(err)
	}
	return token.ID, secret
}

// never fails when any page of Integration shows a secret.
func (d *desk) never(secret string, paths ...string) {
	d.Helper()
	for _, path := range append(paths, integrationPages...) {
		_, body := d.page(path)
		d.lacks(body, secret)
	}
}

func TestIntegration_isForAdministratorsAlone(t *testing.T) {
	d := newDesk(t)
	admin := d.admin()
	id, _ := admin.embedToken("Web shop", "")
	for _, path := range append(integrationPages, "/integration/web-chat/"+id, "/integration/web-chat/"+id+"/preview") {
		response, body := d.page(path)
		if response.StatusCode != http.StatusForbidden {
			t.Errorf("%s answers an agent %d", path, response.StatusCode)
		}
		d.lacks(body, "Web shop")
		d.ok(admin.page(path))
	}
	form := url.Values{"bot_id": {d.app.Demo.BotID}, "name": {"Mine"}}
	if response, _ := d.post("/integration/web-chat", form, false); response.StatusCode != http.StatusForbidden {
		t.Errorf("an agent's form is answered %d", response.StatusCode)
	}
	d.lacks(d.ok(d.page("/inbox")), `href="/integration`)
	d.has(d.ok(admin.page("/inbox")), `href="/integration`)
}

func TestEmbedToken_ofAnotherOrganizationIsNotFound(t *testing.T) {
	d := newDesk(t)
	id, _ := d.admin().embedToken("Web shop", "")
	stranger := d.stranger()
	path := "/integration/web-chat/" + id
	for _, page := range []string{path, path + "/preview", path + "/waiting", path + "/revoke",
		"/integration/web-chat/nonsense"} {
		if response, _ := stranger.page(page); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers a stranger %d", page, response.StatusCode)
		}
	}
	for _, action := range []string{path, path + "/appearance", path + "/revoke"} {
		if response, _ := stranger.post(action, url.Values{"name": {"Mine"}},
			false); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers a stranger's form %d", action, response.StatusCode)
		}
	}
	if response, _ := stranger.post("/integration/web-chat",
		url.Values{"form_key": {models.NewID()}, "bot_id": {d.app.Demo.BotID}, "name": {"Mine"}},
		false); response.StatusCode != http.StatusNotFound {
		t.Errorf("a token for another's bot is answered %d", response.StatusCode)
	}
}

func TestEmbedToken_showsItsSecretOnce(t *testing.T) {
	d := newDesk(t).admin()
	d.app.BaseURL = "https://chat.example.com"
	form := url.Values{"form_key": {d.formKey("/integration/web-chat")}, "bot_id": {d.app.Demo.BotID},
		"name": {"Web shop"}, "origins": {"https://shop.example.com"}}
	response, body := d.post("/integration/web-chat", form, false)
	found := embedSecret.FindStringSubmatch(body)
	if response.StatusCode != http.StatusCreated || found == nil {
		t.Fatalf("%d without a secret", response.StatusCode)
	}
	secret := found[1]
	d.has(body, "Web shop", "https://chat.example.com/chat-widget/embed.js", `data-embed-token=&#34;`+secret+`&#34;`,
		"Waiting for the first visit…")
	d.lacks(body, `data-embed-token=&#34;`+secret[:8]+"…") // such a snippet would not work
	if response.Header.Get("Cache-Control") != "no-store" {
		t.Error("a page with a secret may be kept")
	}

	again, body := d.post("/integration/web-chat", form, false)
	d.went(again, "/integration/web-chat")
	d.lacks(body, secret)
	list := d.ok(d.page("/integration/web-chat"))
	if strings.Count(list, ">Web shop<") != 1 {
		t.Error("the form sent twice made two tokens")
	}
	row, err := d.app.EmbedTokens.List(d.Context(), d.user(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	path := "/integration/web-chat/" + row[0].Token.ID
	d.never(secret, path, path+"/revoke")
	later := d.ok(d.page(path))
	d.has(later, secret[:8]+"…", "https://shop.example.com")
	d.lacks(later, "data-copy=") // a snippet without the whole token is not offered for copying
}

func TestEmbedToken_refusedFormKeepsWhatWasTyped(t *testing.T) {
	d := newDesk(t).admin()
	id, _ := d.embedToken("Web shop", "https://shop.example.com")
	wrong := url.Values{"bot_id": {d.app.Demo.BotID}, "name": {"<b>x</b>"},
		"origins": {"https://ok.example\nyourapp.com\nhttps://*.example.com"}}
	for _, path := range []string{"/integration/web-chat", "/integration/web-chat/" + id} {
		wrong.Set("form_key", models.NewID())
		response, body := d.post(path, wrong, false)
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
		d.has(body, "&lt;b&gt;x&lt;/b&gt;", "https://ok.example\nyourapp.com", "Line 2, “yourapp.com”: ",
			"Line 3, “https://*.example.com”: ", `aria-invalid="true"`, `id="origins-error"`)
	}
	d.has(d.ok(d.page("/integration/web-chat/"+id)), `value="Web shop"`)
	response, body := d.post("/integration/web-chat/"+id, url.Values{"name": {""}, "origins": {""}}, false)
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("no name: %d", response.StatusCode)
	}
	d.has(body, `id="name-error"`)
}

func TestEmbedToken_isChangedAndRevoked(t *testing.T) {
	d := newDesk(t).admin()
	id, secret := d.embedToken("Web shop", "https://shop.example.com\nhttps://www.example.com")
	path := "/integration/web-chat/" + id
	for range 2 {
		response, _ := d.post(path, url.Values{"name": {"Shop"},
			"origins": {"HTTPS://Shop.Example.com:443/\nhttps://shop.example.com\nhttps://bücher.example"}}, false)
		d.went(response, path)
	}
	d.has(d.ok(d.page(path)), "https://shop.example.com\nhttps://xn--bcher-kva.example</textarea>", `value="Shop"`)
	unused := d.ok(d.page(path + "/revoke"))
	d.has(unused, "Revoke Shop?", "This token was never used", "Revoke token")
	d.lacks(unused, "disappears", "https://xn--bcher-kva.example")
	d.ok(ask(t, d.server, "GET", "/chat-widget?embed_token="+secret, "", "Referer", "https://shop.example.com/"))
	d.has(d.ok(d.page(path+"/revoke")), "Revoke Shop?", "Open chats stop within seconds.",
		"https://xn--bcher-kva.example")
	for range 2 {
		response, _ := d.post(path+"/revoke", nil, false)
		d.went(response, path)
	}
	if widget, _ := d.page("/chat-widget?embed_token=" + secret); widget.StatusCode != http.StatusForbidden {
		t.Errorf("a revoked token opens the widget: %d", widget.StatusCode)
	}
	body := d.ok(d.page(path))
	d.has(body, "Revoked")
	d.lacks(body, `action="`+path+`"`)
	d.has(d.ok(d.page("/integration/web-chat")), `data-label="Status"`)
	response, _ := d.page(path + "/revoke")
	d.went(response, path)
	if response, _ := d.post(path, url.Values{"name": {"Again"}, "origins": {""}},
		false); response.StatusCode != http.StatusConflict {
		t.Errorf("a revoked token is changed: %d", response.StatusCode)
	}
}

func TestWaiting_turnsGreenAfterTheFirstVisit(t *testing.T) {
	d := newDesk(t).admin()
	id, secret := d.embedToken("Web shop", "https://shop.example.com")
	path := "/integration/web-chat/" + id + "/waiting"
	d.has(d.ok(d.part(path)), `hx-get="`+path+`"`, "every 2s", "Waiting for the first visit…")
	response, _ := d.page(path)
	d.went(response, "/integration/web-chat/"+id)
	if refused, _ := ask(t, d.server, "GET", "/chat-widget?embed_token="+secret, "", "Referer",
		"https://evil.example/"); refused.StatusCode != http.StatusForbidden {
		t.Fatalf("a site that is not listed gets %d", refused.StatusCode)
	}
	d.has(d.ok(d.part(path)), "Waiting for the first visit…")
	d.ok(ask(t, d.server, "GET", "/chat-widget?embed_token="+secret, "", "Referer", "https://shop.example.com/cart"))
	green := d.ok(d.part(path))
	d.has(green, "The chat is on your site", "https://shop.example.com")
	d.lacks(green, "hx-get", "/cart")
	d.has(d.ok(d.page("/integration/web-chat")), "https://shop.example.com", `data-time="since"`)
}

func TestAppearance_isThatOfTheWidgetAndItsPreview(t *testing.T) {
	d := newDesk(t).admin()
	id, secret := d.embedToken("Web shop", "")
	path := "/integration/web-chat/" + id
	look := url.Values{"color": {"#FFCC00"}, "title": {"Ask <us>"}, "greeting": {"Grüß Gott"}, "language": {"de"},
		"position": {"left"}}
	response, _ := d.post(path+"/appearance", look, false)
	d.went(response, path+"#appearance")
	shown := []string{`lang="de"`, `data-color="#ffcc00"`, `data-ink="#000000"`, "Ask &lt;us&gt;",
		`data-greeting="Grüß Gott"`, `data-position="left"`}
	d.has(d.ok(d.page("/chat-widget?session_id=x&embed_token="+secret)), shown...)
	d.has(d.ok(d.page("/chat-widget?session_id=x&title=Sales&lang=fr&embed_token="+secret)), "Sales", `lang="fr"`)

	wrong, body := d.post(path+"/appearance", url.Values{"color": {"red"}, "title": {"Kept"}, "position": {"left"}},
		false)
	if wrong.StatusCode != http.StatusBadRequest {
		t.Errorf("a wrong color: %d", wrong.StatusCode)
	}
	d.has(body, `id="color-error"`, `value="red"`, `value="Kept"`)

	before, err := d.app.EmbedTokens.Get(d.Context(), d.user(), id)
	if err != nil {
		t.Fatal(err)
	}
	preview, body := d.page(path + "/preview?color=%23123456&greeting=Hello")
	d.has(d.ok(preview, body), "data-preview", `data-color="#123456"`, `data-ink="#ffffff"`, `data-greeting="Hello"`,
		`data-conversation-id=""`)
	if policy := preview.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'self'") {
		t.Errorf("the preview's policy is %s", policy)
	}
	after, err := d.app.EmbedTokens.Get(d.Context(), d.user(), id)
	if err != nil || after.Token.LastSeenAt == nil || !after.Token.LastSeenAt.Equal(*before.Token.LastSeenAt) {
		t.Errorf("the preview counts as a visit: %v %v", after.Token.LastSeenAt, err)
	}
}

func TestEmbedToken_revokedInTheMeantimeIsAConflict(t *testing.T) {
	d := newDesk(t).admin()
	id, _ := d.embedToken("Web shop", "")
	if err := d.app.EmbedTokens.Revoke(d.Context(), d.user(), id); err != nil {
		t.Fatal(err)
	}
	for path, form := range map[string]url.Values{"": {"name": {"Shop"}}, "/appearance": {"title": {"Shop"}}} {
		response, body := d.post("/integration/web-chat/"+id+path, form, false)
		if response.StatusCode != http.StatusConflict {
			t.Errorf("%q of a revoked token is answered %d", path, response.StatusCode)
		}
		d.has(body, `<p role="alert" class="error">This token was revoked and can no longer be changed.</p>`)
	}
}

func TestIntegration_showsAMissingBotBesideItsField(t *testing.T) {
	d := newDesk(t).admin()
	for _, path := range []string{"/integration/web-chat", "/integration/mobile-sdk"} {
		form := url.Values{"bot_id": {models.NewID()}, "name": {"My shop"}, "origins": {"https://shop.example"},
			"form_key": {models.NewID()}}
		response, body := d.post(path, form, false)
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("%s is answered %d", path, response.StatusCode)
		}
		d.has(body, "This bot no longer exists. Choose another.", `aria-invalid="true"`)
		if path == "/integration/web-chat" {
			d.has(body, "My shop", "https://shop.example")
		}
	}
}

// A site's developer frames the widget by hand: the refusal must be readable in that frame, and in its console.
func TestWidgetPage_saysInTheFrameThatASessionIDIsNotFilledIn(t *testing.T) {
	server, app, _ := testApp(t)
	page := "/chat-widget?embed_token=" + app.Demo.EmbedToken + "&session_id="
	for _, value := range []string{"undefined", "%7B%7Buser.id%7D%7D"} {
		response, body := ask(t, server, http.MethodGet, page+value, "")
		policy := response.Header.Get("Content-Security-Policy")
		if response.StatusCode != 400 || !strings.Contains(policy, "frame-ancestors *") {
			t.Errorf("session_id %s: %d, policy %s", value, response.StatusCode, policy)
		}
		if !strings.Contains(body, "refusal.js") {
			t.Errorf("session_id %s: the page writes nothing to the console", value)
		}
	}
}
