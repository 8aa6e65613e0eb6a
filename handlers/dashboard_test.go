package handlers

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley/models"
	"parley/models/modelstest"
)

// aForm is a form that every page takes some of: what a page does not know it leaves alone.
func aForm() url.Values {
	return url.Values{"form_key": {models.NewID()}, "name": {"Mine now"}, "role": {"admin"}, "bot_id": {models.NewID()},
		"email":      {"new@example.com"},
		"server_key": {strings.Repeat("k", 40)}, "sender_id": {"1"}, "do": {"try"}, "say": {"hi"}, "content": {"hi"},
		"tags":        {"x"},
		"environment": {"sandbox"}, "title": {"Mine"}, "origins": {"https://mine.example"},
		"current_password": {"a good password"}}
}

// belongings are ids of the demo organization, by the beginning of the route that takes one. The longest beginning
// counts.
func (d *desk) belongings() map[string]string {
	d.Helper()
	admin := d.admin()
	token, _ := admin.embedToken("Web shop", "")
	key, _, err := d.app.APIKeys.Create(d.Context(), admin.user(), "Key")
	if err != nil {
		d.Fatal(err)
	}
	invitation, _, err := d.app.Users.Invite(d.Context(), admin.user(), "cleo@example.com", models.RoleAgent)
	if err != nil {
		d.Fatal(err)
	}
	channels, err := d.app.Channels.List(d.Context(), admin.user())
	if err != nil || len(channels) != 1 {
		d.Fatal(channels, err)
	}
	conversation := d.conversation("Eve", "hello")
	return map[string]string{
		"/inbox/":                    conversation,
		"/api/conversations/":        conversation,
		"/bots/":                     d.app.Demo.BotID,
		"/company/api-keys/":         key.ID,
		"/company/team/":             d.user().ID,
		"/company/team/invitations/": invitation.ID,
		"/integration/web-chat/":     token,
		"/integration/mobile-sdk/":   channels[0].Channel.ID,
	}
}

// addressOf is a route with an id of belongings in it.
func addressOf(path string, belongings map[string]string) string {
	best := ""
	for beginning := range belongings {
		if strings.HasPrefix(path, beginning) && len(beginning) > len(best) {
			best = beginning
		}
	}
	return strings.NewReplacer(":id", belongings[best], ":kind", "fcm_legacy", ":secret", "none").Replace(path)
}

