package handlers

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley/models"
)

// captured is what the program logs from now to the end of the test.
type captured struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (c *captured) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(p)
}

// take returns the lines since the last time.
func (c *captured) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := strings.TrimSpace(c.text.String())
	c.text.Reset()
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func capture(t *testing.T) *captured {
	t.Helper()
	log, before := &captured{}, slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return log
}

func TestRefusals_areLoggedByKindAddressAndRoute(t *testing.T) {
	server, app, cookie := testApp(t)
	app.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(testPeer + "/32")}
	log := capture(t)
	admin := logIn(t, app, app.Demo.Admin)
	secrets := []string{cookie, admin, app.Demo.Agent.Email, app.Demo.Agent.Password, "secret-query", "external-7",
		app.WebSessions.CSRFToken(cookie), "typed by somebody"}
	id := models.NewID()
	conversation := (&desk{t, server, app, cookie}).conversation("Eve", "hello")
	for _, test := range []struct {
		name, method, path, cookie string
		token                      bool
		form                       url.Values
		want                       string
	}{
		{"a wrong password", "POST", "/auth/login?x=secret-query", "fresh", true,
			url.Values{"email": {app.Demo.Agent.Email}, "password": {"typed by somebody"}},
			`kind="login failed" address=203.0.113.7 method=POST route=/auth/login`},
		{"an unknown email", "POST", "/auth/login", "fresh", true,
			url.Values{"email": {"typed by somebody"}, "password": {"typed by somebody"}},
			`kind="login failed" address=203.0.113.7 method=POST route=/auth/login`},
		{"a form without its token", "POST", "/company/api-keys?x=secret-query", admin, false, nil,
			`kind="no valid CSRF token" address=203.0.113.7 method=POST route=/company`},
		{"a login without its token", "POST", "/auth/login", "", false, url.Values{"email": {app.Demo.Agent.Email}},
			`kind="no valid CSRF token" address=203.0.113.7 method=POST route=/auth`},
		{"an API call without its token", "POST", "/api/conversations/" + id + "/assign", cookie, false, nil,
			`kind="no valid CSRF token" address=203.0.113.7 method=POST route=/api`},
		{"an agent at an administrator's page", "GET", "/company/team?x=secret-query", cookie, false, nil,
			`kind=forbidden address=203.0.113.7 method=GET route=/company`},
		{"a wrong external id", "GET", "/chat-widget/history/" + conversation + "?external_id=external-7", "", false, nil,
			`kind=forbidden address=203.0.113.7 method=GET route=/chat-widget/history/:id`},
		{"an unknown embed token", "GET", "/chat-widget?embed_token=secret-query&session_id=external-7", "", false, nil,
			`kind=forbidden address=203.0.113.7 method=GET route=/chat-widget`},
		{"a page without a login", "GET", "/inbox", "", false, nil, ""},
		{"an unknown page", "GET", "/secret-query", "", false, nil, ""},
		{"a page", "GET", "/inbox", cookie, false, nil, ""},
		{"a logout", "POST", "/auth/logout", cookie, true, nil, ""},
	} {
		request := httptest.NewRequest(test.method, test.path, strings.NewReader(test.form.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Cookie", "session="+test.cookie)
		request.Header.Set("X-Forwarded-For", "203.0.113.7")
		if test.token {
			request.Header.Set("X-CSRFToken", app.WebSessions.CSRFToken(test.cookie))
		}
		response, _ := answer(t, server, request)
		lines := log.take()
		if test.want == "" && len(lines) > 0 || test.want != "" && (len(lines) != 1 ||
			!strings.Contains(lines[0], `level=WARN msg="request refused" `+test.want)) {
			t.Errorf("%s, answered %d, is logged as %q, want %s", test.name, response.StatusCode, lines, test.want)
		}
		for _, secret := range append(secrets, id, conversation) {
			if strings.Contains(fmt.Sprint(lines), secret) {
				t.Errorf("%s: the log has %s", test.name, secret)
			}
		}
	}
}

func TestRefusals_ofRatesAndSocketsAreLogged(t *testing.T) {
	server, app, cookie := testApp(t)
	log := capture(t)
	for range 21 { // the limit of an account and address is 20
		request := httptest.NewRequest(http.MethodPost, "/auth/login", strings.NewReader("email=x&password=y"))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Cookie", "session=fresh")
		request.Header.Set("X-CSRFToken", app.WebSessions.CSRFToken("fresh"))
		answer(t, server, request)
	}
	limited := `kind="rate limited" address=0.0.0.0 method=POST route=/auth/login`
	if lines := log.take(); len(lines) != 21 || !strings.Contains(lines[20], limited) {
		t.Errorf("a limit is logged as %q", lines)
	}

	app.AddressLimits.Sockets = 1
	var releases []func()
	sockets := socketServer(app, &releases)
	ask(t, sockets, http.MethodGet, "/", "")
	ask(t, sockets, http.MethodGet, "/", "")
	if lines := log.take(); len(lines) != 1 || !strings.Contains(lines[0], `kind="too many sockets" address=0.0.0.0`) {
		t.Errorf("one socket too many is logged as %q", lines)
	}
	origins := originServer(app)
	ask(t, origins, http.MethodGet, "/", cookie, "Origin", "https://evil.example")
	ask(t, origins, http.MethodGet, "/", "", "Origin", "https://customer.example")
	if lines := log.take(); len(lines) != 1 || !strings.Contains(lines[0], `kind="foreign origin" address=0.0.0.0`) {
		t.Errorf("a foreign page with an agent's cookie is logged as %q", lines)
	}
}

func TestRefusalLog_aFloodIsCounted(t *testing.T) {
	log := capture(t)
	synctest.Test(t, func(t *testing.T) {
		var refusals refusalLog
		for range refusalLines + 1000 {
			refusals.note(refusedRight, "203.0.113.7")
		}
		refusals.note(refusedRate, "203.0.113.8")
		if lines := log.take(); len(lines) != refusalLines+1 {
			t.Errorf("a flood makes %d lines", len(lines))
		}
		<-time.After(refusalPeriod)
		synctest.Wait()
		if lines := log.take(); len(lines) != 1 || !strings.Contains(lines[0], "kind=forbidden count=1000") {
			t.Errorf("what was left out is logged as %q", lines)
		}
		refusals.note(refusedRight, "203.0.113.7")
		if lines := log.take(); len(lines) != 1 {
			t.Errorf("the next period begins with %q", lines)
		}
		<-time.After(refusalPeriod)
		synctest.Wait()
		if lines := log.take(); len(lines) != 0 {
			t.Errorf("nothing was left out, and it is logged as %q", lines)
		}
	})
}

func TestRefusalLog_takesNotesAtOnce(t *testing.T) {
	log := capture(t)
	var refusals refusalLog
	var wait sync.WaitGroup
	for range 100 {
		wait.Go(func() { refusals.note(refusedRight, "203.0.113.7") })
	}
	wait.Wait()
	if lines := log.take(); len(lines) != refusalLines {
		t.Errorf("%d lines", len(lines))
	}
}
