package handlers

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
	"parley/views"
)

const (
	sessionCookie = "session"
	// deviceCookie proves that somebody has logged in from this browser before.
	deviceCookie = "device"
	// loginCookieLife is for both cookies. The server decides when a login ends; the cookie must only last longer.
	loginCookieLife = 180 * 24 * time.Hour
)

// page lets in logged-in users and checks the CSRF token of their forms. It sends everybody else to the login page,
// which leads back here.
func (a *App) page(c *fiber.Ctx) error {
	err := a.identify(c)
	switch services.KindOf(err) {
	case "":
		return a.csrf(c)
	case services.Unauthorized:
		return a.sendToLogin(c)
	}
	return err
}

func (a *App) sendToLogin(c *fiber.Ctx) error {
	next := c.OriginalURL()
	// After a request for a part of a page, the user returns to the whole page.
	if page, err := url.Parse(c.Get("HX-Current-URL")); err == nil && page.Path != "" {
		next = page.RequestURI()
	}
	login := "/auth/login?next=" + url.QueryEscape(next)
	if isPart(c) { // htmx would follow a redirect and put the login page into the part
		c.Set("HX-Redirect", login)
		return render(c, fiber.StatusUnauthorized, templ.NopComponent, nil)
	}
	return c.Redirect(login, fiber.StatusSeeOther)
}

// admin lets in administrators and the owner, and must follow page. Services check the role again; this guard saves
// them requests that they would refuse.
func (a *App) admin(c *fiber.Ctx) error {
	if !identityOf(c).User.Role.AtLeast(models.RoleAdmin) {
		return services.Refuse(services.Forbidden,
			"Only administrators can open this page. Ask an administrator of your organization for help.")
	}
	return c.Next()
}

// api lets in logged-in users whose request does not come from a page of another origin. Everybody else gets 401. An
// API key gives no access here, as the integration guide says, but its use is recorded so that the owner sees whether
// it is still sent.
func (a *App) api(c *fiber.Ctx) error {
	if key := presentedKey(c); key != "" {
		if _, err := a.APIKeys.Presented(c.UserContext(), key); err != nil &&
			services.KindOf(err) != services.Unauthorized {
			services.LogFailure("record use of API key", err) // the key gives no access, so the request goes on
		}
	}
	if a.WebSessionToken(c) == "" {
		return services.Refuse(services.Unauthorized, "Log in to continue.")
	}
	if err := a.identify(c); err != nil {
		return err
	}
	return a.csrf(c)
}

// presentedKey returns the API key of a request, from the headers in which clients usually send one.
func presentedKey(c *fiber.Ctx) string {
	key := c.Get("X-API-Key")
	if scheme, token, ok := strings.Cut(c.Get(fiber.HeaderAuthorization), " "); ok &&
		strings.EqualFold(scheme, "Bearer") {
		key = strings.TrimSpace(token)
	}
	if len(key) > 128 {
		return ""
	}
	return key
}

// csrf refuses a request with an unsafe method unless its header or form has the CSRF token that belongs to its cookie.
func (a *App) csrf(c *fiber.Ctx) error {
	if safeMethod(c.Method()) {
		return c.Next()
	}
	if err := readBody(c); err != nil {
		return err
	}
	token := c.Get("X-CSRFToken")
	if token == "" {
		token = c.FormValue("csrf_token")
	}
	if a.WebSessions.ValidCSRF(c.Cookies(sessionCookie), token) {
		return c.Next()
	}
	return a.refuseForm(c)
}

// safeMethod reports whether a method only reads, as RFC 9110 defines it.
func safeMethod(method string) bool {
	switch method {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions, fiber.MethodTrace:
		return true
	}
	return false
}

// refuseForm explains why a form without a valid token is refused, and what to do.
func (a *App) refuseForm(c *fiber.Ctx) error {
	c.Locals(refusedCSRF, true)
	if a.lostSecureCookie(c) {
		return a.openHTTPSPage(c)
	}
	if routePath(c) != "/auth/login" {
		return services.Refuse(services.Forbidden, "This form has expired. Reload the page and try again.")
	}
	// Two tabs opened at once get two cookies, and the browser keeps one. Show the form again with the text in it.
	return a.loginFailed(c, views.Login{
		Layout: a.layout(c, "Log in"),
		Email:  c.FormValue("email"),
		Next:   sameSite(c.FormValue("next")),
	}, services.Refuse(services.Forbidden, "This form had expired. Try again."))
}

