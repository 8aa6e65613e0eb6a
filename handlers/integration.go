package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
	"parley/views"
)

// integration redirects to the first page of the section.
func (a *App) integration(c *fiber.Ctx) error {
	return c.Redirect("/integration/web-chat", fiber.StatusSeeOther)
}

// botChoices returns the organization's bots as the options of a form.
func (a *App) botChoices(c *fiber.Ctx) ([]views.Choice, error) {
	bots, err := a.Bots.List(c.UserContext(), identityOf(c).User)
	choices := make([]views.Choice, len(bots))
	for i, details := range bots {
		choices[i] = views.Choice{Label: details.Bot.Name, Value: details.Bot.ID}
	}
	return choices, err
}

// newEmbedTokenView returns the view of an embed token, without its secret.
func newEmbedTokenView(row services.EmbedTokenRow) views.EmbedToken {
	shown := views.EmbedToken{
		ID:         row.Token.ID,
		Name:       row.Token.Name,
		Prefix:     row.Token.Prefix,
		BotName:    row.Bot.Name,
		Origins:    row.Token.AllowedOrigins,
		SeenOrigin: row.Token.LastSeenOrigin,
	}
	if row.Token.LastSeenAt != nil {
		shown.SeenAt = *row.Token.LastSeenAt
	}
	if row.Token.RevokedAt != nil {
		shown.RevokedAt = *row.Token.RevokedAt
	}
	return shown
}

// tokensOf returns the organization's embed tokens on channels of one type, or on one channel if channelID is given.
func (a *App) tokensOf(c *fiber.Ctx, channelType, channelID string) ([]views.EmbedToken, error) {
	rows, err := a.EmbedTokens.List(c.UserContext(), identityOf(c).User, channelType, channelID)
	tokens := make([]views.EmbedToken, len(rows))
	for i, row := range rows {
		tokens[i] = newEmbedTokenView(row)
	}
	return tokens, err
}

// tokenPath returns the path of the page that manages an embed token.
func tokenPath(row services.EmbedTokenRow) string {
	if row.Channel.Type == models.ChannelMobileSDK {
		return "/integration/mobile-sdk/" + row.Channel.ID
	}
	return "/integration/web-chat/" + row.Token.ID
}
