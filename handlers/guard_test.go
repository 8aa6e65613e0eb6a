package handlers

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Over http the browser does not keep the cookie that a server with an https address sets, so no form can work.
func TestForms_overHTTPSayWhereToGo(t *testing.T) {
	server, app, _ := testApp(t)
	app.BaseURL = "https://chat.example.com"
	for path, page := range map[string]string{
		"/auth/login":         "/auth/login",
		"/auth/login/":        "/auth/login",
		"/auth/second-factor": "/auth/login",
		"/setup":              "/setup",
		"/invitation/secret":  "/invitation/secret",
	} {
		for name, header := range map[string][2]string{
			"an Origin over http": {"Origin", "http://chat.example.com"},
			"no Origin":           {"X-Nothing", "x"},
		} {
			form := url.Values{"email": {app.Demo.Agent.Email}, "password": {app.Demo.Agent.Password}, "csrf_token": {"x"}}
			request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set(header[0], header[1])
			response, body := answer(t, server, request)
			address := app.BaseURL + page
			if response.StatusCode != http.StatusForbidden || strings.Contains(body, "expired") ||
				!strings.Contains(body, "Open "+address+" instead: this server only accepts logins there.") ||
				!strings.Contains(body, `href="`+address+`"`) {
				t.Errorf("%s with %s is answered %d %.600s", path, name, response.StatusCode, body)
			}
		}
	}
}

// A form that expired over https, or on a server without an https address, is just that.
func TestForms_thatExpiredSaySo(t *testing.T) {
	server, app, _ := testApp(t)
	for _, test := range []struct{ baseURL, cookie, origin string }{
		{"", "", "http://example.com"},
		{"http://chat.example.com", "", "http://chat.example.com"},
		{"https://chat.example.com", "", "https://chat.example.com"},
		{"https://chat.example.com", "another", "http://chat.example.com"},
	} {
		app.BaseURL = test.baseURL
		response, body := ask(t, server, http.MethodPost, "/auth/login", test.cookie, "Origin", test.origin)
		if response.StatusCode != http.StatusForbidden || !strings.Contains(body, "This form had expired.") ||
			!strings.Contains(body, `name="password"`) {
			t.Errorf("%+v is answered %d %.300s", test, response.StatusCode, body)
		}
	}
}
