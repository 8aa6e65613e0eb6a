package handlers

import (
	"crypto/rand"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/services"
	"parley/views"
)

// formRate lets each form through once; a page older than the window is sent as if it were new.
var formRate = services.Rate{Count: 1, Window: 24 * time.Hour}

// newFormKey is for a form whose second sending would make a second thing: once knows it again.
func newFormKey() string { return rand.Text() }

// oncePerForm lets a form through the first time. Sent again, by a second click, a reload or from the browser's
// history, it leads to the page at the same address, which shows what the first one made.
func (a *App) oncePerForm(c *fiber.Ctx) error {
	before, err := a.alreadySubmitted(c)
	if err != nil {
		return err
	}
	if before {
		return a.redirectWithFlash(c, c.Path(), "already_submitted")
	}
	return c.Next()
}

// alreadySubmitted reports whether the form of this request has come before, by its key.
func (a *App) alreadySubmitted(c *fiber.Ctx) (bool, error) {
	key := c.FormValue("form_key")
	if key == "" || len(key) > 64 {
		return false, services.Refuse(services.Invalid, "The form is not complete. Load the page again and repeat.")
	}
	wait, err := a.Limiter.Allow(c.UserContext(), "form:"+identityOf(c).User.ID+":"+key, formRate)
	return wait > 0, err
}

// flashCookie names what a form has done, from its answer to the page that the answer leads to.
const flashCookie = "flash"

// notices are what a page says after a form was accepted. The cookie carries the key alone: whoever could set a cookie
// could otherwise make our pages say anything.
var notices = map[string]string{
	"already_submitted": "You already sent this form, so nothing was done again. " +
		"If what you sent is missing here, fill it in again.",

	"api_key_revoked":    "The key was revoked.",
	"bot_created":        "The bot was created. It is saved and ready for a channel.",
	"bot_removed":        "The bot was removed.",
	"bot_saved":          "The bot was saved. It speaks like this from now on.",
	"invitation_revoked": "The invitation was revoked. Its link no longer works.",
	"name_saved":         "Your name was saved.",
	"password_changed":   "Your password was changed, and your other devices were logged out.",
	"user_disabled":      "Disabled. Every browser of theirs is logged out.",
	"user_enabled":       "Enabled. Logging in works again.",
	"user_removed":       "Removed from the team.",
	"photo_removed":      "The photo was removed.",
	"photo_saved":        "The photo was saved.",
	"role_saved":         "The role was saved.",
	"second_factor_off":  "Two-factor login is off. You now log in with your password alone.",
	"devices_logged_out": "Your other devices were logged out.",
	"settings_saved":     "The settings were saved.",
	"token_saved":        "Saved. Open pages notice when they are loaded again.",
	"token_revoked":      "The token is revoked.",
	"appearance_saved":   "Saved. The chat looks so from the next time it is opened.",
	"channel_created":    "The channel is there. Note its Channel ID.",
	"credential_saved":   "The credentials are stored, encrypted.",
	"credential_removed": "The credentials are removed.",
}

// redirectWithFlash leads on to path after a form was accepted; the page there says what happened, once.
func (a *App) redirectWithFlash(c *fiber.Ctx, path, what string) error {
	cookie := a.cookie(c, flashCookie, what)
	cookie.MaxAge = 60
	c.Cookie(cookie)
	return c.Redirect(path, fiber.StatusSeeOther)
}

// flash is what the page that is being made has to say about the form before it, or nil.
func (a *App) flash(c *fiber.Ctx) *views.Notice {
	what := c.Cookies(flashCookie)
	if what == "" || isPart(c) || c.Method() != fiber.MethodGet {
		return nil
	}
	cookie := a.cookie(c, flashCookie, "")
	cookie.Expires = time.Unix(1, 0)
	c.Cookie(cookie)
	if text := notices[what]; text != "" {
		return &views.Notice{Text: text}
	}
	return nil
}

// formErrors is what is wrong with a form, by field; "" is about the form as a whole.
type formErrors map[string]string

// any is the one error of a form with one field.
func (e formErrors) any() string {
	for _, text := range e {
		return text
	}
	return ""
}

// formErrorsFor says what was wrong with a form, for the page that shows it anew, and that page's status. What is no
// fault of the form is handed back.
func formErrorsFor(c *fiber.Ctx, err error) (formErrors, int, error) {
	kind := services.KindOf(err)
	// what the form chose; what its address names is no part of it
	if kind == services.NotFound && services.AsError(err).Field != "" {
		kind = services.Invalid
	}
	switch kind {
	case services.Invalid, services.Conflict, services.Unauthorized, services.TooLarge, services.RateLimited,
		services.Unavailable:
		_, status := refusalOf(c, err)
		return services.FieldErrors(err), status, nil
	}
	return nil, 0, err
}
