package handlers

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"parley/services"
	"parley/views"
)

// secondFactorPage asks for the code that a login with the right password still lacks.
func (a *App) secondFactorPage(c *fiber.Ctx) error {
	next := sameSite(c.Query("next"))
	if a.identify(c) == nil {
		return c.Redirect(next, fiber.StatusSeeOther)
	}
	if err := a.Login.AwaitsSecondFactor(c.UserContext(), c.Cookies(sessionCookie)); err != nil {
		return logInFirst(c, err, next)
	}
	return render(c, fiber.StatusOK, views.SecondFactorPage(views.SecondFactor{
		Layout: a.layout(c, "Second factor"),
		Next:   next,
	}), nil)
}

func (a *App) secondFactor(c *fiber.Ctx) error {
	next := sameSite(c.FormValue("next"))
	token, err := a.Login.SecondFactor(c.UserContext(), c.Cookies(sessionCookie), c.FormValue("code"), a.device(c))
	if err == nil {
		a.setSessionCookie(c, token, sessionCookieLife)
		return c.Redirect(next, fiber.StatusSeeOther)
	}
	if services.KindOf(err) == services.Unauthorized {
		return logInFirst(c, err, next)
	}
	wrong, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	return render(c, status, views.SecondFactorPage(views.SecondFactor{
		Layout: a.layout(c, "Second factor"),
		Next:   next,
		Failed: wrong.any(),
	}), nil)
}

// logInFirst leads back to the password: that half of the login is too long ago, or was never done.
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
	_, err := a.Profile.BeginSecondFactor(c.UserContext(), identityOf(c).User)
	if err != nil && services.KindOf(err) != services.Conflict { // on already: the page it leads to knows
		return err
	}
	return c.Redirect("/profile/second-factor", fiber.StatusSeeOther)
}

func (a *App) secondFactorSetupPage(c *fiber.Ctx) error {
	return a.showSecondFactorSetup(c, fiber.StatusOK, "")
}

func (a *App) showSecondFactorSetup(c *fiber.Ctx, status int, wrong string) error {
	user := identityOf(c).User
	setup, err := a.Profile.BegunSecondFactor(c.UserContext(), user)
	if services.KindOf(err) == services.Conflict {
		return c.Redirect("/profile", fiber.StatusSeeOther)
	} else if err != nil {
		return err
	}
	layout := a.layout(c, "Second factor")
	layout.Path, layout.Up = "/profile/second-factor", views.Link{
		Path: "/profile",
		Name: "Your profile",
	}
	return render(c, status, views.SecondFactorSetupPage(views.SecondFactorSetup{
		Layout:  layout,
		Secret:  inFours(setup.Secret),
		QR:      "data:image/png;base64," + base64.StdEncoding.EncodeToString(setup.QR),
		Account: user.Email,
		Error:   wrong,
	}), nil)
}

// confirmSecondFactor answers with the page itself: the recovery codes are secrets, on their way once.
func (a *App) confirmSecondFactor(c *fiber.Ctx) error {
	codes, err := a.Profile.ConfirmSecondFactor(c.UserContext(), identityOf(c).User, c.FormValue("code"))
	if err == nil {
		return a.showProfile(c, fiber.StatusOK, views.Profile{
			Name:  identityOf(c).User.Name,
			Codes: codes,
		})
	}
	wrong, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	return a.showSecondFactorSetup(c, status, wrong.any())
}

func (a *App) disableSecondFactor(c *fiber.Ctx) error {
	err := a.Profile.DisableSecondFactor(c.UserContext(), identityOf(c).User, c.FormValue("proof"))
	return a.profileChanged(c, err, "second_factor_off", "proof")
}

// inFours is a secret in groups of four: easier to type.
func inFours(secret string) string {
	var groups []string
	for len(secret) > 4 {
		groups, secret = append(groups, secret[:4]), secret[4:]
	}
	return strings.Join(append(groups, secret), " ")
}
