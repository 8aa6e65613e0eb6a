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

// guards is who may call what. A route that is missing here fails the test: it was added without saying who may call
// it.
//
//	open   anybody
//	form   anybody with the CSRF token of the page
//	page   users; others are led to the login page
//	admin  administrators; agents get 403, others are led to the login page
//	api    users; others get 401
//	+csrf  and with the CSRF token of their session
var guards = map[string]string{
	"ALL /socket.io": "open", "ALL /socket.io/*": "open",
	"GET /healthz": "open", "GET /readyz": "open", "GET /static/*": "open",
	"GET /chat-widget/embed.js": "open", "GET /chat-widget": "open", "GET /chat-widget/history/:id": "open",
	"GET /": "open", "GET /setup": "open", "POST /setup": "form", "GET /auth/login": "open", "POST /auth/login": "form",
	"POST /auth/logout": "form", "GET /demo": "open", "GET /styleguide": "open", "GET /sw.js": "open",
	"GET /offline": "open",
	"GET /inbox":   "page", "GET /inbox/list": "page", "GET /inbox/:id": "page", "GET /inbox/:id/header": "page",
	"GET /inbox/:id/messages": "page", "GET /inbox/:id/panel": "page", "GET /inbox/:id/compose": "page",
	"POST /inbox/:id/claim": "page+csrf", "POST /inbox/:id/resolve": "page+csrf", "POST /inbox/:id/tag": "page+csrf",
	"POST /inbox/:id/messages": "page+csrf",
	"GET /auth/second-factor":  "open", "POST /auth/second-factor": "form", "GET /invitation/:secret": "open",
	"POST /invitation/:secret": "form", "GET /photos/:id": "open",
	"GET /profile": "page", "POST /profile/name": "page+csrf", "POST /profile/photo": "page+csrf",
	"POST /profile/photo/remove": "page+csrf", "POST /profile/password": "page+csrf",
	"GET /profile/second-factor": "page", "POST /profile/second-factor": "page+csrf",
	"POST /profile/second-factor/confirm": "page+csrf", "POST /profile/second-factor/disable": "page+csrf",
	"POST /profile/sessions/end": "page+csrf",
	"GET /bots":                  "admin", "POST /bots": "admin+csrf", "GET /bots/new": "admin",
	"POST /bots/new/rules": "admin+csrf", "POST /bots/new/try": "admin+csrf",
	"GET /bots/:id": "admin", "POST /bots/:id": "admin+csrf", "POST /bots/:id/rules": "admin+csrf",
	"POST /bots/:id/try": "admin+csrf", "POST /bots/:id/photo": "admin+csrf",
	"POST /bots/:id/photo/remove": "admin+csrf", "POST /bots/:id/remove": "admin+csrf",
	"GET /company": "admin", "GET /company/api-keys": "admin", "POST /company/api-keys": "admin+csrf",
	"POST /company/api-keys/:id/revoke": "admin+csrf",
	"GET /company/team":                 "admin", "POST /company/team/invitations": "admin+csrf",
	"POST /company/team/invitations/:id/resend": "admin+csrf",
	"POST /company/team/invitations/:id/revoke": "admin+csrf",
	"GET /company/team/:id":                     "admin", "POST /company/team/:id/role": "admin+csrf",
	"POST /company/team/:id/disable": "admin+csrf", "POST /company/team/:id/enable": "admin+csrf",
	"POST /company/team/:id/remove": "admin+csrf",
	"GET /company/settings":         "admin", "POST /company/settings": "admin+csrf", "GET /company/audit-log": "admin",
	"GET /openapi.json": "open", "GET /asyncapi.json": "open",
	"GET /welcome": "admin", "POST /welcome": "admin+csrf",
	"GET /integration": "admin", "GET /integration/web-chat": "admin", "POST /integration/web-chat": "admin+csrf",
	"GET /integration/web-chat/:id": "admin", "POST /integration/web-chat/:id": "admin+csrf",
	"POST /integration/web-chat/:id/appearance": "admin+csrf", "GET /integration/web-chat/:id/preview": "admin",
	"GET /integration/web-chat/:id/waiting": "admin",
	"GET /integration/web-chat/:id/revoke":  "admin", "POST /integration/web-chat/:id/revoke": "admin+csrf",
	"GET /integration/mobile-sdk": "admin", "POST /integration/mobile-sdk": "admin+csrf",
	"GET /integration/mobile-sdk/:id": "admin", "POST /integration/mobile-sdk/:id": "admin+csrf",
	"POST /integration/mobile-sdk/:id/credentials/:kind":        "admin+csrf",
	"GET /integration/mobile-sdk/:id/credentials/:kind/remove":  "admin",
	"POST /integration/mobile-sdk/:id/credentials/:kind/remove": "admin+csrf",
	"GET /integration/developer-guide":                          "admin",
	"POST /inbox/:id/release":                                   "page+csrf", "POST /inbox/:id/reopen": "page+csrf",
	"POST /inbox/:id/preview": "page+csrf",
	"GET /api/conversations":  "api", "GET /api/conversations/:id": "api", "GET /api/conversations/:id/messages": "api",
	"GET /api/conversations/:id/history": "api",
	"POST /api/conversations/:id/assign": "api+csrf", "POST /api/conversations/:id/release": "api+csrf",
	"POST /api/conversations/:id/reopen":  "api+csrf",
	"POST /api/conversations/:id/resolve": "api+csrf", "POST /api/conversations/:id/tag": "api+csrf",
	"POST /api/conversations/:id/tags": "api+csrf",
}

// silentPublisher is a publisher that nobody hears.
type silentPublisher struct{}

func (silentPublisher) MessageStored(models.Message)                       {}
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
		WebSessions:  state.NewDatabaseWebSessions(db, models.Now),
		Limiter:      limiter,
		Presence:     state.NewMemoryPresence(),
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
		Setup:    NewSetupToken(graph.Organizations, limiter, []byte("secret")),
		Demo:     &seeded,
		Ready:    func(context.Context) error { return nil },
	}
	return New(app), app, logIn(t, app, seeded.Agent)
}

// logIn answers the cookie of a login.
func logIn(t *testing.T, app *App, who services.Credentials) string {
	t.Helper()
	result, err := app.Login.Login(context.Background(), who.Email, who.Password, services.Device{Address: "test"})
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
		guard, csrf, _ := strings.Cut(guard, "+")
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
		case guard == "admin" && (admin.StatusCode == 403) != (csrf != ""):
			t.Errorf("%s without a token answers an administrator %d", row, admin.StatusCode)
		case guard == "api" && anonymous.StatusCode != 401:
			t.Errorf("%s is for users, and answers anybody %d", row, anonymous.StatusCode)
		case csrf != "" && user.StatusCode != 403:
			t.Errorf("%s without the token answers a user %d", row, user.StatusCode)
		case csrf == "" && guard != "form" && user.StatusCode == 401:
			t.Errorf("%s refuses a user", row)
		}
	}
	for row := range guards {
		if !seen[row] {
			t.Errorf("%s is in guards, and no route", row)
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
	app.Ready = func(context.Context) error { return context.DeadlineExceeded }
	if down, body := ask(t, server, "GET", "/readyz", ""); down.StatusCode != 503 ||
		strings.Contains(body, "deadline") {
		t.Errorf("a server that is not ready answers %d %s", down.StatusCode, body)
	}
}
