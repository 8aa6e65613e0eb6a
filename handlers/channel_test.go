package handlers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parley/models"
	"parley/services"
)

// mobileChannel makes a bot with a mobile channel and answers its page. The demo's bot has one already.
func (d *desk) mobileChannel(name string) string {
	d.Helper()
	bot, err := d.app.Bots.Create(d.Context(), d.user(), services.BotForm{Name: name})
	if err != nil {
		d.Fatal(err)
	}
	response, _ := d.post("/integration/mobile-sdk", url.Values{"bot_id": {bot.ID}}, false)
	path := response.Header.Get("Location")
	if response.StatusCode != http.StatusSeeOther || !strings.HasPrefix(path, "/integration/mobile-sdk/") {
		d.Fatalf("no channel: %d %s", response.StatusCode, path)
	}
	return path
}

func privateKey(t *testing.T, key any, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	document, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: document}))
}

func TestChannel_isOnePerBot(t *testing.T) {
	d := newDesk(t).admin()
	path := d.mobileChannel("Moss")
	d.has(d.ok(d.page(path)), strings.TrimPrefix(path, "/integration/mobile-sdk/"), "Moss", `IO.socket(&#34;http`,
		"SocketManager", "socket_io_client")
	response, body := d.post("/integration/mobile-sdk", url.Values{"bot_id": {d.app.Demo.BotID}}, false)
	if response.StatusCode != http.StatusConflict {
		t.Errorf("a second channel: %d", response.StatusCode)
	}
	d.has(body, `id="bot_id-error"`, "already", `value="`+d.app.Demo.BotID+`" selected`)
}

func TestChannel_ofAnotherOrganizationIsNotFound(t *testing.T) {
	d := newDesk(t).admin()
	path := d.mobileChannel("Moss")
	stranger := d.stranger()
	webChat := "/integration/mobile-sdk/" + d.app.Demo.ChannelID
	for _, page := range []string{path, path + "/credentials/apns/remove"} {
		if response, _ := stranger.page(page); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers a stranger %d", page, response.StatusCode)
		}
	}
	if response, _ := d.page(webChat); response.StatusCode != http.StatusNotFound {
		t.Errorf("a web chat is a mobile channel: %d", response.StatusCode)
	}
	for _, action := range []string{path, path + "/credentials/fcm_legacy", path + "/credentials/apns/remove"} {
		form := url.Values{"form_key": {models.NewID()}, "name": {"App"}, "server_key": {strings.Repeat("k", 40)},
			"sender_id": {"123456789"}}
		if response, _ := stranger.post(action, form, false); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers a stranger's form %d", action, response.StatusCode)
		}
	}
	for _, action := range []string{path + "/credentials/carrier-pigeon", path + "/credentials/carrier-pigeon/remove"} {
		if response, _ := d.post(action, nil, false); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", action, response.StatusCode)
		}
	}
}

