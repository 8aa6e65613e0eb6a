package handlers

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
)

// desk is an agent at work: the application, and ways to ask it for pages and parts.
type desk struct {
	*testing.T
	server *fiber.App
	app    *App
	cookie string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	server, app, cookie := testApp(t)
	return &desk{t, server, app, cookie}
}

// as is the same desk for another login.
func (d *desk) as(email, password string) *desk {
	d.Helper()
	return &desk{d.T, d.server, d.app, logIn(d.T, d.app, services.Credentials{
		Email:    email,
		Password: password,
	})}
}

func (d *desk) admin() *desk { return d.as(d.app.Demo.Admin.Email, d.app.Demo.Admin.Password) }

// stranger is somebody of another organization.
func (d *desk) stranger() *desk {
	d.Helper()
	_, err := d.app.Organizations.Create(d.Context(), services.NewOrganization{
		Name:       "Other",
		AdminEmail: "o@other.example",
		AdminName:  "Otto",
		Password:   "a good password",
	})
	if err != nil {
		d.Fatal(err)
	}
	return d.as("o@other.example", "a good password")
}

// conversation is one in which name wrote each of texts.
func (d *desk) conversation(name string, texts ...string) string {
	d.Helper()
	opened, err := d.app.Widget.Open(d.Context(), services.WidgetRequest{
		EmbedToken:  d.app.Demo.EmbedToken,
		ExternalID:  "id of " + name,
		DisplayName: name,
	})
	if err != nil {
		d.Fatal(err)
	}
	for _, text := range texts {
		d.say(opened.ConversationID, "id of "+name, text)
	}
	return opened.ConversationID
}

func (d *desk) say(id, externalID, text string) {
	d.Helper()
	ref, err := d.app.Conversations.ForEndUser(d.Context(), services.EndUserProof{
		ConversationID: id,
		ExternalID:     externalID,
	})
	if err != nil {
		d.Fatal(err)
	}
	if _, err := d.app.Messages.SendAndWait(d.Context(), services.Draft{
		Conversation: ref,
		Sender:       services.Sender{Type: models.SenderEndUser, ID: externalID},
		Content:      text,
	}); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) page(path string) (*http.Response, string) {
	d.Helper()
	return ask(d.T, d.server, http.MethodGet, path, d.cookie)
}

func (d *desk) part(path string) (*http.Response, string) {
	d.Helper()
	return ask(d.T, d.server, http.MethodGet, path, d.cookie, "HX-Request", "true", "HX-Request-Type", "partial")
}

// post sends a form as a browser does, or with htmx.
func (d *desk) post(path string, form url.Values, htmx bool) (*http.Response, string) {
	d.Helper()
	if form == nil {
		form = url.Values{}
	}
	form.Set("csrf_token", d.app.WebSessions.CSRFToken(d.cookie))
	request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Cookie", "session="+d.cookie)
	if htmx {
		request.Header.Set("HX-Request", "true")
		request.Header.Set("HX-Request-Type", "partial")
	}
	return answerOf(d.T, d.server, request)
}

func (d *desk) ok(response *http.Response, body string) string {
	d.Helper()
	if response.StatusCode != http.StatusOK {
		d.Fatalf("%d: %.300s", response.StatusCode, body)
	}
	return body
}

// went fails unless a form led to path.
func (d *desk) went(response *http.Response, path string) {
	d.Helper()
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != path {
		d.Errorf("answered %d %q, not a way to %s", response.StatusCode, response.Header.Get("Location"), path)
	}
}

func (d *desk) has(body string, texts ...string) {
	d.Helper()
	for _, text := range texts {
		if !strings.Contains(body, text) {
			d.Errorf("without %q", text)
		}
	}
}

func (d *desk) lacks(body string, texts ...string) {
	d.Helper()
	for _, text := range texts {
		if strings.Contains(body, text) {
			d.Errorf("with %q", text)
		}
	}
}

func (d *desk) user() models.User {
	d.Helper()
	identity, err := d.app.WebSessions.Identify(context.Background(), d.cookie)
	if err != nil {
		d.Fatal(err)
	}
	return identity.User
}

