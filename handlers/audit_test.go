package handlers

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"parley/models"
	"parley/models/modelstest"
)

// deed is a form that changes something, as its page would send it.
type deed struct {
	route string // as in guards, without its method
	path  string // the route where it has no id
	form  url.Values
	photo []byte
	again bool // sent again it does it again, which is what was asked for
}

// draws are the forms that change nothing: they redraw a page. The second factor's is not on before it is confirmed.
var draws = map[string]bool{"/bots/new/rules": true, "/bots/new/try": true, "/bots/:id/rules": true,
	"/bots/:id/try": true, "/profile/second-factor": true}

// do sends a deed.
func (d *desk) do(one deed) (*http.Response, string) {
	d.Helper()
	if one.photo == nil {
		return d.request(http.MethodPost, one.path, one.form)
	}
	return upload(d.T, d.server, d.app, one.path, d.cookie, one.photo)
}

// newest is the id of the row that was made last.
func newest(t *testing.T, db *models.DB, table string) string {
	t.Helper()
	var ids []string
	if err := db.Read.Table(table).Order("created_at DESC, id DESC").Limit(1).Pluck("id", &ids).Error; err != nil ||
		len(ids) != 1 {
		t.Fatal(table, ids, err)
	}
	return ids[0]
}

// withoutAddress counts the audit entries that do not say where a change came from.
func withoutAddress(t *testing.T, db *models.DB) (n int64) {
	t.Helper()
	if err := db.Read.Model(&models.AuditEntry{}).Where("address <> ?", testPeer).Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func TestForms_thatChangeAnythingAreNotedAndRepeatsChangeNothing(t *testing.T) {
	db := modelstest.SQLite(t)
	server, app, cookie := testAppOn(t, db)
	agent := &desk{t, server, app, cookie}
	d := agent.admin()
	photo := noise(t, 20)
	missing, secrets := map[string]bool{}, []string{app.Demo.Admin.Password, strings.Repeat("k", 40),
		"another good password"}
	for row := range guards {
		if method, path, _ := strings.Cut(row, " "); method == http.MethodPost && !draws[path] &&
			regexp.MustCompile(`^/(profile|bots|company|integration|welcome)`).MatchString(path) {
			missing[path] = true
		}
	}
	try := func(one deed) {
		t.Helper()
		if one.path == "" {
			one.path = one.route
		}
		delete(missing, one.route)
		before, unknown := d.contents(db), withoutAddress(t, db)
		response, body := d.do(one)
		if response.StatusCode >= 400 {
			t.Fatalf("%s is answered %d %.2000s", one.path, response.StatusCode, body)
		}
		after := d.contents(db)
		if strings.Count(after["audit_entries"], "\n") <= strings.Count(before["audit_entries"], "\n") {
			t.Errorf("%s is not in the audit log", one.route)
		}
		if withoutAddress(t, db) > unknown {
			t.Errorf("%s is in the audit log without an address", one.route)
		}
		changed := false
		for table := range after {
			changed = changed || table != "audit_entries" && before[table] != after[table]
		}
		if !changed {
			t.Errorf("%s changed nothing", one.route)
		}
		secrets = append(secrets, regexp.MustCompile(`\b(?:pk|ew|inv)_[a-z0-9]{20,}`).FindAllString(body, -1)...)
		if one.again {
			return
		}
		if response, _ := d.do(one); response.StatusCode >= 500 {
			t.Errorf("%s again is answered %d", one.route, response.StatusCode)
		}
		for table, again := range d.contents(db) {
			if again != after[table] {
				t.Errorf("%s again changed %s", one.route, table)
			}
		}
	}
	key := func() []string { return []string{models.NewID()} }

	try(deed{
		route: "/welcome",
		form:  url.Values{"name": {"Bo"}, "greeting": {"Hi"}, "form_key": key()},
	})
	try(deed{route: "/profile/name", form: url.Values{"name": {"Dana Other"}}})
	try(deed{route: "/profile/photo", photo: photo})
	try(deed{route: "/profile/photo/remove"})
	d.do(deed{path: "/profile/second-factor"})
	setup, err := app.SecondFactors.Setup(t.Context(), d.user())
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(setup.Secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	try(deed{
		route: "/profile/second-factor/confirm",
		form: url.Values{"code": {code},
			"password": {app.Demo.Admin.Password}},
	})
	try(deed{
		route: "/profile/second-factor/disable",
		form:  url.Values{"proof": {app.Demo.Admin.Password}},
	})
	d.as(app.Demo.Admin.Email, app.Demo.Admin.Password)
	try(deed{route: "/profile/sessions/end", again: true})
	try(deed{
		route: "/profile/password",
		form:  url.Values{"current_password": {app.Demo.Admin.Password}, "password": {"another good password"}},
		again: true, // sent again it fails, and is noted
	})

	bot := "/bots/" + app.Demo.BotID
	stored, err := app.Bots.Get(t.Context(), d.user(), app.Demo.BotID)
	if err != nil {
		t.Fatal(err)
	}
	try(deed{route: "/bots", form: url.Values{"name": {"Mo"}}})
	try(deed{route: "/bots/:id/remove", path: "/bots/" + newest(t, db, "bots") + "/remove"})
	try(deed{
		route: "/bots/:id",
		path:  bot,
		form:  url.Values{"name": {"Pip the second"}, "updated_at": {stored.Bot.UpdatedAt.Format(time.RFC3339Nano)}},
	})
	try(deed{route: "/bots/:id/photo", path: bot + "/photo", photo: photo})
	try(deed{route: "/bots/:id/photo/remove", path: bot + "/photo/remove"})

	try(deed{route: "/company/api-keys", form: url.Values{"name": {"Key"}, "form_key": key()}})
	try(deed{
		route: "/company/api-keys/:id/revoke",
		path:  "/company/api-keys/" + newest(t, db, "api_keys") + "/revoke",
	})
	try(deed{
		route: "/company/team/invitations",
		form:  url.Values{"email": {"cleo@example.com"}, "role": {"agent"}, "form_key": key()},
	})
	invitation := "/company/team/invitations/" + newest(t, db, "invitations")
	try(deed{
		route: "/company/team/invitations/:id/resend",
		path:  invitation + "/resend",
		form:  url.Values{"form_key": key()},
	})
	try(deed{route: "/company/team/invitations/:id/revoke", path: invitation + "/revoke"})
	person := "/company/team/" + agent.user().ID
	try(deed{
		route: "/company/team/:id/role",
		path:  person + "/role",
		form:  url.Values{"role": {"admin"}},
	})
	for _, what := range []string{"/disable", "/enable", "/remove"} {
		try(deed{route: "/company/team/:id" + what, path: person + what})
	}
	try(deed{
		route: "/company/settings",
		form:  url.Values{"name": {"Acme"}, "time_zone": {"Europe/Berlin"}, "language": {"de"}},
	})

	try(deed{
		route: "/integration/web-chat",
		form: url.Values{"bot_id": {app.Demo.BotID}, "name": {"Shop"}, "origins": {"https://shop.example"},
			"form_key": key()},
	})
	token := "/integration/web-chat/" + newest(t, db, "embed_tokens")
	try(deed{
		route: "/integration/web-chat/:id",
		path:  token,
		form:  url.Values{"name": {"New shop"}, "origins": {"https://new.example"}},
	})
	try(deed{
		route: "/integration/web-chat/:id/appearance",
		path:  token + "/appearance",
		form:  url.Values{"title": {"Help"}, "color": {"#123456"}},
	})
	try(deed{route: "/integration/web-chat/:id/revoke", path: token + "/revoke"})
	try(deed{
		route: "/integration/mobile-sdk",
		form:  url.Values{"bot_id": {newest(t, db, "bots")}, "form_key": key()},
	})
	channel := "/integration/mobile-sdk/" + newest(t, db, "channels")
	try(deed{
		route: "/integration/mobile-sdk/:id",
		path:  channel,
		form:  url.Values{"name": {"Android"}, "form_key": key()},
	})
	try(deed{
		route: "/integration/mobile-sdk/:id/credentials/:kind",
		path:  channel + "/credentials/fcm_legacy",
		form:  url.Values{"server_key": {strings.Repeat("k", 40)}, "sender_id": {"1"}},
	})
	try(deed{
		route: "/integration/mobile-sdk/:id/credentials/:kind/remove",
		path:  channel + "/credentials/fcm_legacy/remove",
	})

	for route := range missing {
		t.Errorf("%s was not tried", route)
	}
	if len(secrets) < 8 {
		t.Errorf("only %d secrets were on their way", len(secrets))
	}
	log := d.contents(db)["audit_entries"]
	for _, secret := range append(secrets, setup.Secret) {
		if strings.Contains(log, secret) {
			t.Errorf("the audit log holds %s", secret)
		}
	}
}

func TestAuditLog_showsTheAddressOfLoginsAndOfFailedOnes(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		server, app, cookie := testAppOn(t, db)
		app.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(testPeer + "/32")}
		d := &desk{t, server, app, cookie}
		for password, address := range map[string]string{
			app.Demo.Agent.Password: "203.0.113.7",
			"not the password":      "2001:db8::7",
		} {
			form := url.Values{"email": {app.Demo.Agent.Email}, "password": {password}}
			request := httptest.NewRequest(http.MethodPost, "/auth/login", strings.NewReader(form.Encode()))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("X-CSRFToken", app.WebSessions.CSRFToken("fresh"))
			request.Header.Set("Cookie", "session=fresh")
			request.Header.Set("X-Forwarded-For", address)
			answer(t, server, request)
		}
		app.Wait()
		admin := d.admin()
		page := admin.ok(admin.page("/company/audit-log?action=login.succeeded"))
		admin.has(page, "203.0.113.7")
		admin.lacks(page, "2001:db8::7")
		admin.has(admin.ok(admin.page("/company/audit-log?action=login.failed")), "2001:db8::7")
	})
}

