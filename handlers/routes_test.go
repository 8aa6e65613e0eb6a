package handlers

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/models/modelstest"
	"parley/services"
	"parley/services/state"
)

// guards says who may call a route. A route that is missing here fails the test: it was added without saying who may
// call it. Unsafe methods also need a CSRF token, but for those that are open.
//
//	open   anybody
//	form   anybody with the CSRF token of the page
//	page   users; others are sent to the login page
//	admin  administrators; agents get 403, others are sent to the login page
//	api    users; others get 401
var guards = guardOf(map[string]string{
	"open": `
		GET /
		GET /asyncapi.json
		GET /auth/login
		GET /auth/second-factor
		GET /chat-widget
		GET /chat-widget/embed.js
		GET /chat-widget/history/:id
		GET /demo
		GET /healthz
		GET /invitation/:secret
		GET /login
		GET /offline
		GET /openapi.json
		GET /photos/:id
		GET /readyz
		GET /setup
		ALL /socket.io
		ALL /socket.io/*
		GET /static/*
		GET /styleguide
		GET /sw.js
	`,
	"form": `
		POST /auth/login
		POST /auth/logout
		POST /auth/second-factor
		POST /invitation/:secret
		POST /setup
	`,
	"page": `
		GET /inbox
		GET /inbox/:id
		POST /inbox/:id/claim
		GET /inbox/:id/compose
		GET /inbox/:id/header
		GET /inbox/:id/messages
		POST /inbox/:id/messages
		GET /inbox/:id/panel
		POST /inbox/:id/preview
		POST /inbox/:id/unassign
		POST /inbox/:id/reopen
		POST /inbox/:id/resolve
		POST /inbox/:id/tag
		GET /inbox/list
		GET /profile
		POST /profile/name
		POST /profile/password
		POST /profile/photo
		POST /profile/photo/remove
		GET /profile/second-factor
		POST /profile/second-factor
		POST /profile/second-factor/confirm
		POST /profile/second-factor/disable
		POST /profile/sessions/end
	`,
	"admin": `
		GET /bots
		POST /bots
		GET /bots/:id
		POST /bots/:id
		POST /bots/:id/photo
		POST /bots/:id/photo/remove
		POST /bots/:id/remove
		POST /bots/:id/rules
		POST /bots/:id/try
		GET /bots/new
		POST /bots/new/rules
		POST /bots/new/try
		GET /company
		GET /company/api-keys
		POST /company/api-keys
		POST /company/api-keys/:id/revoke
		GET /company/audit-log
		GET /company/settings
		POST /company/settings
		GET /company/team
		GET /company/team/:id
		POST /company/team/:id/disable
		POST /company/team/:id/enable
		POST /company/team/:id/remove
		POST /company/team/:id/role
		POST /company/team/invitations
		POST /company/team/invitations/:id/resend
		POST /company/team/invitations/:id/revoke
		GET /integration
		GET /integration/developer-guide
		GET /integration/mobile-sdk
		POST /integration/mobile-sdk
		GET /integration/mobile-sdk/:id
		POST /integration/mobile-sdk/:id
		POST /integration/mobile-sdk/:id/credentials/:kind
		GET /integration/mobile-sdk/:id/credentials/:kind/remove
		POST /integration/mobile-sdk/:id/credentials/:kind/remove
		GET /integration/web-chat
		POST /integration/web-chat
		GET /integration/web-chat/:id
		POST /integration/web-chat/:id
		POST /integration/web-chat/:id/appearance
		GET /integration/web-chat/:id/preview
		GET /integration/web-chat/:id/revoke
		POST /integration/web-chat/:id/revoke
		GET /integration/web-chat/:id/waiting
		GET /welcome
		POST /welcome
	`,
	"api": `
		GET /api/conversations
		GET /api/conversations/:id
		POST /api/conversations/:id/assign
		GET /api/conversations/:id/history
		GET /api/conversations/:id/messages
		POST /api/conversations/:id/release
		POST /api/conversations/:id/reopen
		POST /api/conversations/:id/resolve
		POST /api/conversations/:id/tag
		POST /api/conversations/:id/tags
	`,
})

