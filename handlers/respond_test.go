package handlers

import (
	"net/http"
	"strings"
	"testing"
)

// A page that says no is drawn without reading the session cookie anew: setting one would log its reader out.
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
func TestLogin_anExpiredFormIsDrawnAnew(t *testing.T) {
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
