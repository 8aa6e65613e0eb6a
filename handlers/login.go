package handlers

import (
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

func (a *App) loginPage(c *fiber.Ctx) error {
	next := sameSite(c.Query("next"))
	if a.identify(c) == nil {
		return c.Redirect(next, fiber.StatusSeeOther)
	}
	return render(c, fiber.StatusOK, views.LoginPage(views.Login{
		Layout: a.layout(c, "Log in"),
		Next:   next,
	}), nil)
}

func (a *App) logIn(c *fiber.Ctx) error {
	email, next := c.FormValue("email"), sameSite(c.FormValue("next"))
	result, err := a.Login.Login(c.UserContext(), email, c.FormValue("password"), a.device(c))
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
	return a.loggedIn(c, result, next)
}

// loggedIn hands out the cookie, a fresh one: the cookie from before the login may be known to others.
func (a *App) loggedIn(c *fiber.Ctx, result services.LoginResult, next string) error {
	if result.SecondFactor {
		a.setSessionCookie(c, result.Token, 0)
		return c.Redirect("/auth/second-factor?next="+url.QueryEscape(next), fiber.StatusSeeOther)
	}
	a.setSessionCookie(c, result.Token, sessionCookieLife)
	return c.Redirect(next, fiber.StatusSeeOther)
}

// device is where a request comes from, for its user to read later.
func (a *App) device(c *fiber.Ctx) services.Device {
	return services.Device{Address: a.clientAddress(c), UserAgent: c.Get(fiber.HeaderUserAgent)}
}

func (a *App) loginFailed(c *fiber.Ctx, page views.Login, err error) error {
	refusal, status := refusalOf(c, err)
	page.Failed = refusal.Message
	return render(c, status, views.LoginPage(page), nil)
}

func (a *App) logOut(c *fiber.Ctx) error {
	if err := a.identify(c); err == nil {
		if err := a.Login.Logout(c.UserContext(), identityOf(c)); err != nil {
			return err
		}
	} else if services.KindOf(err) != services.Unauthorized {
		return err
	}
	a.setSessionCookie(c, "", -1)
	return c.Redirect("/auth/login", fiber.StatusSeeOther)
}

// sameSite is a path of ours to go on to, or the inbox: a link to the login page must not lead to another site.
func sameSite(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsRune(next, '\\') || strings.ContainsFunc(next, unicode.IsControl) {
		return "/inbox"
	}
	return next
}