// guardOf turns the routes of each guard around: the guard of each route.
func guardOf(routes map[string]string) map[string]string {
	guards := map[string]string{}
	for guard, lines := range routes {
		for line := range strings.Lines(lines) {
			if row := strings.TrimSpace(line); row != "" {
				guards[row] = guard
			}
		}
	}
	return guards
}

// silentPublisher is a publisher that nobody hears.
type silentPublisher struct{}

func (silentPublisher) MessageStored(*services.Sent)                       {}
func (silentPublisher) MessagesRead(services.MessagesRead)                 {}
func (silentPublisher) ConversationAssigned(_, _ string, _ services.Agent) {}
func (silentPublisher) ConversationReleased(_, _ string)                   {}
func (silentPublisher) ConversationReopened(_, _, _ string)                {}
func (silentPublisher) ConversationTagged(_, _, _ string, _ []string)      {}
func (silentPublisher) VisitChanged(_, _ string)                           {}
func (silentPublisher) TeamChanged(string, services.Team)                  {}
func (silentPublisher) ConversationResolved(_, _, _ string, _ []string)    {}
func (silentPublisher) AgentStatusChanged(_, _ string, _ bool)             {}
func (silentPublisher) WebSessionEnded(string)                             {}
func (silentPublisher) EmbedTokenRevoked(string)                           {}
func (silentPublisher) UserSessionsEnded(string)                           {}

// testApp is the application in memory, and the cookie of the demo's agent.
func testApp(t *testing.T) (server *fiber.App, app *App, cookie string) {
	t.Helper()
	return testAppOn(t, modelstest.SQLite(t))
}

func testAppOn(t *testing.T, db *models.DB) (server *fiber.App, app *App, cookie string) {
	t.Helper()
	ctx := context.Background()
	limiter := state.NewMemoryLimiter(models.Now)
	cost := argon2id.Params{
		Memory:      64,
		Iterations:  1,
		Parallelism: 1,
		SaltLength:  16,
		KeyLength:   32,
	}
	graph, err := services.New(services.Dependencies{
		DB:           db,
		Limiter:      limiter,
		Presence:     state.NewMemoryPresence(),
		Openings:     state.NewMemoryOpenings(models.Now),
		Publisher:    silentPublisher{},
		Clock:        models.Now,
		SecretKey:    make([]byte, 32),
		SecretBox:    services.NewSecretBox(make([]byte, 32)),
		PasswordCost: cost,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(graph.Close)
	seeded, err := graph.Organizations.Seed(ctx, false)
	if err != nil {
		t.Fatal(err)
	}
	app = &App{
		Services: graph,
		Limiter:  limiter,
		Socket:   func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusOK) },
		Demo:     &seeded,
		Ready:    func(context.Context) error { return nil },
	}
	return New(app), app, logIn(t, app, seeded.Agent)
}

// logIn answers the cookie of a login.
func logIn(t *testing.T, app *App, who services.Credentials) string {
	t.Helper()
	result, err := app.WebSessions.LogIn(context.Background(), who.Email, who.Password, services.Client{})
	if err != nil {
		t.Fatal(err)
	}
	return result.Token
}

