package handlers

import (
	"log/slog"
	"net/url"
	"strings"
	"unicode"

	"github.com/gofiber/fiber/v2"

	"parley/services"
	"parley/views"
)

func (a *App) home(c *fiber.Ctx) error {
	if a.Setup.Needed(c.UserContext()) {
		return c.Redirect("/setup", fiber.StatusSeeOther)
	}
	return c.Redirect("/inbox", fiber.StatusSeeOther)
}

// toLogin leads a person who typed the obvious address to the login page.
func (a *App) toLogin(c *fiber.Ctx) error { return c.Redirect("/auth/login", fiber.StatusSeeOther) }

func (a *App) loginPage(c *fiber.Ctx) error {
	next := sameSite(c.Query("next"))
	switch err := a.identify(c); services.KindOf(err) {
	case "":
		return c.Redirect(next, fiber.StatusSeeOther)
	case services.Unauthorized:
	default:
		return err
	}
	return render(c, fiber.StatusOK, views.LoginPage(views.Login{
		Layout: a.layout(c, "Log in"),
		Next:   next,
	}), nil)
}

func (a *App) logIn(c *fiber.Ctx) error {
	email, next := c.FormValue("email"), sameSite(c.FormValue("next"))
	login, err := a.WebSessions.LogIn(c.UserContext(), email, c.FormValue("password"), browser(c))
	switch services.KindOf(err) {
	case services.Unauthorized, services.RateLimited, services.Unavailable:
		return a.loginFailed(c, views.Login{
			Layout: a.layout(c, "Log in"),
			Email:  email,
			Next:   next,
		}, err)
	}
	if err != nil {
		return err
	}
	return a.loggedIn(c, login, next)
}

// loggedIn sets the cookies of a login. The session cookie is new: others may know the one from before the login.
func (a *App) loggedIn(c *fiber.Ctx, login services.Login, next string) error {
	if login.AwaitsSecondFactor {
		a.setSessionCookie(c, login.Token, 0)
		return c.Redirect("/auth/second-factor?next="+url.QueryEscape(next), fiber.StatusSeeOther)
	}
	a.setSessionCookie(c, login.Token, loginCookieLife)
	a.setDeviceCookie(c, login.DeviceCookie)
	return c.Redirect(next, fiber.StatusSeeOther)
}

// browser returns what a login notes about the browser of a request.
func browser(c *fiber.Ctx) services.Client {
	return services.Client{
		UserAgent:    c.Get(fiber.HeaderUserAgent),
		DeviceCookie: c.Cookies(deviceCookie),
	}
}

func (a *App) setDeviceCookie(c *fiber.Ctx, value string) {
	cookie := a.cookie(c, deviceCookie, value)
	cookie.MaxAge = int(loginCookieLife.Seconds())
	c.Cookie(cookie)
}

// keepDevice makes this browser a known device again, after a change that ended every other login.
func (a *App) keepDevice(c *fiber.Ctx) {
	identity, err := a.WebSessions.Identify(c.UserContext(), c.Cookies(sessionCookie))
	if err != nil {
		slog.Warn("keep a known device", "error", err)
		return
	}
	a.setDeviceCookie(c, a.WebSessions.Remember(c.Cookies(deviceCookie), identity.User))
}

func (a *App) loginFailed(c *fiber.Ctx, page views.Login, err error) error {
	refusal, status := refusalOf(c, err)
	page.Failed = refusal.Message
	return render(c, status, views.LoginPage(page), nil)
}

func (a *App) logOut(c *fiber.Ctx) error {
	if err := a.WebSessions.Logout(c.UserContext(), c.Cookies(sessionCookie)); err != nil {
		return err
	}
	a.setSessionCookie(c, "", -1)
	return c.Redirect("/auth/login", fiber.StatusSeeOther)
}

// sameSite returns next if it is a path of this site, else the inbox: a link to the login page must not lead elsewhere.
func sameSite(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsRune(next, '\\') || strings.ContainsFunc(next, unicode.IsControl) {
		return "/inbox"
	}
	return next
}
