package handlers

import (
	"crypto/rand"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/services"
	"parley/views"
)

// formRate accepts each form key once per day. A page that is older than that is accepted as a new form.
var formRate = services.Rate{Count: 1, Window: 24 * time.Hour}

// newFormKey returns a key for a form that must not create two things when it is submitted twice. oncePerForm checks
// it.
func newFormKey() string { return rand.Text() }

// oncePerForm accepts a form the first time. If it is submitted again, by a second click, a reload or from the
// browser's history, it redirects to the page at the same address, which shows what the first submission created.
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

// alreadySubmitted reports whether a form with the key of this request was submitted before.
func (a *App) alreadySubmitted(c *fiber.Ctx) (bool, error) {
	key := c.FormValue("form_key")
	if key == "" || len(key) > 64 {
		return false, services.Refuse(services.Invalid, "The form is not complete. Reload the page and try again.")
	}
	wait, err := a.Limiter.Allow(c.UserContext(), "form:"+identityOf(c).User.ID+":"+key, formRate)
	return wait > 0, err
}

// flashCookie is the name of the cookie that carries the key of a notice to the next page.
const flashCookie = "flash"

// notices are the texts that a page shows after a form was accepted. The cookie only carries the key, because an
// attacker who can set a cookie must not choose the text.
var notices = map[string]string{
	"already_submitted": "You already submitted this form, so nothing was changed. " +
		"If your entry is missing here, fill in the form again.",

	"api_key_revoked": "The API key was revoked.",
	"bot_created": "The bot was created. To use it on your site, create an embed token under Integration → " +
		"Web Chat.",
	"bot_removed":        "The bot was removed.",
	"bot_saved":          "The bot was saved. It answers like this from now on.",
	"invitation_revoked": "The invitation was revoked. Its link no longer works.",
	"name_saved":         "Your name was saved.",
	"password_changed":   "Your password was changed, and your other devices were logged out.",
	"user_disabled":      "Access is disabled. They were logged out everywhere.",
	"user_enabled":       "Access is enabled. They can log in again.",
	"user_removed":       "They were removed from the team.",
	"photo_removed":      "The photo was removed.",
	"photo_saved":        "The photo was saved.",
	"role_saved":         "The role was saved.",
	"second_factor_off":  "Two-factor login is off. You log in with your password alone.",
	"devices_logged_out": "Your other devices were logged out.",
	"settings_saved":     "The settings were saved.",
	"token_saved":        "The embed token was saved. Open pages use the change after they are reloaded.",
	"token_revoked":      "The embed token was revoked.",
	"appearance_saved":   "Saved. Customers see the new look the next time they open the chat.",
	"channel_created":    "The channel was created. Copy its Channel ID.",
	"credential_saved":   "The credentials were saved.",
	"credential_removed": "The credentials were removed.",
}

// redirectWithFlash redirects to path after a form was accepted. The page there shows the notice once.
func (a *App) redirectWithFlash(c *fiber.Ctx, path, what string) error {
	cookie := a.cookie(c, flashCookie, what)
	cookie.MaxAge = 60
	c.Cookie(cookie)
	return c.Redirect(path, fiber.StatusSeeOther)
}

// flash returns the notice for the page of this request and removes its cookie, or nil if there is none.
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

// formErrors are the errors of a form by field name. The name "" is for the whole form.
type formErrors map[string]string

// any returns one of the errors: the only one, if the form has one field.
func (e formErrors) any() string {
	for _, text := range e {
		return text
	}
	return ""
}

// formErrorsFor returns the errors of a form and the status of the page that shows them. It returns err itself if the
// form is not the cause.
func formErrorsFor(c *fiber.Ctx, err error) (formErrors, int, error) {
	kind := services.KindOf(err)
	// Something that the form chose was not found. Without a field, it is the page itself that was not found.
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
