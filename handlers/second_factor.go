package handlers

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"parley/services"
	"parley/views"
)

// secondFactorPage asks for the code, after the right password.
func (a *App) secondFactorPage(c *fiber.Ctx) error {
	next := sameSite(c.Query("next"))
	if a.identify(c) == nil {
		return c.Redirect(next, fiber.StatusSeeOther)
	}
	if err := a.WebSessions.AwaitsSecondFactor(c.UserContext(), c.Cookies(sessionCookie)); err != nil {
		return logInFirst(c, err, next)
	}
	return render(c, fiber.StatusOK, views.SecondFactorPage(views.SecondFactor{
		Layout: a.layout(c, "Two-factor login"),
		Next:   next,
	}), nil)
}

func (a *App) secondFactor(c *fiber.Ctx) error {
	next := sameSite(c.FormValue("next"))
	login, err := a.WebSessions.LogInWithCode(c.UserContext(), c.Cookies(sessionCookie), c.FormValue("code"),
		browser(c))
	if err == nil {
		return a.loggedIn(c, login, next)
	}
	if services.KindOf(err) == services.Unauthorized {
		return logInFirst(c, err, next)
	}
	wrong, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	return render(c, status, views.SecondFactorPage(views.SecondFactor{
		Layout: a.layout(c, "Two-factor login"),
		Next:   next,
		Failed: wrong.any(),
	}), nil)
}

// logInFirst leads back to the login page if the password was not entered, or too long ago.
func logInFirst(c *fiber.Ctx, err error, next string) error {
	if services.KindOf(err) != services.Unauthorized {
		return err
	}
	login := "/auth/login"
	if next != sameSite("") {
		login += "?next=" + url.QueryEscape(next)
	}
	return c.Redirect(login, fiber.StatusSeeOther)
}

func (a *App) beginSecondFactor(c *fiber.Ctx) error {
	err := a.SecondFactors.Begin(c.UserContext(), identityOf(c).User)
	if err != nil && services.KindOf(err) != services.Conflict { // already on: the next page redirects
		return err
	}
	return c.Redirect("/profile/second-factor", fiber.StatusSeeOther)
}

func (a *App) secondFactorSetupPage(c *fiber.Ctx) error {
	return a.showSecondFactorSetup(c, fiber.StatusOK, views.SecondFactorSetup{})
}

func (a *App) showSecondFactorSetup(c *fiber.Ctx, status int, page views.SecondFactorSetup) error {
	user := identityOf(c).User
	setup, err := a.SecondFactors.Setup(c.UserContext(), user)
	if services.KindOf(err) == services.Conflict {
		return c.Redirect("/profile", fiber.StatusSeeOther)
	} else if err != nil {
		return err
	}
	page.Layout = a.layout(c, "Two-factor login")
	page.Path, page.Up = "/profile/second-factor", views.Link{
		Path: "/profile",
		Name: "Your profile",
	}
	page.Secret = inFours(setup.Secret)
	page.QR = "data:image/png;base64," + base64.StdEncoding.EncodeToString(setup.QR)
	page.Account = user.Email
	return render(c, status, views.SecondFactorSetupPage(page), nil)
}

// confirmSecondFactor answers with the page and not with a redirect: the recovery codes are shown once.
func (a *App) confirmSecondFactor(c *fiber.Ctx) error {
	confirmation := services.Confirmation{
		Password:     c.FormValue("password"),
		Code:         c.FormValue("code"),
		LogOutOthers: c.FormValue("log_out_others") != "",
	}
	codes, err := a.SecondFactors.Confirm(c.UserContext(), identityOf(c), confirmation)
	if err == nil {
		if confirmation.LogOutOthers {
			a.keepDevice(c)
		}
		return a.showProfile(c, fiber.StatusOK, views.Profile{
			Name:  identityOf(c).User.Name,
			Codes: codes,
		})
	}
	wrong, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	return a.showSecondFactorSetup(c, status, views.SecondFactorSetup{
		LogOutOthers: confirmation.LogOutOthers,
		Errors:       wrong,
	})
}

func (a *App) disableSecondFactor(c *fiber.Ctx) error {
	err := a.SecondFactors.Disable(c.UserContext(), identityOf(c).User, c.FormValue("proof"))
	return a.profileChanged(c, err, "second_factor_off", "proof")
}

// inFours puts a secret into groups of four, which are easier to type.
func inFours(secret string) string {
	var groups []string
	for len(secret) > 4 {
		groups, secret = append(groups, secret[:4]), secret[4:]
	}
	return strings.Join(append(groups, secret), " ")
}
