package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
	"parley/views"
)

// welcomePage follows the setup. It asks for a bot while there is no embed token for a website, then shows the newest
// one.
func (a *App) welcomePage(c *fiber.Ctx) error {
	tokens, err := a.tokensOf(c, models.ChannelWebchat, "")
	if err != nil {
		return err
	}
	for _, token := range tokens {
		if token.RevokedAt.IsZero() {
			return a.showWelcome(c, fiber.StatusOK, views.Welcome{Step: 2, Token: token})
		}
	}
	return a.showWelcome(c, fiber.StatusOK, views.Welcome{
		Step:     1,
		Greeting: "Hi. How can we help?",
	})
}

func (a *App) showWelcome(c *fiber.Ctx, status int, page views.Welcome) error {
	page.Layout = a.layout(c, "Welcome")
	page.BaseURL = a.baseURL(c)
	page.Key = newFormKey()
	return render(c, status, views.WelcomePage(page), nil)
}

// makeFirstBot creates the bot and the embed token of its web chat, and answers with the snippet. The secret is in this
// answer alone.
func (a *App) makeFirstBot(c *fiber.Ctx) error {
	user, page := identityOf(c).User, views.Welcome{
		Step:     1,
		Name:     c.FormValue("name"),
		Greeting: c.FormValue("greeting"),
	}
	bot, err := a.Bots.Create(c.UserContext(), user, services.BotForm{
		Name:     page.Name,
		Greeting: page.Greeting,
	})
	if err != nil {
		wrong, status, err := formErrorsFor(c, err)
		if err != nil {
			return err
		}
		page.Errors = wrong
		return a.showWelcome(c, status, page)
	}
	token, secret, err := a.EmbedTokens.Create(c.UserContext(), user, services.NewEmbedToken{
		BotID:   bot.ID,
		Channel: models.ChannelWebchat,
		Name:    "Website",
	})
	if err != nil {
		return err
	}
	row, err := a.EmbedTokens.Get(c.UserContext(), user, token.ID)
	if err != nil {
		return err
	}
	return a.showWelcome(c, fiber.StatusCreated, views.Welcome{
		Step:   2,
		Token:  newEmbedTokenView(row),
		Secret: secret,
	})
}