func ask(t *testing.T, server *fiber.App, method, path, cookie string, headers ...string) (*http.Response, string) {
	t.Helper()
	request := httptest.NewRequest(method, path, nil)
	if cookie != "" {
		request.Header.Set("Cookie", "session="+cookie)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return answerOf(t, server, request)
}

func answerOf(t *testing.T, server *fiber.App, request *http.Request) (*http.Response, string) {
	t.Helper()
	return answer(t, server, request)
}

func answer(t *testing.T, server *fiber.App, request *http.Request) (*http.Response, string) {
	t.Helper()
	response, err := server.Test(request, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestRoutes_everyOneHasItsGuard(t *testing.T) {
	server, app, cookie := testApp(t)
	adminCookie := logIn(t, app, app.Demo.Admin)
	seen := map[string]bool{}
	for _, route := range server.GetRoutes(true) {
		path := "/" + strings.Trim(route.Path, "/")
		row := route.Method + " " + path
		if strings.HasPrefix(path, "/socket.io") {
			row = "ALL " + path
		} else if route.Method == http.MethodHead {
			row = http.MethodGet + " " + path
		}
		guard, known := guards[row]
		if !known {
			t.Errorf("%s has no row in guards", row)
			continue
		}
		seen[row] = true
		if strings.HasPrefix(row, "ALL") {
			continue
		}
		url := strings.NewReplacer(":id", models.NewID(), ":secret", "none", ":kind", "apns", "*", "app/app.build.css").
			Replace(path)
		anonymous, _ := ask(t, server, route.Method, url, "")
		location := anonymous.Header.Get("Location")
		user, _ := ask(t, server, route.Method, url, cookie)
		admin, _ := ask(t, server, route.Method, url, adminCookie)
		csrf := guard != "open" && !safeMethod(route.Method)
		switch {
		case guard == "open" && (anonymous.StatusCode == 401 || strings.Contains(location, "next=")):
			t.Errorf("%s is for anybody, and answers %d", row, anonymous.StatusCode)
		case guard == "form" && anonymous.StatusCode != 403:
			t.Errorf("%s without the form's token answers %d", row, anonymous.StatusCode)
		case guard == "page" && (anonymous.StatusCode != 303 || !strings.HasPrefix(location, "/auth/login?next=")):
			t.Errorf("%s is for users, and answers anybody %d", row, anonymous.StatusCode)
		case guard == "admin" && (anonymous.StatusCode != 303 || !strings.HasPrefix(location, "/auth/login?next=") ||
			user.StatusCode != 403):
			t.Errorf("%s is for administrators, and answers anybody %d, an agent %d", row, anonymous.StatusCode,
				user.StatusCode)
		case guard == "admin" && (admin.StatusCode == 403) != csrf:
			t.Errorf("%s without a token answers an administrator %d", row, admin.StatusCode)
		case guard == "api" && anonymous.StatusCode != 401:
			t.Errorf("%s is for users, and answers anybody %d", row, anonymous.StatusCode)
		case csrf && user.StatusCode != 403:
			t.Errorf("%s without the token answers a user %d", row, user.StatusCode)
		case !csrf && user.StatusCode == 401:
			t.Errorf("%s refuses a user", row)
		}
	}
	for row := range guards {
		if !seen[row] {
			t.Errorf("%s is in guards, and no route", row)
		}
	}
}

// An administrator, who may do everything, is refused everything without the token that belongs to their cookie, and
// nothing changes.
func TestRoutes_unsafeMethodsNeedTheTokenOfTheCookie(t *testing.T) {
	db := modelstest.SQLite(t)
	server, app, cookie := testAppOn(t, db)
	d := &desk{t, server, app, cookie}
	belongings := d.belongings()
	admin := d.admin()
	before := d.contents(db)
	tried := 0
	for _, route := range server.GetRoutes(true) {
		path := "/" + strings.Trim(route.Path, "/")
		if safeMethod(route.Method) || strings.HasPrefix(path, "/socket.io") { // which takes no cookie as proof
			continue
		}
		tried++
		for what, token := range map[string]string{
			"no token":         "",
			"a wrong token":    "nonsense",
			"another's token":  app.WebSessions.CSRFToken(cookie),
			"the empty cookie": app.WebSessions.CSRFToken(""),
		} {
			for _, inForm := range []bool{false, true} {
				form, header := aForm(), ""
				if inForm {
					form.Set("csrf_token", token)
				} else {
					header = token
				}
				address := addressOf(path, belongings)
				request := httptest.NewRequest(route.Method, address, strings.NewReader(form.Encode()))
				request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				request.Header.Set("Cookie", "session="+admin.cookie)
				if header != "" {
					request.Header.Set("X-CSRFToken", header)
				}
				if response, _ := answer(t, server, request); response.StatusCode != http.StatusForbidden {
					t.Errorf("%s %s with %s is answered %d", route.Method, path, what, response.StatusCode)
				}
			}
		}
	}
	if tried < 50 {
		t.Errorf("only %d routes were tried", tried)
	}
	after := d.contents(db)
	for table := range before {
		if before[table] != after[table] {
			t.Errorf("%s was changed", table)
		}
	}
}

// The address of a page does not prove anything: a link could have it.
func TestRoutes_aTokenInTheAddressDoesNotCount(t *testing.T) {
	server, app, cookie := testApp(t)
	token := "?csrf_token=" + app.WebSessions.CSRFToken(cookie)
	if response, _ := ask(t, server, http.MethodPost, "/auth/logout"+token, cookie); response.StatusCode != 403 {
		t.Errorf("a token in the address is accepted: %d", response.StatusCode)
	}
}

// A path has one spelling but for slashes at its end, because not only the router compares it.
func TestRoutes_otherSpellingsLeadNowhere(t *testing.T) {
	server, _, cookie := testApp(t)
	for row := range guards {
		method, path, _ := strings.Cut(row, " ")
		if method == "ALL" {
			method = http.MethodGet
		}
		other := strings.ToUpper(path[:min(2, len(path))]) + path[min(2, len(path)):]
		if path == "/" {
			continue
		}
		if response, _ := ask(t, server, method, other, cookie); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s is answered %d", other, response.StatusCode)
		}
	}
}

// Methods that no route has are refused before anything looks at them.
func TestRoutes_otherMethodsChangeNothing(t *testing.T) {
	server, app, cookie := testApp(t)
	admin := logIn(t, app, app.Demo.Admin)
	for row, guard := range guards {
		_, path, _ := strings.Cut(row, " ")
		if guard == "open" {
			continue
		}
		for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete} {
			for _, who := range []string{cookie, admin} {
				response, _ := ask(t, server, method, strings.NewReplacer(":id", models.NewID()).Replace(path), who)
				if response.StatusCode < 400 {
					t.Errorf("%s %s is answered %d", method, path, response.StatusCode)
				}
			}
		}
	}
}

func TestRender_pagePartRefusal(t *testing.T) {
	server, app, cookie := testApp(t)
	for _, path := range []string{"/inbox", "/inbox/list"} {
		page, body := ask(t, server, "GET", path, cookie)
		if page.StatusCode != 200 || !strings.Contains(body, "<!doctype html>") ||
			!strings.Contains(page.Header.Get("Vary"), "HX-Request") {
			t.Errorf("%s is no page: %d %v", path, page.StatusCode, page.Header)
		}
		if page.Header.Get("Cache-Control") != "no-store" ||
			!strings.Contains(page.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("the headers of %s are %v", path, page.Header)
		}
	}
	part, body := ask(t, server, "GET", "/inbox/list", cookie, "HX-Request", "true", "HX-Request-Type", "partial")
	if part.StatusCode != 200 || strings.Contains(body, "<html") || !strings.Contains(body, `id="list"`) {
		t.Errorf("the list is no part: %.200s", body)
	}
	_, body = ask(t, server, "GET", "/inbox/list", cookie, "HX-Request", "true", "HX-History-Restore-Request", "true")
	if !strings.Contains(body, "<html") {
		t.Error("a page restored from history is a part")
	}
	lost, body := ask(t, server, "GET", "/inbox/"+models.NewID(), cookie, "HX-Request", "true")
	if lost.StatusCode != 404 || strings.Contains(body, "<html") || !strings.Contains(body, "Conversation not found.") {
		t.Errorf("a refused part is %d %.200s", lost.StatusCode, body)
	}
	out, _ := ask(t, server, "GET", "/inbox/list", "", "HX-Request", "true", "HX-Current-URL",
		"https://chat.example.com/inbox?filter=mine")
	if out.StatusCode != 401 || out.Header.Get("HX-Redirect") != "/auth/login?next=%2Finbox%3Ffilter%3Dmine" {
		t.Errorf("a part for nobody is answered %d %v", out.StatusCode, out.Header)
	}
	for what, answer := range map[string]*http.Response{"a part": part, "a refusal": lost, "a logout": out} {
		if answer.Header.Get("X-Parley") == "" {
			t.Errorf("%s has no mark", what)
		}
	}
	app.Ready = func(context.Context) error { return context.DeadlineExceeded }
	if down, body := ask(t, server, "GET", "/readyz", ""); down.StatusCode != 503 ||
		strings.Contains(body, "deadline") {
		t.Errorf("a server that is not ready answers %d %s", down.StatusCode, body)
	}
}