func TestInbox_listsSearchesAndKeepsItsPlace(t *testing.T) {
	d := newDesk(t)
	mara, jonas := d.conversation("Mara Lind", "Hello"), d.conversation("Jonas", strings.Repeat("long ", 100))
	body := d.ok(d.part("/inbox/list?filter=unassigned"))
	d.has(body, `id="row-`+mara, `id="row-`+jonas, `data-place="?filter=unassigned"`,
		`<span class="tab-count">2</span>`)
	if len(body) > 20_000 {
		t.Errorf("two rows take %d bytes", len(body))
	}
	for _, search := range []string{"lind", "ID OF MARA"} {
		body = d.ok(d.part("/inbox/list?filter=all&q=" + url.QueryEscape(search)))
		d.has(body, `id="row-`+mara, "q="+url.QueryEscape(search))
		d.lacks(body, `id="row-`+jonas)
	}
	body = d.ok(d.page("/inbox?filter=mine&q=%3Cb%3E%25"))
	d.has(body, "No results", `value="&lt;b&gt;%"`, "Search all")
	d.has(d.ok(d.page("/inbox?filter=mine")), "Nothing is assigned to you", "View unassigned")
	if wrong, body := d.page("/inbox?q=" + strings.Repeat("x", 101)); wrong.StatusCode != http.StatusBadRequest ||
		!strings.Contains(body, "at most 100 characters") {
		t.Errorf("a search that is too long is answered %d", wrong.StatusCode)
	}
	d.lacks(d.ok(d.stranger().page("/inbox?filter=all")), mara, jonas)
	if wrong, _ := d.page("/inbox?filter=none"); wrong.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown filter is answered %d", wrong.StatusCode)
	}
}

func TestThread_isForItsOrganizationAlone(t *testing.T) {
	d := newDesk(t)
	id := d.conversation("Mara", "Hello")
	stranger := d.stranger()
	for _, path := range []string{"", "/header", "/messages", "/panel", "/compose?type=image"} {
		d.ok(d.page("/inbox/" + id + path))
		if response, body := stranger.page("/inbox/" + id + path); response.StatusCode != http.StatusNotFound ||
			strings.Contains(body, "Mara") {
			t.Errorf("%s shows a stranger %d", path, response.StatusCode)
		}
	}
	for _, verb := range []string{"claim", "unassign", "tag", "resolve", "reopen", "messages"} {
		for _, htmx := range []bool{false, true} {
			if response, _ := stranger.post("/inbox/"+id+"/"+verb, url.Values{"content": {"x"}},
				htmx); response.StatusCode != http.StatusNotFound {
				t.Errorf("a stranger's %s is answered %d", verb, response.StatusCode)
			}
		}
	}
	d.has(d.ok(d.page("/inbox/"+id)), "Unassigned", `data-suggestions="[]"`)
}

func TestForms_doEverythingWithoutAScript(t *testing.T) {
	d := newDesk(t)
	id := d.conversation("Mara", "Hello")
	path, place := "/inbox/"+id, "?filter=all&q=mara"
	do := func(verb string, form url.Values) string {
		t.Helper()
		response, _ := d.post(path+"/"+verb+place, form, false)
		d.went(response, path+place)
		return d.ok(d.page(path + place))
	}
	d.has(do("claim", nil), "Assigned to you", "Claimed by <bdi>you</bdi>")
	d.has(do("messages", url.Values{"content": {"An answer"}}), "An answer", "data-own")
	d.lacks(do("unassign", nil), "Claimed by", "Assigned to you")
	d.has(do("tag", url.Values{"tags": {" vip, billing ,, vip"}}), `value="vip, billing"`)
	d.has(do("resolve", url.Values{"tags": {"done"}}), "Reopen", "Earlier conversations", "<bdi>done</bdi>",
		`data-line="resolved"`)
	body := do("reopen", nil)
	d.has(body, `data-status="open"`, `value="vip, billing, done"`)
	d.lacks(body, `data-line="resolved"`)
}

