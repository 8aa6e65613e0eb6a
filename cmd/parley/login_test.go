package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parley/e2e/link"
)

func TestLogin_redirectsAndCookie(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.browser(0)
		a := b.get("/inbox?filter=all").status(t, http.StatusSeeOther)
		if to := a.Header.Get("Location"); to != "/auth/login?next="+url.QueryEscape("/inbox?filter=all") {
			t.Errorf("an unknown browser is led to %s", to)
		}
		b.get("/api/conversations/").refused(t, 401, "unauthorized")
		b.get("/auth/login?next=/inbox").status(t, 200)
		if b.csrf == "" {
			t.Fatal("the login page has no csrf-token")
		}
		before := b.session()

		// Every failure says the same.
		wrong := []string{}
		for _, who := range [][2]string{{w.seeded.Agent.Email, "not the password"},
			{"nobody@example.com", w.seeded.Agent.Password}, {"", ""}, {"\x00", "\x00"}} {
			a := b.form("/auth/login", "email", who[0], "password", who[1]).status(t, 401)
			_, message, _ := strings.Cut(a.body, `id="login-error"`)
			message, _, _ = strings.Cut(message, "</p>")
			wrong = append(wrong, message)
		}
		for _, message := range wrong {
			if message == "" || message != wrong[0] {
				t.Errorf("failures differ: %q", wrong)
			}
		}

		a = b.form("/auth/login", "email", "  "+strings.ToUpper(w.seeded.Agent.Email), "password",
			w.seeded.Agent.Password, "next", "/inbox?filter=mine").status(t, http.StatusSeeOther)
		if to := a.Header.Get("Location"); to != "/inbox?filter=mine" {
			t.Errorf("next leads to %s", to)
		}
		cookie := a.Header.Get("Set-Cookie")
		for _, want := range []string{"session=", "HttpOnly", "SameSite=Lax", "path=/"} {
			if !strings.Contains(cookie, want) {
				t.Errorf("the cookie lacks %s: %s", want, cookie)
			}
		}
		if strings.Contains(strings.ToLower(cookie), "secure") {
			t.Error("the cookie is Secure on http: no browser would send it")
		}
		if b.session() == before {
			t.Error("the session id from before the login was kept")
		}
		b.get("/inbox").status(t, 200)
		b.get("/api/conversations").status(t, 200)
		b.at(w, 1).get("/inbox").status(t, 200)
		if to := b.get("/auth/login").status(t, http.StatusSeeOther).Header.Get("Location"); to != "/inbox" {
			t.Errorf("who is logged in is led from the login page to %s", to)
		}
	})
}

func TestLogin_nextLeadsToNoOtherSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 1)
	for _, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, `\\evil.example`,
		"javascript:alert(1)", "/\t/evil.example", "inbox", "http:evil.example", ""} {
		b := w.browser(0)
		b.get("/auth/login?next=" + url.QueryEscape(next))
		a := b.form("/auth/login", "email", w.seeded.Agent.Email, "password", w.seeded.Agent.Password, "next", next).
			status(t, http.StatusSeeOther)
		if to := a.Header.Get("Location"); to != "/inbox" {
			t.Errorf("next=%q leads to %q", next, to)
		}
	}
}

func TestCSRF_everyFormAndCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 1)
	v := w.visit(0)
	w.endUser(0, v).ok("send_message", v.say(text("hello")))
	agent, other := w.login(0, w.seeded.Agent), w.login(0, w.seeded.Admin)
	before := w.rows()
	for _, path := range []string{"/api/conversations/%s/assign", "/api/conversations/%s/resolve",
		"/api/conversations/%s/tag", "/api/conversations/%s/tags",
		"/inbox/%s/claim", "/inbox/%s/resolve", "/inbox/%s/tag", "/inbox/%s/messages", "/auth/logout", "/auth/login"} {
		if strings.Contains(path, "%s") {
			path = fmt.Sprintf(path, v.conversationID)
		}
		for _, token := range []string{"", "wrong", other.csrf, agent.csrf + "x"} {
			agent.do(http.MethodPost, path, "", "X-CSRFToken", token).status(t, 403)
			agent.do(http.MethodPost, path, "csrf_token="+url.QueryEscape(token)+"&content=x&tags=x", "Content-Type",
				"application/x-www-form-urlencoded").status(t, 403)
		}
	}
	if after := w.rows(); after != before {
		t.Errorf("a forged request stored something: %d rows, then %d", before, after)
	}
	agent.get("/inbox").status(t, 200)
	agent.post("/api/conversations/"+v.conversationID+"/assign", "").status(t, 200)
}

func TestCookie_secureOnHTTPS(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	w := newWorld(t, sqliteEnv(t, "ADDR="+address, "BASE_URL=https://chat.example.com"), 1)
	w.nodes[0].url = "http://" + address
	b := w.browser(0)
	cookie := b.get("/auth/login").status(t, 200).Header.Get("Set-Cookie")
	if !strings.Contains(strings.ToLower(cookie), "secure") {
		t.Errorf("the cookie is not Secure under https: %s", cookie)
	}
	// A browser would send it over https; the test's jar does not over http.
	session, _, _ := strings.Cut(strings.TrimPrefix(cookie, "session="), ";")
	form := url.Values{"csrf_token": {b.csrf}, "email": {w.seeded.Agent.Email}, "password": {w.seeded.Agent.Password}}
	a := b.do(http.MethodPost, "/auth/login", form.Encode(), "Content-Type", "application/x-www-form-urlencoded",
		"Cookie", "session="+session).status(t, 303)
	if cookie := a.Header.Get("Set-Cookie"); !strings.Contains(strings.ToLower(cookie), "secure") ||
		!strings.Contains(cookie, "HttpOnly") {
		t.Errorf("the cookie after the login is %s", cookie)
	}
}

// freeAddress is an address nobody listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := link.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func TestLogout_endsTheSessionOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one, two := w.login(0, w.seeded.Agent), w.login(0, w.seeded.Agent)
		stale := one.session()
		if to := one.form("/auth/logout").status(t, http.StatusSeeOther).Header.Get("Location"); to != "/auth/login" {
			t.Errorf("logging out leads to %s", to)
		}
		w.browser(1).get("/api/conversations/", "Cookie", "session="+stale).refused(t, 401, "unauthorized")
		two.at(w, 1).get("/api/conversations/").status(t, 200)
	})
}

func TestLogin_guessingIsLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 1)
	b := w.browser(0)
	b.get("/auth/login")
	for range 20 {
		b.form("/auth/login", "email", "guess@example.com", "password", "wrong wrong").status(t, 401)
	}
	a := b.form("/auth/login", "email", "guess@example.com", "password", "wrong wrong").status(t, 429)
	if a.Header.Get("Retry-After") == "" {
		t.Error("429 comes without Retry-After")
	}
	b.form("/auth/login", "email", w.seeded.Agent.Email, "password", w.seeded.Agent.Password).status(t, 303)
}

func TestRestart_logsNobodyOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 1)
	b := w.login(0, w.seeded.Agent)
	w.nodes[0].stop(t)
	b.base = w.start().url
	b.get("/api/conversations/").status(t, 200)
	if err := run(context.Background(), []string{"seed"}, w.getenv, strings.NewReader(""),
		&strings.Builder{}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second process while serve runs on SQLite fails with %v", err)
	}
}