// lostSecureCookie reports whether a form has no cookie because its page was opened over http while our cookies are
// Secure: browsers do not store those from an http page.
func (a *App) lostSecureCookie(c *fiber.Ctx) bool {
	if !a.secureCookies(c) || c.Cookies(sessionCookie) != "" {
		return false
	}
	if origin := c.Get(fiber.HeaderOrigin); origin != "" && origin != "null" {
		return strings.HasPrefix(strings.ToLower(origin), "http://")
	}
	return a.scheme(c) == "http"
}

// openHTTPSPage answers a form that cannot work over http with a link to its page over https.
func (a *App) openHTTPSPage(c *fiber.Ctx) error {
	page := c.Path()
	if strings.HasPrefix(page, "/auth/") {
		page = "/auth/login"
	}
	address := a.baseURL(c) + page
	return render(c, fiber.StatusForbidden, views.ProblemPage(views.Problem{
		Layout:  a.frame(c, "Open the https address"),
		Status:  fiber.StatusForbidden,
		Heading: "Open the https address",
		Message: "Open " + address + " instead: this server only accepts logins there.",
		Link:    address,
	}), nil)
}

// identify finds the user of a request by the session cookie, and remembers them for the rest of the request.
func (a *App) identify(c *fiber.Ctx) error {
	if c.Locals("identity") != nil {
		return nil
	}
	identity, err := a.WebSessions.Identify(c.UserContext(), c.Cookies(sessionCookie))
	if err == nil {
		c.Locals("identity", identity)
	}
	return err
}

// identityOf returns the user of a request. It is empty on routes without page or api.
func identityOf(c *fiber.Ctx) services.Identity {
	identity, _ := c.Locals("identity").(services.Identity)
	return identity
}

// csrfToken returns the token for the forms of a page. A browser without a cookie gets one that is no login: it only
// ties the form to the browser.
func (a *App) csrfToken(c *fiber.Ctx) string {
	cookie := c.Cookies(sessionCookie)
	if fresh, ok := c.Locals("fresh cookie").(string); ok {
		cookie = fresh
	}
	if cookie == "" {
		cookie = rand.Text()
		c.Locals("fresh cookie", cookie)
		a.setSessionCookie(c, cookie, 0)
	}
	return a.WebSessions.CSRFToken(cookie)
}

// setSessionCookie sets the session cookie for the given time. With 0 it lasts until the browser closes; a negative
// time deletes it.
func (a *App) setSessionCookie(c *fiber.Ctx, value string, life time.Duration) {
	cookie := a.cookie(c, sessionCookie, value)
	switch {
	case life < 0:
		cookie.Expires = time.Unix(1, 0)
	case life > 0:
		cookie.MaxAge = int(life.Seconds())
	default:
		cookie.SessionOnly = true
	}
	c.Cookie(cookie)
}

// cookie returns a cookie with the attributes that all of ours share.
func (a *App) cookie(c *fiber.Ctx, name, value string) *fiber.Cookie {
	return &fiber.Cookie{
		Name:     name,
		Value:    value,
		Path:     "/",
		HTTPOnly: true,
		SameSite: fiber.CookieSameSiteLaxMode,
		Secure:   a.secureCookies(c),
	}
}

// secureCookies reports whether browsers reach this server over https, so that our cookies must be Secure.
func (a *App) secureCookies(c *fiber.Ctx) bool { return strings.HasPrefix(a.baseURL(c), "https://") }

// answerTimeout limits how long answering one request may take, so that a client has an answer within 3 s whatever the
// database does. Waiting for the client or for other requests of its address does not count: see restartClock.
const answerTimeout = 2500 * time.Millisecond

// bounded gives the request a context with a deadline. Fiber's own context is recycled with the request, while the
// database and others may still read it afterward.
func (a *App) bounded(c *fiber.Ctx) error {
	a.warnOfProxy(c)
	ctx := services.WithAddress(context.Background(), a.clientAddress(c))
	c.SetUserContext(views.OnSite(ctx, a.baseURL(c)))
	restartClock(c)
	defer func() { c.Locals(clock{}).(context.CancelFunc)() }()
	return c.Next()
}

// clock is the key of what stops the current deadline of a request.
type clock struct{}

// restartClock gives the request its whole answerTimeout again.
func restartClock(c *fiber.Ctx) {
	if stop, running := c.Locals(clock{}).(context.CancelFunc); running {
		stop()
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(c.UserContext()), answerTimeout)
	c.Locals(clock{}, stop)
	c.SetUserContext(ctx)
}