func TestForms_refusedShowTheTruthAndWhatWasTyped(t *testing.T) {
	d := newDesk(t)
	id := d.conversation("Mara", "Hello")
	d.admin().post("/inbox/"+id+"/claim", nil, false)
	response, body := d.post("/inbox/"+id+"/claim", nil, false)
	if response.StatusCode != http.StatusConflict {
		t.Errorf("the second claim is answered %d", response.StatusCode)
	}
	d.has(body, "This conversation was claimed by Dana Demo.", "Assigned to Dana Demo", "<!doctype html>")
	response, body = d.post("/inbox/"+id+"/claim", nil, true)
	if response.StatusCode != http.StatusConflict || response.Header.Get("HX-Trigger") != "" {
		t.Errorf("to htmx %d %v", response.StatusCode, response.Header)
	}
	d.has(body, "This conversation was claimed by Dana Demo.")
	d.lacks(body, "<html")
	response, body = d.post("/inbox/"+id+"/messages", url.Values{"content": {strings.Repeat("<", 10_001)}}, false)
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("a long message is answered %d", response.StatusCode)
	}
	d.has(body, strings.Repeat("&lt;", 10_001), "at most 10000 characters")
	if response, _ := d.post("/inbox/"+id+"/tag", url.Values{"tags": {strings.Repeat("x", 51)}},
		false); response.StatusCode != http.StatusBadRequest {
		t.Errorf("a long tag is answered %d", response.StatusCode)
	}
}

func TestForms_offerToTakeBack(t *testing.T) {
	d := newDesk(t)
	id := d.conversation("Mara", "Hello")
	for _, test := range []struct{ verb, undo string }{{"claim", "unassign"}, {"resolve", "reopen"}} {
		response, body := d.post("/inbox/"+id+"/"+test.verb+"?filter=mine", nil, true)
		want := fmt.Sprintf(`"undo":"/inbox/%s/%s?filter=mine"`, id, test.undo)
		if asked := response.Header.Get("HX-Trigger"); !strings.HasPrefix(asked, `{"parley:toast":`) ||
			!strings.Contains(asked, want) {
			t.Errorf("%s asks for %s", test.verb, asked)
		}
		d.has(body, `id="thread-header"`)
		d.lacks(body, "<html", `id="messages"`)
	}
}

func TestResolveAndNext_opensTheFollowingOfTheList(t *testing.T) {
	d := newDesk(t)
	last := d.conversation("Third", "Hello")
	middle := d.conversation("Second", "Hello")
	first := d.conversation("First", "Hello")
	next := url.Values{"next": {"1"}}
	response, _ := d.post("/inbox/"+middle+"/resolve?filter=unassigned", next, false)
	d.went(response, "/inbox/"+last+"?filter=unassigned")
	response, body := d.post("/inbox/"+last+"/resolve?filter=unassigned", next, true) // the last: from the top again
	for header, want := range map[string]string{"HX-Retarget": "#thread", "HX-Reswap": "outerHTML",
		"HX-Push-Url": "/inbox/" + first + "?filter=unassigned"} {
		if got := response.Header.Get(header); got != want {
			t.Errorf("%s is %q, not %q", header, got, want)
		}
	}
	d.has(response.Header.Get("HX-Trigger"), "/inbox/"+last+"/reopen")
	d.has(body, `data-conversation-id="`+first+`"`, `id="messages"`)
	_, body = d.post("/inbox/"+first+"/resolve?filter=all", next, true) // the others are resolved
	d.has(body, "You&#39;re all caught up")
	d.lacks(body, "data-conversation-id")
}

var seqs = regexp.MustCompile(` data-seq="(\d+)"`)

func TestMessages_leadOnAtBothEnds(t *testing.T) {
	d := newDesk(t)
	var texts []string
	for i := range 60 { // the bot answers each
		texts = append(texts, fmt.Sprint("text ", i))
	}
	id := d.conversation("Mara", texts...)
	run := func(body string) string {
		found := seqs.FindAllStringSubmatch(body, -1)
		if len(found) == 0 {
			return "none"
		}
		return found[0][1] + "-" + found[len(found)-1][1]
	}
	for _, test := range []struct {
		path, run    string
		older, newer bool
	}{
		{"", "71-120", true, false},
		{"?before_seq=71", "21-70", true, true},
		{"?before_seq=21", "1-20", false, true},
		{"?after_seq=20", "21-70", true, true},
		{"?after_seq=70", "71-120", true, false},
		{"/messages?before_seq=71", "21-70", true, false},
		{"/messages?before_seq=21", "1-20", false, false},
		{"/messages?after_seq=0", "1-50", false, true},
		{"/messages?after_seq=100", "101-120", false, false},
		{"/messages?after_seq=120", "none", false, false},
		{"/messages?before_seq=9999", "71-120", true, false},
	} {
		body := d.ok(d.part("/inbox/" + id + test.path))
		body, _, _ = strings.Cut(body, "<template")
		if got := run(body); got != test.run || strings.Contains(body, `id="older"`) != test.older ||
			strings.Contains(body, `id="later"`) != test.newer {
			t.Errorf("%s shows %s, earlier %t, later %t", test.path, got, strings.Contains(body, `id="older"`),
				strings.Contains(body, `id="later"`))
		}
	}
	if response, _ := d.part("/inbox/" + id + "/messages?after_seq=x"); response.StatusCode != http.StatusBadRequest {
		t.Errorf("a seq that is none is answered %d", response.StatusCode)
	}
}