func TestChannel_tokensBelongToTheApp(t *testing.T) {
	d := newDesk(t).admin()
	path := d.mobileChannel("Moss")
	form := url.Values{"form_key": {d.formKey(path)}, "name": {"Android app"}}
	response, body := d.post(path, form, false)
	found := embedSecret.FindStringSubmatch(body)
	if response.StatusCode != http.StatusCreated || found == nil {
		t.Fatalf("%d without a secret", response.StatusCode)
	}
	secret := found[1]
	d.has(body, "WebView URL", "/chat-widget?embed_token="+secret)
	again, _ := d.post(path, form, false)
	d.went(again, path)
	d.never(secret, path)
	if strings.Count(d.ok(d.page(path)), `<span dir="auto">Android app<`) != 1 {
		t.Error("the form sent twice made two tokens")
	}
	d.lacks(d.ok(d.page("/integration/web-chat")), "Android app")
	opened, err := d.app.Widget.Open(d.Context(), services.WidgetRequest{
		EmbedToken: secret,
		ExternalID: "mobile-user-12345",
	})
	if err != nil {
		t.Fatal(err)
	}
	d.say(opened.ConversationID, opened.ExternalID, "Hello")
	conversation, err := d.app.Conversations.Get(d.Context(), d.user().OrganizationID, opened.ConversationID)
	if err != nil || conversation.ChannelID != strings.TrimPrefix(path, "/integration/mobile-sdk/") {
		t.Errorf("the conversation belongs to %s, %v", conversation.ChannelID, err)
	}
	refused, body := d.post(path, url.Values{"form_key": {models.NewID()}, "name": {" "}}, false)
	if refused.StatusCode != http.StatusBadRequest {
		t.Errorf("no name: %d", refused.StatusCode)
	}
	d.has(body, `id="token-name-error"`)
	rows, err := d.app.EmbedTokens.List(d.Context(), d.user(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	page, _ := d.page("/integration/web-chat/" + rows[0].Token.ID)
	d.went(page, path) // where it belongs
	d.has(d.ok(d.page("/integration/web-chat/"+rows[0].Token.ID+"/revoke")), `href="`+path+`"`)
}

func TestWebView_isBuiltWithoutAScript(t *testing.T) {
	d := newDesk(t).admin()
	path := d.mobileChannel("Moss")
	d.has(d.ok(d.page(path+"?session_id=user+1%262&customer_name=Alice+Smith&title=%3CHi%3E")),
		"embed_token=ew_xxxxxxxxxxxxxxxxxxxx&amp;session_id=user+1%262&amp;customer_name=Alice+Smith&amp;title=%3CHi%3E")
}

func TestPushCredentials_areCheckedAndNeverShownAgain(t *testing.T) {
	d := newDesk(t).admin()
	path := d.mobileChannel("Moss")
	generated, err := rsa.GenerateKey(rand.Reader, 2048)
	rsaKey := privateKey(t, generated, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p8 := privateKey(t, curve, err)
	account := func(key string) string {
		document, _ := json.Marshal(map[string]string{"type": "service_account", "project_id": "acme-app",
			"private_key": key, "client_email": "push@acme-app.iam.gserviceaccount.com",
			"token_uri": "https://oauth2.googleapis.com/token"})
		return string(document)
	}
	apns := func(key string) url.Values {
		return url.Values{"team_id": {"ABCDE12345"}, "bundle_id": {"com.example.myapp"}, "key_id": {"KEY1234567"},
			"private_key": {key}, "environment": {"production"}}
	}
	serverKey := "AAAA-server-key-" + strings.Repeat("x", 40)
	for _, test := range []struct {
		kind, field string
		wrong       url.Values
		kept        string
		right       url.Values
		shown       string
	}{
		{"fcm_legacy", "sender_id", url.Values{"server_key": {serverKey}, "sender_id": {"12x"}}, `value="12x"`,
			url.Values{"server_key": {serverKey}, "sender_id": {"123456789012"}}, "123456789012"},
		{"fcm", "service_account", url.Values{"service_account": {account(p8)}}, "",
			url.Values{"service_account": {account(rsaKey)}}, "acme-app"},
		{"apns", "private_key", apns(rsaKey), `value="ABCDE12345"`, apns(p8), "com.example.myapp"},
	} {
		action := path + "/credentials/" + test.kind
		response, body := d.post(action, test.wrong, false)
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s takes what is wrong: %d", test.kind, response.StatusCode)
		}
		d.has(body, `id="`+test.field+`-error"`, test.kept)
		d.lacks(body, serverKey, strings.Split(rsaKey, "\n")[1], strings.Split(p8, "\n")[1])
		for range 2 {
			saved, _ := d.post(action, test.right, false)
			d.went(saved, path+"#"+test.kind)
		}
		d.has(d.ok(d.page(path)), test.shown, "Last saved", "Dana Demo")
	}
	d.has(d.ok(d.page("/integration/mobile-sdk")), "FCM server key, FCM service account, APNs")
	for _, secret := range []string{serverKey, strings.Split(rsaKey, "\n")[1], strings.Split(p8, "\n")[1]} {
		d.never(secret, path, path+"/credentials/apns/remove")
	}

	keep := apns("")
	keep.Set("environment", "sandbox")
	response, _ := d.post(path+"/credentials/apns", keep, false)
	d.went(response, path+"#apns")
	d.has(d.ok(d.page(path)), `<option value="sandbox" selected`)

	d.has(d.ok(d.page(path+"/credentials/apns/remove")), "Remove APNs?", "Remove: push notifications stop")
	for range 2 {
		response, _ := d.post(path+"/credentials/apns/remove", nil, false)
		d.went(response, path+"#push")
	}
	d.lacks(d.ok(d.page(path)), "com.example.myapp\"")
	if response, _ := d.post(path+"/credentials/apns", apns(""), false); response.StatusCode != http.StatusBadRequest {
		t.Errorf("without a stored key: %d", response.StatusCode)
	}
}
