package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"parley/handlers/protocol"
	"parley/models"
	"parley/services"
	"parley/static"
	"parley/static/widget/language"
	"parley/views"
)

// loader serves embed.js. It is the same for every site. For a day a browser may use it while it asks for a newer one,
// so that a page has it also while no one answers.
func (a *App) loader(c *fiber.Ctx) error {
	content, _ := static.File("widget/embed.js") // embedded
	_, version, _ := strings.Cut(static.URL("widget/embed.js"), "?v=")
	c.Set(fiber.HeaderETag, `"`+version+`"`)
	c.Set(fiber.HeaderCacheControl, "public, max-age=3600, stale-while-revalidate=7200")
	c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
	setEmbeddable(c)
	c.Type("js", "utf-8")
	if strings.Contains(c.Get(fiber.HeaderIfNoneMatch), version) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	return c.Send(content)
}

// widgetLimit limits how many pages of the widget one address opens.
func (a *App) widgetLimit(c *fiber.Ctx) error {
	if err := a.Widget.AdmitPage(c.UserContext(), a.AddressKey(c)); err != nil {
		return err
	}
	return c.Next()
}

func (a *App) widgetPage(c *fiber.Ctx) error {
	opened, err := a.Widget.Open(c.UserContext(), services.WidgetRequest{
		EmbedToken:  c.Query("embed_token"),
		ExternalID:  c.Query("session_id"),
		DisplayName: c.Query("customer_name"),
		Origin:      c.Get(fiber.HeaderOrigin),
		Referer:     c.Get(fiber.HeaderReferer),
	})
	if err != nil {
		return err
	}
	ancestors := "*"
	if len(opened.AllowedOrigins) > 0 {
		ancestors = strings.Join(opened.AllowedOrigins, " ")
	}
	setEmbeddable(c)
	c.Set(fiber.HeaderContentSecurityPolicy, contentSecurityPolicy(ancestors))
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer") // the URL holds the external id
	widget := newWidgetView(c, opened)
	widget.EmbedToken = c.Query("embed_token")
	widget.CustomerName = services.CleanDisplayName(c.Query("customer_name"))
	if title := c.Query("title"); !services.Blank(title) {
		widget.Title = title
	}
	return render(c, fiber.StatusOK, views.WidgetPage(widget), nil)
}

// newWidgetView returns the page with the appearance of its embed token. The language of the site comes first, then
// that of the token, of the browser, and of the organization.
func newWidgetView(c *fiber.Ctx, opened services.OpenedWidget) views.Widget {
	look, greeting := opened.Appearance, opened.Greeting
	c.Vary(fiber.HeaderAcceptLanguage)
	chosen := language.Choose(c.Query("lang"), look.Language, c.Get(fiber.HeaderAcceptLanguage), opened.Language)
	widget := views.Widget{
		Asset:          static.URL,
		Title:          look.Title,
		BotName:        opened.BotName,
		BotPhotoURL:    protocol.PhotoURL(opened.BotPhotoID),
		Greeting:       greeting.Content,
		Position:       look.Position,
		ConversationID: opened.ConversationID,
		ExternalID:     opened.ExternalID,
		Language: views.WidgetLanguage{
			Tag:   chosen.Tag,
			Dir:   chosen.Dir,
			Text:  chosen.Text,
			Texts: chosen.Texts,
		},
	}
	if look.Greeting != "" {
		widget.Greeting = look.Greeting
	}
	if look.Color != "" {
		widget.Color, widget.Ink = look.Color, services.ContrastInk(look.Color)
	}
	for _, button := range greeting.Media.Buttons {
		widget.GreetingButtons = append(widget.GreetingButtons, views.Choice(button))
	}
	return widget
}

func (a *App) widgetHistory(c *fiber.Ctx) error {
	page := services.LatestPage(protocol.WidgetHistoryLimit)
	after, err := queryNumber(c, protocol.AfterSeq)
	if err != nil {
		return err
	}
	before, err := queryNumber(c, protocol.BeforeSeq)
	if err != nil {
		return err
	}
	page.AfterSeq, page.BeforeSeq = int64(after), int64(before)
	ref, err := a.Conversations.ForEndUser(c.UserContext(), services.EndUserProof{
		ConversationID: c.Params("id"),
		ExternalID:     c.Query("external_id"),
		EmbedToken:     c.Query("embed_token"),
	})
	if err != nil {
		return err
	}
	messages, err := a.Messages.List(c.UserContext(), ref, page)
	if err != nil {
		return err
	}
	senders, err := a.Organizations.Senders(c.UserContext(), ref.OrganizationID)
	if err != nil {
		return err
	}
	// Every origin may read it, as it may open a socket: the external id is the proof, and cookies are ignored.
	c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
	c.Set(headerMark, "json")
	return sendList(c, messages, func(m models.Message) any {
		// The type counts too: an end user may have chosen the id of an agent as external_id.
		sender := senders.Of(m.SenderType, m.SenderID)
		return protocol.NewWidgetMessage(m, protocol.Agent{
			Name:     sender.Name,
			PhotoURL: protocol.PhotoURL(sender.PhotoID),
		})
	})
}
