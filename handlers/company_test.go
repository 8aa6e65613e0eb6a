package handlers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
)

// post sends a form as a page of ours would.
func post(t *testing.T, server *fiber.App, app *App, path, cookie string, form url.Values) (*http.Response, string) {
	t.Helper()
	if form == nil {
		form = url.Values{}
	}
	form.Set("csrf_token", app.WebSessions.CSRFToken(cookie))
	request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Cookie", "session="+cookie)
	return answer(t, server, request)
}

// stranger is the cookie of the owner of another organization.
func stranger(t *testing.T, app *App) string {
	t.Helper()
	_, err := app.Organizations.Create(context.Background(), services.NewOrganization{
		Name:       "Other",
		AdminEmail: "owner@other.example",
		AdminName:  "Otto",
		Password:   "a good password",
	})
	if err != nil {
		t.Fatal(err)
	}
	return logIn(t, app, services.Credentials{
		Email:    "owner@other.example",
		Password: "a good password",
	})
}

// find is the first submatch of pattern in a page.
func find(t *testing.T, body, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("no %s in %.3000s", pattern, body)
	}
	return found[1]
}

func TestCompany_agentsSeeNoLinkToIt(t *testing.T) {
	server, app, agent := testApp(t)
	admin := logIn(t, app, app.Demo.Admin)
	for _, path := range []string{"/inbox", "/profile"} {
		_, seen := ask(t, server, "GET", path, agent)
		_, all := ask(t, server, "GET", path, admin)
		for _, link := range []string{`href="/company`, `href="/integration`, `href="/bots`} {
			if strings.Contains(seen, link) || !strings.Contains(all, link) {
				t.Errorf("%s on %s: an agent %v, an administrator %v", link, path, strings.Contains(seen, link),
					strings.Contains(all, link))
			}
		}
	}
	refused, body := ask(t, server, "GET", "/company/team", agent)
	if refused.StatusCode != 403 || !strings.Contains(body, "Only administrators can open this page.") {
		t.Errorf("%d %.300s", refused.StatusCode, body)
	}
}

func TestAPIKeys_aSecretIsShownOnceAndAFormMakesOneKey(t *testing.T) {
	server, app, _ := testApp(t)
	admin := logIn(t, app, app.Demo.Admin)
	_, page := ask(t, server, "GET", "/company/api-keys", admin)
	form := url.Values{"name": {"Order system"}, "form_key": {find(t, page, `name="form_key" value="([^"]+)"`)}}
	made, body := post(t, server, app, "/company/api-keys", admin, form)
	secret := find(t, body, `(pk_\w{20,})`)
	if made.StatusCode != 200 || made.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", made.StatusCode, made.Header)
	}
	again, _ := post(t, server, app, "/company/api-keys", admin, form)
	if again.StatusCode != 303 || again.Header.Get("Location") != "/company/api-keys" {
		t.Errorf("the same form again is answered %d", again.StatusCode)
	}
	_, page = ask(t, server, "GET", "/company/api-keys", admin)
	if strings.Contains(page, secret) || strings.Count(page, "Order system</span>") != 1 {
		t.Errorf("the list shows the secret, or not one key")
	}
	wrong, page := post(t, server, app, "/company/api-keys", admin,
		url.Values{"name": {"<b>" + strings.Repeat("x", 101)}, "form_key": {newFormKey()}})
	if wrong.StatusCode != 400 || !strings.Contains(page, `aria-invalid="true"`) ||
		!strings.Contains(page, "&lt;b&gt;xxx") {
		t.Errorf("a name that is too long: %d", wrong.StatusCode)
	}
}

func TestAPIKeys_openNoRouteOfTheGuide(t *testing.T) {
	server, app, _ := testApp(t)
	owner, err := app.WebSessions.Identify(t.Context(), logIn(t, app, app.Demo.Admin))
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := app.APIKeys.Create(t.Context(), owner.User, "Key")
	if err != nil {
		t.Fatal(err)
	}
	for row, guard := range guards {
		method, path, _ := strings.Cut(row, " ")
		if !strings.HasPrefix(path, "/api/") {
			continue
		}
		path = strings.ReplaceAll(path, ":id", models.NewID())
		for _, headers := range [][]string{{"Authorization", "Bearer " + secret}, {"X-API-Key", secret},
			{"Authorization", "Bearer " + secret, "X-CSRFToken", secret}} {
			if answer, body := ask(t, server, method, path, "", headers...); answer.StatusCode != 401 {
				t.Errorf("%s (%s) with %s answers %d %s", row, guard, headers[0], answer.StatusCode, body)
			}
		}
		if answer, _ := ask(t, server, method, path, secret); answer.StatusCode != 401 {
			t.Errorf("%s with a key for a cookie answers %d", row, answer.StatusCode)
		}
	}
	keys, err := app.APIKeys.List(t.Context(), owner.User)
	if err != nil || len(keys) != 1 || keys[0].LastUsedAt == nil {
		t.Errorf("a key that was presented is not noted as used: %v %v", keys, err)
	}
}

func TestCompany_anotherOrganizationsIDsAreNotFound(t *testing.T) {
	server, app, agentCookie := testApp(t)
	cookie := logIn(t, app, app.Demo.Admin)
	other := stranger(t, app)
	admin, err := app.WebSessions.Identify(t.Context(), cookie)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := app.WebSessions.Identify(t.Context(), agentCookie)
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := app.APIKeys.Create(t.Context(), admin.User, "Key")
	if err != nil {
		t.Fatal(err)
	}
	invitation, _, err := app.Users.Invite(t.Context(), admin.User, "cleo@example.com", models.RoleAgent)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/company/api-keys/" + key.ID + "/revoke",
		"/company/team/invitations/" + invitation.ID + "/revoke",
		"/company/team/invitations/" + invitation.ID + "/resend", "/company/team/" + agent.User.ID + "/role?role=admin",
		"/company/team/" + agent.User.ID + "/disable",
		"/company/team/" + agent.User.ID + "/enable", "/company/team/" + agent.User.ID + "/remove",
		"/bots/" + app.Demo.BotID, "/bots/" + app.Demo.BotID + "/rules",
		"/bots/" + app.Demo.BotID + "/try", "/bots/" + app.Demo.BotID + "/photo/remove",
		"/bots/" + app.Demo.BotID + "/remove"} {
		form := url.Values{"role": {"admin"}, "name": {"Mine now"}, "form_key": {newFormKey()}}
		if answer, body := post(t, server, app, path, other, form); answer.StatusCode != 404 {
			t.Errorf("%s of a stranger answers %d %.200s", path, answer.StatusCode, body)
		}
	}
	for _, path := range []string{"/company/team/" + agent.User.ID, "/bots/" + app.Demo.BotID} {
		if answer, _ := ask(t, server, "GET", path, other); answer.StatusCode != 404 {
			t.Errorf("%s is shown to a stranger: %d", path, answer.StatusCode)
		}
	}
	if answer, _ := ask(t, server, "GET", "/company/team/"+agent.User.ID, cookie); answer.StatusCode != 200 {
		t.Errorf("and to its own administrator it is not: %d", answer.StatusCode)
	}
}
