package handlers

import (
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
	"parley/views"
)

func (a *App) webChatPage(c *fiber.Ctx) error {
	return a.showWebChat(c, fiber.StatusOK, views.EmbedTokenForm{})
}

func (a *App) showWebChat(c *fiber.Ctx, status int, form views.EmbedTokenForm) (err error) {
	page := views.WebChat{Layout: a.layout(c, "Web Chat"), Form: form}
	page.Form.Key = models.NewID()
	if page.Tokens, err = a.tokensOf(c, models.ChannelWebchat, ""); err != nil {
		return err
	}
	if page.Form.Bots, err = a.botChoices(c); err != nil {
		return err
	}
	return render(c, status, views.WebChatPage(page), nil)
}

// createEmbedToken answers with the new token's page instead of a redirect, because only this answer has the secret.
func (a *App) createEmbedToken(c *fiber.Ctx) error {
	form := views.EmbedTokenForm{
		BotID:   c.FormValue("bot_id"),
		Name:    c.FormValue("name"),
		Origins: c.FormValue("origins"),
	}
	token, secret, err := a.EmbedTokens.Create(c.UserContext(), identityOf(c).User, services.NewEmbedToken{
		FormKey: c.FormValue("form_key"),
		BotID:   form.BotID,
		Channel: models.ChannelWebchat,
		Name:    form.Name,
		Origins: form.Origins,
	})
	if err != nil {
		return a.tokenRefused(c, err, form.Origins, func(status int, errors map[string]string) error {
			form.Errors = errors
			return a.showWebChat(c, status, form)
		})
	}
	return a.showEmbedToken(c, fiber.StatusCreated, token.ID, nil, &views.CreatedEmbedToken{
		Name:    token.Name,
		Secret:  secret,
		BaseURL: a.baseURL(c),
	})
}

// tokenRefused shows the form again with its errors, also those of each origin. A form that was sent before has created
// its token, so it redirects to the list.
func (a *App) tokenRefused(c *fiber.Ctx, err error, origins string,
	again func(status int, errors map[string]string) error) error {
	if services.KindOf(err) == services.Conflict {
		return a.redirectWithFlash(c, c.Path(), "already_submitted")
	}
	errors, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	return again(status, originErrors(errors, origins))
}

// originErrors adds the error of each wrong line of origins to errors, one a line.
func originErrors(errors map[string]string, origins string) map[string]string {
	_, wrong := services.ParseOrigins(origins)
	lines := make([]string, len(wrong))
	for i, one := range wrong {
		lines[i] = fmt.Sprintf("Line %d, “%s”: %s", one.Line, one.Text, one.Reason)
	}
	if len(lines) > 0 {
		errors["origins"] = strings.Join(lines, "\n")
	}
	return errors
}

func (a *App) embedTokenPage(c *fiber.Ctx) error {
	return a.showEmbedToken(c, fiber.StatusOK, c.Params("id"), nil, nil)
}

// showEmbedToken shows a web token. change, unless nil, puts refused input back into its forms.
func (a *App) showEmbedToken(c *fiber.Ctx, status int, id string, change func(*views.EmbedTokenDetail),
	created *views.CreatedEmbedToken) error {
	row, err := a.EmbedTokens.Get(c.UserContext(), identityOf(c).User, id)
	if err != nil {
		return err
	}
	if path := tokenPath(row); !strings.HasSuffix(path, row.Token.ID) {
		return c.Redirect(path, fiber.StatusSeeOther)
	}
	page := views.EmbedTokenDetail{
		Layout:  a.layout(c, row.Token.Name),
		Token:   newEmbedTokenView(row),
		BaseURL: a.baseURL(c),
		Created: created,
		Form: views.EmbedTokenForm{
			Name:    row.Token.Name,
			Origins: strings.Join(row.Token.AllowedOrigins, "\n"),
		},
		Appearance: appearanceForm(row),
	}
	page.Up = views.Link{Path: "/integration/web-chat", Name: "Web Chat"}
	if change != nil {
		change(&page)
	}
	return render(c, status, views.EmbedTokenPage(page), nil)
}

// changeEmbedToken sets name and origins. Sending it twice is harmless.
func (a *App) changeEmbedToken(c *fiber.Ctx) error {
	user, id := identityOf(c).User, c.Params("id")
	name, origins := c.FormValue("name"), c.FormValue("origins")
	err := a.EmbedTokens.Change(c.UserContext(), user, id, name, origins)
	if err == nil {
		return a.redirectWithFlash(c, "/integration/web-chat/"+id, "token_saved")
	}
	errors, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	return a.showEmbedToken(c, status, id, func(page *views.EmbedTokenDetail) {
		page.Form = views.EmbedTokenForm{
			Name:    name,
			Origins: origins,
			Errors:  originErrors(errors, origins),
		}
	}, nil)
}

// embedTokenRevoke asks for confirmation where the token's page has no dialog for it.
func (a *App) embedTokenRevoke(c *fiber.Ctx) error {
	row, err := a.EmbedTokens.Get(c.UserContext(), identityOf(c).User, c.Params("id"))
	if err != nil {
		return err
	}
	if row.Token.RevokedAt != nil {
		return c.Redirect(tokenPath(row), fiber.StatusSeeOther)
	}
	page := views.Revoke{
		Layout: a.layout(c, "Revoke "+row.Token.Name),
		Token:  newEmbedTokenView(row),
		Path:   tokenPath(row),
	}
	page.Layout.Path = page.Path // selects Mobile SDK in the navigation for a token of an app
	return render(c, fiber.StatusOK, views.RevokePage(page), nil)
}

func (a *App) revokeEmbedToken(c *fiber.Ctx) error {
	user, id := identityOf(c).User, c.Params("id")
	row, err := a.EmbedTokens.Get(c.UserContext(), user, id)
	if err != nil {
		return err
	}
	if err := a.EmbedTokens.Revoke(c.UserContext(), user, id); err != nil {
		return err
	}
	return a.redirectWithFlash(c, tokenPath(row), "token_revoked")
}

// embedTokenStatus is the part that shows whether the token was used. Opened as a page it redirects to the token.
func (a *App) embedTokenStatus(c *fiber.Ctx) error {
	row, err := a.EmbedTokens.Get(c.UserContext(), identityOf(c).User, c.Params("id"))
	if err != nil {
		return err
	}
	if !isPart(c) {
		return c.Redirect(tokenPath(row), fiber.StatusSeeOther)
	}
	return render(c, fiber.StatusOK, nil, views.WaitingPart(newEmbedTokenView(row)))
}