func TestMessages_sayWhatHappenedBetweenThem(t *testing.T) {
	d := newDesk(t)
	id := d.conversation("Mara", "One")
	d.post("/inbox/"+id+"/claim", nil, true)
	tail := d.ok(d.part("/inbox/" + id + "/messages?after_seq=2"))
	d.has(tail, `data-line="claimed"`)
	d.say(id, "id of Mara", "Two")
	d.lacks(d.ok(d.part("/inbox/"+id+"/messages?after_seq=3")), `data-line`)
	body := d.ok(d.part("/inbox/" + id))
	claimed, two := strings.Index(body, `data-line="claimed"`), strings.Index(body, ">Two<")
	if claimed < strings.Index(body, ">One<") || claimed > two {
		t.Errorf("claimed at %d, the second message at %d", claimed, two)
	}
	d.has(body, `id="divider"`)
	d.has(d.ok(d.admin().part("/inbox/"+id)), "Claimed by <bdi>Alex Agent</bdi>")
	d.post("/inbox/"+id+"/resolve", url.Values{"tags": {"<b>"}}, true)
	sessions, err := d.app.Conversations.Sessions(t.Context(), d.user().OrganizationID, id, 1)
	if err != nil {
		t.Fatal(err)
	}
	body = d.ok(d.part("/inbox/" + id))
	d.has(body, "&lt;b&gt;", "session="+sessions[0].ID)
	d.has(d.ok(d.page("/inbox/"+id+"?session="+sessions[0].ID)), `data-seq="1"`)
	for _, unknown := range []string{models.NewID(), "x"} {
		if response, _ := d.page("/inbox/" + id + "?session=" + unknown); response.StatusCode != http.StatusNotFound {
			t.Errorf("an unknown session is answered %d", response.StatusCode)
		}
	}
}

func TestMessages_joinWithinTwoMinutesOfOneSender(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	m := models.Message{SenderType: models.SenderEndUser, SenderID: "a", CreatedAt: at}
	soon := m
	late := m
	other := m
	soon.CreatedAt = at.Add(joinWithin - 1)
	late.CreatedAt = at.Add(joinWithin)
	other.SenderID = "b"
	if !joins(m, soon) || joins(m, late) || joins(m, other) {
		t.Error("messages join across senders or time")
	}
}

func TestPanel_showsWhatIsKnownAndStaysAsItWasLeft(t *testing.T) {
	d := newDesk(t)
	id := d.conversation("Mara", "Hello")
	ref, err := d.app.Conversations.ForAgent(t.Context(), d.user().OrganizationID, id)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	d.app.Visits.Note(ref, models.Visit{
		PageURL:   "https://shop.example/<plans>",
		PageTitle: "<b>Plans</b>",
		TimeZone:  "Asia/Singapore",
		Language:  "de-AT",
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
	})
	end()
	d.app.Visits.Run(ctx) // stores what was noted, and ends
	body := d.ok(d.part("/inbox/" + id + "/panel"))
	d.has(body, `id="panel"`, "id of Mara", "Not verified", "&lt;b&gt;Plans&lt;/b&gt;", `data-zone="Asia/Singapore"`,
		`data-language="de-AT"`, "Firefox 128 on Linux", "noopener noreferrer nofollow")
	d.lacks(body, "<html", "<b>Plans")
	closed, body := d.page("/inbox/" + id + "?panel=closed")
	d.has(body, `data-panel="closed"`)
	cookie := closed.Header.Get("Set-Cookie")
	d.has(cookie, "panel=closed", "path=/inbox", "SameSite=Lax")
	_, body = ask(t, d.server, http.MethodGet, "/inbox/"+id, d.cookie+"; panel=closed")
	d.has(body, `data-panel="closed"`)
	opened, body := ask(t, d.server, http.MethodGet, "/inbox/"+id+"?panel=open", d.cookie+"; panel=closed")
	d.has(body, `data-panel="open"`)
	d.has(opened.Header.Get("Set-Cookie"), "panel=;")
}
