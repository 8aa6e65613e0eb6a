package handlers

import (
	"net/http"
	"strings"
	"testing"

	"parley/models"
)

// A refused request may have a session cookie that could not be read. Setting another one would log the user out.
func TestProblem_setsNoCookieAndKeepsThePolicy(t *testing.T) {
	server, _, _ := testApp(t)
	response, body := ask(t, server, http.MethodGet, "/nowhere", "")
	if response.StatusCode != http.StatusNotFound || !strings.Contains(body, "nothing") {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	if cookies := response.Header.Values("Set-Cookie"); len(cookies) > 0 {
		t.Errorf("sets %q", cookies)
	}
	if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
}

func TestProblem_keepsTheNavigationOfAUser(t *testing.T) {
	d := newDesk(t)
	for path, status := range map[string]int{"/inbox/" + models.NewID(): 404, "/nowhere": 404, "/bots": 403,
		"/company/team": 403} {
		response, body := d.page(path)
		if response.StatusCode != status || len(response.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s: %d %v", path, response.StatusCode, response.Header)
		}
		d.has(body, `class="rail"`, `href="/inbox"`, `href="/profile"`, `action="/auth/logout"`)
		d.lacks(body, `href="/company/team"`, `href="/bots"`) // not for agents
	}
	admin := d.admin()
	_, body := admin.page("/company/nowhere")
	admin.has(body, "Page not found", `href="/company/team"`)

	for _, cookie := range []string{"", "unknown"} {
		_, body := ask(t, d.server, http.MethodGet, "/nowhere", cookie)
		d.lacks(body, `class="rail"`, "/auth/logout")
	}
}

func TestAPI_unknownPathsNeedALoginToo(t *testing.T) {
	server, _, cookie := testApp(t)
	for login, status := range map[string]int{"": http.StatusUnauthorized, cookie: http.StatusNotFound} {
		response, body := ask(t, server, http.MethodGet, "/api/nowhere", login)
		if response.StatusCode != status || !strings.HasPrefix(body, `{"error":`) {
			t.Errorf("%d %s", response.StatusCode, body)
		}
	}
}

// Two tabs opened at once get two cookies, and the browser keeps the later: the earlier form comes back, ready to send.
func TestLogin_anExpiredFormIsShownAgain(t *testing.T) {
	server, _, _ := testApp(t)
	response, body := ask(t, server, http.MethodPost, "/auth/login", "another", "X-CSRFToken", "of the other tab")
	if response.StatusCode != http.StatusForbidden || !strings.Contains(body, `name="password"`) ||
		!strings.Contains(body, "expired") {
		t.Errorf("%d %s", response.StatusCode, body)
	}
}

func TestWidget_refusalIsAPageWithOrWithoutSlash(t *testing.T) {
	server, _, _ := testApp(t)
	for _, path := range []string{"/chat-widget?embed_token=none", "/chat-widget/?embed_token=none"} {
		response, body := ask(t, server, http.MethodGet, path, "")
		if response.StatusCode != http.StatusForbidden || !strings.HasPrefix(body, "<!doctype html>") {
			t.Errorf("%s: %d %s", path, response.StatusCode, body)
		}
	}
}

// The escapes would make a message six times as long, and nothing of ours puts JSON into HTML.
func TestAPI_leavesOutTheEscapesOfHTML(t *testing.T) {
	d := newDesk(t)
	conversation := d.conversation("Jo", "<b>&</b>")
	for _, path := range []string{
		"/chat-widget/history/" + conversation + "?external_id=id+of+Jo",
		"/api/conversations/" + conversation + "/messages",
	} {
		response, body := d.page(path)
		if !strings.Contains(body, `"content":"<b>&</b>"`) {
			t.Errorf("%s is %s", path, body)
		}
		if response.Header.Get("Content-Type") != "application/json" ||
			response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s could be taken for a page: %v", path, response.Header)
		}
	}
}
