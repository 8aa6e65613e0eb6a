package handlers

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"parley/static"
)

// kept are the routes whose answers caches may keep, and how.
var kept = map[string]string{
	"GET /static/*":             "public, no-cache",
	"GET /chat-widget/embed.js": "public, max-age=3600, stale-while-revalidate=7200",
	"GET /photos/:id":           "public, max-age=31536000, immutable",
	"GET /sw.js":                "no-cache",
	"GET /openapi.json":         "no-cache",
	"GET /asyncapi.json":        "no-cache",
}

// embedded are the routes that other sites load something from.
var embedded = map[string]bool{
	"GET /static/*":             true, // the widget's part
	"GET /chat-widget/embed.js": true,
	"GET /chat-widget":          true,
	"GET /photos/:id":           true,
	"GET /openapi.json":         true,
	"GET /asyncapi.json":        true,
}

// framers are the routes that somebody may frame, and who.
var framers = map[string]string{
	"GET /chat-widget":                      "*",
	"GET /integration/web-chat/:id/preview": "'self'",
}

func TestRoutes_haveTheirHeaders(t *testing.T) {
	server, app, cookie := testApp(t)
	d := &desk{t, server, app, cookie}
	belongings := d.belongings()
	admin := d.admin()
	uploaded, _ := upload(t, server, app, "/profile/photo", cookie, noise(t, 20))
	if uploaded.StatusCode != http.StatusSeeOther {
		t.Fatal(uploaded.StatusCode)
	}
	photo := photoID(d.user().PhotoID)
	for _, row := range slices.Sorted(maps.Keys(guards)) { // GET before POST, which removes what was there
		method, path, _ := strings.Cut(row, " ")
		if strings.HasPrefix(path, "/socket.io") {
			continue
		}
		path = strings.NewReplacer("/static/*", "/static/widget/widget.js", "/photos/:id", "/photos/"+photo,
			"/history/:id", "/history/"+belongings["/inbox/"]+"?external_id=id+of+Eve").Replace(path)
		if path == "/chat-widget" {
			path += "?session_id=Eve&embed_token=" + app.Demo.EmbedToken
		}
		address := addressOf(path, belongings)
		for who, sent := range map[string]string{"an administrator": admin.cookie, "nobody": ""} {
			for _, token := range []string{"", app.WebSessions.CSRFToken(sent)} {
				if token != "" && method == http.MethodGet || strings.HasPrefix(path, "/auth/logout") {
					continue
				}
				response, _ := ask(t, server, method, address, sent, "X-CSRFToken", token)
				for name, want := range wanted(row, response.StatusCode) {
					if got := fmt.Sprint(response.Header.Values(name)); got != fmt.Sprint(want) {
						t.Errorf("%s for %s, answered %d, has %s %s, want %s", row, who, response.StatusCode, name, got, want)
					}
				}
				csp := response.Header.Get("Content-Security-Policy")
				if strings.Contains(csp, "http:") || strings.Contains(csp, "unsafe") ||
					!strings.HasPrefix(csp, "default-src 'none'; script-src 'self';") {
					t.Errorf("%s has the policy %s", row, csp)
				}
			}
		}
	}
}

// wanted are the headers of an answer; only what succeeds is kept or framed.
func wanted(row string, status int) map[string][]string {
	cache, ancestors := "no-store", "'none'"
	resource, embedder := "same-origin", []string{}
	if found := kept[row]; found != "" && status == http.StatusOK {
		cache = found
	}
	if embedded[row] {
		resource, embedder = "cross-origin", []string{"credentialless"}
	}
	if found := framers[row]; found != "" && status == http.StatusOK {
		ancestors = found
	}
	policy := strings.TrimSuffix(contentSecurityPolicy(""), "frame-ancestors ") + "frame-ancestors " + ancestors
	referrer := "same-origin"
	if row == "GET /chat-widget" {
		referrer = "no-referrer"
	}
	return map[string][]string{
		"Cache-Control":                {cache},
		"X-Content-Type-Options":       {"nosniff"},
		"Referrer-Policy":              {referrer},
		"Permissions-Policy":           {noFeatures},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {resource},
		"Cross-Origin-Embedder-Policy": embedder,
		"Content-Security-Policy":      {policy},
		"Strict-Transport-Security":    {},
	}
}

