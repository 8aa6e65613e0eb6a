package handlers

import (
	"net/url"

	"github.com/gofiber/fiber/v2"

	"parley/services"
	"parley/views"
)

// appearanceForm returns the form with a token's appearance.
func appearanceForm(row services.EmbedTokenRow) *views.AppearanceForm {
	form := newAppearanceForm(row, services.ReadAppearance(row.Token))
	return &form
}

func newAppearanceForm(row services.EmbedTokenRow, look services.Appearance) views.AppearanceForm {
	path := "/integration/web-chat/" + row.Token.ID
	query := url.Values{"color": {look.Color}, "title": {look.Title}, "greeting": {look.Greeting},
		"language": {look.Language}, "position": {look.Position}}
	return views.AppearanceForm{
		Path:        path,
		PreviewURL:  path + "/preview?" + query.Encode(),
		Color:       look.Color,
		Title:       look.Title,
		Greeting:    look.Greeting,
		BotGreeting: services.ReadBotAnswers(row.Bot).Greeting.Content,
		Language:    look.Language,
		Position:    look.Position,
	}
}

// appearanceOf reads the form or the query of the preview. Both have the same names.
func appearanceOf(value func(string, ...string) string) services.Appearance {
	return services.Appearance{
		Color:    value("color"),
		Title:    value("title"),
		Greeting: value("greeting"),
		Language: value("language"),
		Position: value("position"),
	}
}

// changeAppearance stores the appearance. Sending it twice is harmless.
func (a *App) changeAppearance(c *fiber.Ctx) error {
	user := identityOf(c).User
	id := c.Params("id")
	look := appearanceOf(c.FormValue)
	err := a.EmbedTokens.SetAppearance(c.UserContext(), user, id, look)
	if err == nil {
		return a.redirectWithFlash(c, "/integration/web-chat/"+id+"#appearance", "appearance_saved")
	}
	errors, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	return a.showEmbedToken(c, status, id, func(page *views.EmbedTokenDetail) {
		form := page.Appearance
		form.Color = look.Color
		form.Title = look.Title
		form.Greeting = look.Greeting
		form.Language = look.Language
		form.Position = look.Position
		form.Errors = errors
	}, nil)
}

// embedTokenPreview shows the widget with the appearance in the query. It has no conversation and opens no socket.
func (a *App) embedTokenPreview(c *fiber.Ctx) error {
	row, err := a.EmbedTokens.Get(c.UserContext(), identityOf(c).User, c.Params("id"))
	if err != nil {
		return err
	}
	organization, err := a.Organizations.Get(c.UserContext(), row.Token.OrganizationID)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentSecurityPolicy, contentSecurityPolicy("'self'"))
	widget := newWidgetView(c, services.OpenedWidget{
		BotName:    row.Bot.Name,
		BotPhotoID: photoID(row.Bot.PhotoID),
		Greeting:   services.ReadBotAnswers(row.Bot).Greeting,
		Appearance: appearanceOf(c.Query),
		Language:   organization.Language,
	})
	widget.Preview = true
	return render(c, fiber.StatusOK, views.WidgetPage(widget), nil)
}