// request asks for a route as a page of ours would, or a script.
func (d *desk) request(method, path string, form url.Values) (*http.Response, string) {
	d.Helper()
	request := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodGet {
		request = httptest.NewRequest(method, path, nil)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(path, "/api/") && method == http.MethodPost {
		request = httptest.NewRequest(method, path, strings.NewReader(`{"tags":["x"]}`))
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("X-CSRFToken", d.app.WebSessions.CSRFToken(d.cookie))
	request.Header.Set("Cookie", "session="+d.cookie)
	return answer(d.T, d.server, request)
}

// contents is every row of every table, by table.
func (d *desk) contents(db *models.DB) map[string]string {
	d.Helper()
	tables, err := db.Read.Migrator().GetTables()
	if err != nil {
		d.Fatal(err)
	}
	contents := map[string]string{}
	for _, table := range tables {
		var rows []map[string]any
		if err := db.Read.Table(table).Find(&rows).Error; err != nil {
			d.Fatal(err)
		}
		lines := make([]string, len(rows))
		for i, row := range rows {
			lines[i] = fmt.Sprint(row)
		}
		slices.Sort(lines)
		contents[table] = strings.Join(lines, "\n")
	}
	return contents
}

func TestRoutes_anIDOfAnotherOrganizationIsNotFound(t *testing.T) {
	db := modelstest.SQLite(t)
	server, app, cookie := testAppOn(t, db)
	d := &desk{t, server, app, cookie}
	belongings := d.belongings()
	stranger, admin := d.stranger(), d.admin()
	before := d.contents(db)
	tried := 0
	for row, guard := range guards {
		method, path, _ := strings.Cut(row, " ")
		if guard == "open" || guard == "form" || !strings.Contains(path, ":id") {
			continue
		}
		tried++
		address := addressOf(path, belongings)
		if response, body := stranger.request(method, address, aForm()); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s of a stranger is answered %d %.200s", row, response.StatusCode, body)
		}
		for _, id := range []string{models.NewID(), "nonsense", "%00", "%ff"} {
			if response, _ := admin.request(method, strings.NewReplacer(":id", id, ":kind", "apns").Replace(path),
				aForm()); response.StatusCode != http.StatusNotFound {
				t.Errorf("%s with the id %s is answered %d", row, id, response.StatusCode)
			}
		}
		if method == http.MethodGet {
			if response, _ := admin.request(method, address, nil); response.StatusCode == http.StatusNotFound {
				t.Errorf("%s is not found by its own administrator", row)
			}
		}
	}
	if tried < 40 {
		t.Errorf("only %d routes were tried", tried)
	}
	after := d.contents(db)
	for table := range before {
		if before[table] != after[table] && table != "sqlite_sequence" {
			t.Errorf("%s was changed", table)
		}
	}
}

func TestRoutes_ofAdministratorsAreClosedToAgentsAndToNobody(t *testing.T) {
	db := modelstest.SQLite(t)
	server, app, cookie := testAppOn(t, db)
	d := &desk{t, server, app, cookie}
	belongings := d.belongings()
	nobody := &desk{t, server, app, "a cookie that names nothing"}
	before := d.contents(db)
	for row, guard := range guards {
		method, path, _ := strings.Cut(row, " ")
		if guard != "admin" {
			continue
		}
		address := addressOf(path, belongings)
		if response, body := d.request(method, address, aForm()); response.StatusCode != http.StatusForbidden ||
			!strings.Contains(body, "Only administrators can open this page.") {
			t.Errorf("%s of an agent is answered %d", row, response.StatusCode)
		}
		response, _ := nobody.request(method, address, aForm())
		if location := response.Header.Get("Location"); response.StatusCode != http.StatusSeeOther ||
			!strings.HasPrefix(location, "/auth/login?next=") {
			t.Errorf("%s of nobody is answered %d, and leads to %q", row, response.StatusCode, location)
		}
	}
	after := d.contents(db)
	for _, table := range slices.Sorted(maps.Keys(before)) {
		if before[table] != after[table] {
			t.Errorf("%s was changed", table)
		}
	}
}

// leak is a word that only a driver or the runtime would write. A whole one: form keys and the QR code's picture are
// random letters.
var leak = regexp.MustCompile(`(?i)(^|[\s"(:])(SQLSTATE|sqlite|constraint|gorm|pgx|duplicate key|invalid byte|runtime error|panic|goroutine)\b`)

// ending is 1 for a route that ends what it is about.
func ending(row string) int {
	if strings.HasSuffix(row, "/remove") || strings.HasSuffix(row, "/revoke") || strings.HasSuffix(row, "/disable") {
		return 1
	}
	return 0
}

func TestForms_ofGarbageAreRefusedInASentence(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		server, app, cookie := testAppOn(t, db)
		d := &desk{t, server, app, cookie}
		belongings := d.belongings()
		admin := d.admin()
		names := slices.Collect(maps.Keys(aForm()))
		names = append(names, "greeting", "fallback", "keywords", "answer", "rule", "said", "updated_at", "setup_token",
			"organization_name", "password", "next", "code", "proof",
			"service_account", "team_id", "bundle_id", "key_id", "private_key", "color", "language", "position",
			"time_zone", "message", "rich_media", "label", "value", "type", "client_id")
		all := func(value string) string {
			form := url.Values{}
			for _, name := range names {
				form.Set(name, value)
			}
			return form.Encode()
		}
		form, multipart := "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
		bodies := []struct{ what, kind, body string }{
			{"nothing", form, ""}, {"no type", "", "name=x"}, {"invalid UTF-8", form, all("a\xff\xfe")},
			{"NUL", form, all("a\x00b")}, {"control characters", form, all("a\r\n\x1b[0m\u202e")},
			{"markup", form, all("<script>alert(1)</script>' OR 1=1 --")},
			{"long", form, all(strings.Repeat("x", 15_000))}, {"much", form, "name=" + strings.Repeat("x", 1_000_000)},
			{"broken escapes", form, "name=%zz&form_key=%&role=%u1234&=&&;"},
			{"many", form, strings.Repeat("rule=new&keywords=a&answer=b&said=c&", 5_000)},
			{"JSON", "application/json", `{"name":["x"],"tags":"x"}`}, {"cut JSON", "application/json", `{"name":`},
			{"text", "text/plain", "name=x"},
			{"multipart", multipart, "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\na\x00\xff\r\n--x--\r\n"}, {"cut multipart", multipart, "--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a"},
			{"multipart without a boundary", "multipart/form-data", "--x"},
			{"no photo", multipart, "--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\r\n\x89PNG\r\n\x1a\n\x00\r\n--x--\r\n"},
		}
		// what ends a thing comes after what changes it
		rows := slices.SortedFunc(maps.Keys(guards), func(a, b string) int {
			return cmp.Or(cmp.Compare(ending(a), ending(b)), strings.Compare(a, b))
		})
		for _, row := range rows {
			method, path, _ := strings.Cut(row, " ")
			if method != http.MethodPost || strings.HasPrefix(path, "/auth/logout") ||
				strings.HasSuffix(path, "/sessions/end") {
				continue
			}
			for _, sent := range bodies {
				request := httptest.NewRequest(method, addressOf(path, belongings), strings.NewReader(sent.body))
				if sent.kind != "" {
					request.Header.Set("Content-Type", sent.kind)
				}
				request.Header.Set("X-CSRFToken", app.WebSessions.CSRFToken(admin.cookie))
				request.Header.Set("Cookie", "session="+admin.cookie)
				response, body := answer(t, server, request)
				if response.StatusCode >= 500 {
					t.Errorf("%s of %s is answered %d", row, sent.what, response.StatusCode)
				}
				if found := leak.FindString(body); found != "" {
					t.Errorf("%s of %s answers with %q", row, sent.what, found)
				}
				said := strings.Contains(body, `role="alert"`) || strings.Contains(body, `aria-invalid="true"`) ||
					strings.Contains(body, `"message":"`) || strings.Contains(body, `class="help">Error 4`) ||
					strings.Contains(body, "This invitation no longer works")
				if response.StatusCode >= 400 && !said {
					t.Errorf("%s of %s is answered %d without a word", row, sent.what, response.StatusCode)
				}
				if strings.Contains(body, "<script>alert(1)") {
					t.Errorf("%s repeats markup", row)
				}
			}
		}
		if _, err := app.WebSessions.Identify(t.Context(), admin.cookie); err != nil {
			t.Errorf("after all of that the administrator is %v", err)
		}
	})
}