func TestAuditLog_filtersByWhoeverDidSomethingAlsoTheRemoved(t *testing.T) {
	agent := newDesk(t)
	d := agent.admin()
	who := agent.user()
	if err := d.app.Profile.SetName(t.Context(), who, "Alex Away"); err != nil {
		t.Fatal(err)
	}
	removed, _ := d.post("/company/team/"+who.ID+"/remove", nil, false)
	d.went(removed, "/company/team")
	page := d.ok(d.page("/company/audit-log?person=" + who.ID))
	d.has(page, `value="`+who.ID+`" selected>Alex Away (removed)</option>`, "Changed the profile", "name: Alex Away")
	stranger := d.stranger()
	d.lacks(stranger.ok(stranger.page("/company/audit-log?person="+who.ID)), "Alex Away")
}

func TestAuditLog_saysEveryActionInWords(t *testing.T) {
	d := newDesk(t).admin()
	source, err := os.ReadFile("../services/audit.go")
	if err != nil {
		t.Fatal(err)
	}
	page := d.ok(d.page("/company/audit-log"))
	actions := regexp.MustCompile(`= "([a-z_]+\.[a-z_]+)"`).FindAllStringSubmatch(string(source), -1)
	for _, action := range actions {
		d.has(page, `<option value="`+action[1]+`"`)
	}
	if len(actions) < 25 {
		t.Errorf("only %d actions", len(actions))
	}
}