func TestErrors_haveTheHeadersOfPrivateAnswers(t *testing.T) {
	server, app, cookie := testApp(t)
	for _, test := range []struct {
		method, path, cookie string
		status               int
	}{
		{"GET", "/nowhere", "", 404},
		{"GET", "/static/app/nothing.js", "", 404},
		{"GET", "/photos/nothing", "", 404},
		{"GET", "/api", "", 401},
		{"GET", "/api/conversations/", "", 401},
		{"GET", "/api/conversations/nothing", cookie, 404},
		{"GET", "/api/conversations/?filter=nothing", cookie, 400},
		{"POST", "/api/conversations/nothing/assign", cookie, 403},
		{"GET", "/company/team", cookie, 403},
		{"GET", "/chat-widget/history/nothing?external_id=x", "", 404},
		{"GET", "/readyz", "", 503},
		{"GET", "/inbox", "", 303},
		{"GET", "/", "", 303},
		{"PUT", "/healthz", "", 404},
	} {
		app.Ready = func(context.Context) error { return context.DeadlineExceeded }
		response, body := ask(t, server, test.method, test.path, test.cookie)
		if response.StatusCode != test.status {
			t.Errorf("%s %s is answered %d %.100s", test.method, test.path, response.StatusCode, body)
		}
		if cache := response.Header.Get("Cache-Control"); cache != "no-store" {
			t.Errorf("%s %s, answered %d, has Cache-Control %q", test.method, test.path, response.StatusCode, cache)
		}
		if response.Header.Get("X-Content-Type-Options") != "nosniff" ||
			response.Header.Get("Cross-Origin-Opener-Policy") != "same-origin" {
			t.Errorf("%s %s has the headers %v", test.method, test.path, response.Header)
		}
	}
}

// A chat that is refused says so in the frame of any site, to the person who looks for the fault.
func TestWidget_refusalMayBeFramed(t *testing.T) {
	server, _, _ := testApp(t)
	response, _ := ask(t, server, http.MethodGet, "/chat-widget?embed_token=none", "")
	if policy := response.Header.Get("Content-Security-Policy"); response.StatusCode != http.StatusForbidden ||
		!strings.HasSuffix(policy, "frame-ancestors *") || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", response.StatusCode, response.Header)
	}
}

func TestAssets_ofTheDashboardAreNotForOtherSites(t *testing.T) {
	server, _, _ := testApp(t)
	response, _ := ask(t, server, http.MethodGet, static.URL("app/inbox.js"), "")
	if response.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" ||
		!strings.Contains(response.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%d %v", response.StatusCode, response.Header)
	}
}

func TestHSTS_comesWithHTTPSOnly(t *testing.T) {
	server, app, _ := testApp(t)
	hsts := func(header ...string) string {
		response, _ := ask(t, server, http.MethodGet, "/auth/login", "", header...)
		secure := strings.Contains(response.Header.Get("Set-Cookie"), "secure")
		if value := response.Header.Get("Strict-Transport-Security"); (value != "") != secure {
			t.Errorf("with %q the cookie is %q", value, response.Header.Get("Set-Cookie"))
		}
		return response.Header.Get("Strict-Transport-Security")
	}
	if hsts() != "" || hsts("X-Forwarded-Proto", "https") != "" {
		t.Error("HSTS over http")
	}
	app.TrustedProxies = trustingAll
	if hsts("X-Forwarded-Proto", "https") != "max-age=31536000" {
		t.Error("no HSTS behind a proxy with TLS")
	}
	app.BaseURL = "https://chat.example.com"
	if hsts() != "max-age=31536000" {
		t.Error("no HSTS with BASE_URL")
	}
	request := httptest.NewRequest(http.MethodGet, "/nowhere", nil)
	if response, _ := answer(t, server, request); response.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS with an error")
	}
}
