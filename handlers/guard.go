package handlers

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
	"parley/views"
)

const (
	sessionCookie = "session"
	// deviceCookie shows that somebody has logged in from this browser before.
	deviceCookie = "device"
	// loginCookieLife is for both. The server decides when a login ends; the cookie only must not end before it.
	loginCookieLife = 180 * 24 * time.Hour
)

// page lets in logged-in users and checks the token of their forms. It sends everybody else to the login page and back.
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
	// For a part of a page it is the page to come back to.
	if page, err := url.Parse(c.Get("HX-Current-URL")); err == nil && page.Path != "" {
		next = page.RequestURI()
	}
	login := "/auth/login?next=" + url.QueryEscape(next)
	if isPart(c) { // htmx follows a redirect itself and would draw the login page into a part
		c.Set("HX-Redirect", login)
		return c.SendStatus(fiber.StatusUnauthorized)
	}
	return c.Redirect(login, fiber.StatusSeeOther)
}

// admin follows page and lets in administrators and the owner. Services ask again: this spares them forms that nobody
// may send.
func (a *App) admin(c *fiber.Ctx) error {
	if !identityOf(c).User.Role.AtLeast(models.RoleAdmin) {
		return services.Refuse(services.Forbidden,
			"Only administrators can open this page. Ask one of your organization to do it, or to make you one.")
	}
	return c.Next()
}

// api lets in logged-in users whose request does not come from a page of another origin; everybody else gets 401. An
// API key opens nothing, as the guide says. Its use is noted, so that its owner sees whether anything still sends it.
func (a *App) api(c *fiber.Ctx) error {
	if key := presentedKey(c); key != "" {
		if _, err := a.APIKeys.Presented(c.UserContext(), key); err != nil &&
			services.KindOf(err) != services.Unauthorized {
			slog.Error("note use of API key", "error", err) // it opens nothing, so it keeps nobody out
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

// presentedKey is the API key of a request, where clients use to put one.
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

// csrf refuses a request that could change something without the token of its cookie, in the header or the form.
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

// safeMethod reports whether a method only reads, by RFC 9110.
func safeMethod(method string) bool {
	switch method {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions, fiber.MethodTrace:
		return true
	}
	return false
}

// refuseForm says why a form without its token is refused, and what to do.
func (a *App) refuseForm(c *fiber.Ctx) error {
	c.Locals(refusedCSRF, true)
	if a.lostSecureCookie(c) {
		return a.openHTTPSPage(c)
	}
	if strings.TrimSuffix(c.Path(), "/") != "/auth/login" {
		return services.Refuse(services.Forbidden, "This form has expired. Load the page again and repeat.")
	}
	// Opened in two tabs, one of which got the cookie: the form again, with what was typed.
	return a.loginFailed(c, views.Login{
		Layout: a.layout(c, "Log in"),
		Email:  c.FormValue("email"),
		Next:   sameSite(c.FormValue("next")),
	}, services.Refuse(services.Forbidden, "This form had expired. Please try again."))
}

// lostSecureCookie reports whether a form came without a cookie because its page was opened over http, while our
// cookies are for https: browsers do not even store them then.
func (a *App) lostSecureCookie(c *fiber.Ctx) bool {
	if !a.secureCookies(c) || c.Cookies(sessionCookie) != "" {
		return false
	}
	if origin := c.Get(fiber.HeaderOrigin); origin != "" && origin != "null" {
		return strings.HasPrefix(strings.ToLower(origin), "http://")
	}
	return a.scheme(c) == "http"
}

// openHTTPSPage leads from a form that cannot work over http to the page of the form over https.
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

// identify finds out who asks, once a request.
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

// identityOf is for routes behind page or api.
func identityOf(c *fiber.Ctx) services.Identity {
	identity, _ := c.Locals("identity").(services.Identity)
	return identity
}

// csrfToken is the token for the page that is being made. Who has no cookie yet gets one that names nothing: it only
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

// setSessionCookie sets the cookie for life, or until the browser closes when life is 0, or ends it when life is
// negative.
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

// cookie is a cookie as all of ours are.
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

// secureCookies reports whether browsers reach this server by https, so that they may keep our cookies to it.
func (a *App) secureCookies(c *fiber.Ctx) bool { return strings.HasPrefix(a.baseURL(c), "https://") }

// requestTimeout is what answering one request may take.
const requestTimeout = 30 * time.Second

// bounded gives the request a context of its own. Fiber's is recycled with the request, while what was started with it,
// like the database's, may look at it later.
func (a *App) bounded(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	ctx = services.WithAddress(ctx, a.clientAddress(c))
	c.SetUserContext(views.OnSite(ctx, a.baseURL(c)))
	return c.Next()
}
