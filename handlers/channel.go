package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
	"parley/views"
)

func (a *App) mobileSDKPage(c *fiber.Ctx) error {
	return a.showMobileSDK(c, fiber.StatusOK, views.ChannelForm{})
}

func (a *App) showMobileSDK(c *fiber.Ctx, status int, form views.ChannelForm) error {
	user := identityOf(c).User
	page := views.MobileSDK{Layout: a.layout(c, "Mobile SDK"), Form: form}
	rows, err := a.Channels.List(c.UserContext(), user)
	if err != nil {
		return err
	}
	for _, row := range rows {
		credentials, err := a.PushCredentials.List(c.UserContext(), user, row.Channel.ID)
		if err != nil {
			return err
		}
		page.Channels = append(page.Channels, views.Channel{
			ID:      row.Channel.ID,
			BotName: row.Bot.Name,
			Push:    kindsInWords(credentials),
		})
	}
	if page.Form.Bots, err = a.botChoices(c); err != nil {
		return err
	}
	return render(c, status, views.MobileSDKPage(page), nil)
}

// createChannel needs no form key: a bot has one mobile channel, so a second submit is refused.
func (a *App) createChannel(c *fiber.Ctx) error {
	form := views.ChannelForm{BotID: c.FormValue("bot_id")}
	channel, err := a.Channels.Create(c.UserContext(), identityOf(c).User, form.BotID)
	if err == nil {
		return a.redirectWithFlash(c, "/integration/mobile-sdk/"+channel.ID, "channel_created")
	}
	errors, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	form.Errors = errors
	return a.showMobileSDK(c, status, form)
}

func (a *App) channelPage(c *fiber.Ctx) error { return a.showChannel(c, fiber.StatusOK, nil) }

// showChannel shows a mobile channel. change, unless nil, adds refused input or a token that was just created.
func (a *App) showChannel(c *fiber.Ctx, status int, change func(*views.ChannelDetail)) error {
	user := identityOf(c).User
	row, err := a.Channels.Get(c.UserContext(), user, c.Params("id"))
	if err != nil {
		return err
	}
	page := views.ChannelDetail{
		Layout:  a.layout(c, "Mobile channel of "+row.Bot.Name),
		Channel: views.Channel{ID: row.Channel.ID, BotName: row.Bot.Name},
		BaseURL: a.baseURL(c),
		Form:    views.EmbedTokenForm{Key: models.NewID()},
		WebView: views.WebViewForm{
			Token:        c.Query("embed_token"),
			SessionID:    c.Query("session_id"),
			CustomerName: c.Query("customer_name"),
			Title:        c.Query("title"),
		},
	}
	page.Up = views.Link{Path: "/integration/mobile-sdk", Name: "Mobile SDK"}
	if page.Tokens, err = a.tokensOf(c, models.ChannelMobileSDK, row.Channel.ID); err != nil {
		return err
	}
	for _, token := range page.Tokens {
		if token.RevokedAt.IsZero() {
			page.WebView.Tokens = append(page.WebView.Tokens, views.Choice{
				Label: token.Name + " (" + token.Prefix + "…)",
				Value: token.Prefix + "…",
			})
		}
	}
	page.WebView.Token = chosen(page.WebView.Tokens, page.WebView.Token)
	credentials, err := a.PushCredentials.List(c.UserContext(), user, row.Channel.ID)
	if err != nil {
		return err
	}
	names, err := a.Organizations.UserNames(c.UserContext(), user.OrganizationID)
	if err != nil {
		return err
	}
	page.Credentials = newPushCredentialViews(credentials, names)
	if change != nil {
		change(&page)
	}
	return render(c, status, views.ChannelPage(page), nil)
}

// chosen returns value if it is one of choices, else the first choice.
func chosen(choices []views.Choice, value string) string {
	for _, choice := range choices {
		if choice.Value == value {
			return value
		}
	}
	if len(choices) == 0 {
		return ""
	}
	return choices[0].Value
}

// createChannelToken creates an embed token for the app. Its conversations belong to the mobile channel.
func (a *App) createChannelToken(c *fiber.Ctx) error {
	user, name := identityOf(c).User, c.FormValue("name")
	row, err := a.Channels.Get(c.UserContext(), user, c.Params("id"))
	if err != nil {
		return err
	}
	token, secret, err := a.EmbedTokens.Create(c.UserContext(), user,
		services.NewEmbedToken{
			FormKey: c.FormValue("form_key"),
			BotID:   row.Bot.ID,
			Channel: models.ChannelMobileSDK,
			Name:    name,
		})
	if err != nil {
		return a.tokenRefused(c, err, "", func(status int, errors map[string]string) error {
			return a.showChannel(c, status, func(page *views.ChannelDetail) {
				page.Form.Name, page.Form.Errors = name, errors
			})
		})
	}
	return a.showChannel(c, fiber.StatusCreated, func(page *views.ChannelDetail) {
		page.Created = &views.CreatedEmbedToken{
			Name:    token.Name,
			Secret:  secret,
			BaseURL: a.baseURL(c),
			Mobile:  true,
		}
	})
}
