package handlers

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
	"parley/views"
)

func (a *App) botsPage(c *fiber.Ctx) error {
	bots, err := a.Bots.List(c.UserContext(), identityOf(c).User)
	if err != nil {
		return err
	}
	page := views.Bots{Layout: a.layout(c, "Bots")}
	for _, one := range bots {
		page.Bots = append(page.Bots, views.BotRow{
			ID:        one.Bot.ID,
			Name:      one.Bot.Name,
			PhotoID:   photoID(one.Bot.PhotoID),
			Rules:     len(one.Form.Rules),
			Channels:  channelNames(one.Channels),
			UpdatedAt: one.Bot.UpdatedAt,
		})
	}
	return render(c, fiber.StatusOK, views.BotsPage(page), nil)
}

// channelNames says what the channels of a bot are, in the words of the navigation. A bot has one of each type at most.
func channelNames(channels []models.Channel) []string {
	names := make([]string, len(channels))
	for i, channel := range channels {
		names[i] = "Web Chat"
		if channel.Type == models.ChannelMobileSDK {
			names[i] = "Mobile SDK"
		}
	}
	return names
}

func (a *App) newBotPage(c *fiber.Ctx) error {
	return a.showBot(c, fiber.StatusOK, editedBot{form: services.BotForm{Greeting: "Hi. How can we help?",
		Fallback: "Thanks for your message. Someone from the team will answer soon."}})
}

func (a *App) botPage(c *fiber.Ctx) error {
	edited, err := a.storedBot(c)
	if err != nil {
		return err
	}
	return a.showBot(c, fiber.StatusOK, edited)
}

func (a *App) createBot(c *fiber.Ctx) error {
	edited := editedBot{}
	edited.read(c)
	if edited.pressedEnterToTry(c) {
		return a.showTrial(c, edited)
	}
	bot, err := a.Bots.Create(c.UserContext(), identityOf(c).User, edited.form)
	if err != nil {
		return a.botRefused(c, edited, err)
	}
	return a.redirectWithFlash(c, "/bots/"+bot.ID, "bot_created")
}

func (a *App) saveBot(c *fiber.Ctx) error {
	edited, err := a.sentBot(c)
	if err != nil {
		return err
	}
	if edited.pressedEnterToTry(c) {
		return a.showTrial(c, edited)
	}
	if _, err := a.Bots.Save(c.UserContext(), identityOf(c).User, edited.stored.Bot.ID, edited.form); err != nil {
		return a.botRefused(c, edited, err)
	}
	return a.redirectWithFlash(c, "/bots/"+edited.stored.Bot.ID, "bot_saved")
}

// botRefused shows the form as it was sent. If someone else has saved the bot since the form was loaded, the page links
// to their version, saving again replaces it, and the read-only rules are those of their version.
func (a *App) botRefused(c *fiber.Ctx, edited editedBot, err error) error {
	wrong, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	edited.wrong = wrong
	if _, aboutAll := wrong[""]; aboutAll && status == fiber.StatusConflict {
		edited.wrong, edited.conflict = nil, true
		edited.form.UpdatedAt = edited.stored.Form.UpdatedAt
		edited.form.Rules = slices.DeleteFunc(edited.form.Rules, func(rule services.PlainRule) bool {
			return rule.Keep != 0
		})
		for i, rule := range edited.stored.Form.Rules {
			if rule.Keep != 0 {
				edited.form.Rules = slices.Insert(edited.form.Rules, min(i, len(edited.form.Rules)), rule)
			}
		}
	}
	return a.showBot(c, status, edited)
}

// changeRules redraws the rules with one added, moved or removed. It saves nothing.
func (a *App) changeRules(c *fiber.Ctx) error {
	edited, err := a.sentBot(c)
	if err != nil {
		return err
	}
	edited.changeRules(c.FormValue("do"))
	if isPart(c) {
		return render(c, fiber.StatusOK, nil, views.BotRulesPart(edited.show()))
	}
	return a.showBot(c, fiber.StatusOK, edited)
}

// tryBot redraws the trial conversation with the bot of the form, which may have unsaved changes.
func (a *App) tryBot(c *fiber.Ctx) error {
	edited, err := a.sentBot(c)
	if err != nil {
		return err
	}
	switch c.FormValue("do") {
	case "try":
		edited.say(c)
	case "restart":
		edited.said = nil
	default:
		edited.saying = c.FormValue("say")
	}
	return a.showTrial(c, edited)
}

func (a *App) showTrial(c *fiber.Ctx, edited editedBot) error {
	if isPart(c) {
		return render(c, fiber.StatusOK, nil, views.TrialPart(edited.show()))
	}
	return a.showBot(c, fiber.StatusOK, edited)
}

func (a *App) setBotPhoto(c *fiber.Ctx) error {
	picture, err := uploadedPhoto(c)
	if err == nil {
		err = a.Bots.SetPhoto(c.UserContext(), identityOf(c).User, c.Params("id"), picture)
	}
	if err == nil {
		return a.redirectWithFlash(c, "/bots/"+c.Params("id"), "photo_saved")
	}
	wrong, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	edited, err := a.storedBot(c)
	if err != nil {
		return err
	}
	edited.wrong = formErrors{"photo": wrong.any()}
	return a.showBot(c, status, edited)
}

func (a *App) removeBotPhoto(c *fiber.Ctx) error {
	if err := a.Bots.RemovePhoto(c.UserContext(), identityOf(c).User, c.Params("id")); err != nil {
		return err
	}
	return a.redirectWithFlash(c, "/bots/"+c.Params("id"), "photo_removed")
}

func (a *App) removeBot(c *fiber.Ctx) error {
	if err := a.Bots.Remove(c.UserContext(), identityOf(c).User, c.Params("id")); err != nil {
		return err
	}
	return a.redirectWithFlash(c, "/bots", "bot_removed")
}

// storedBot returns the saved bot of the request.
func (a *App) storedBot(c *fiber.Ctx) (editedBot, error) {
	stored, err := a.Bots.Get(c.UserContext(), identityOf(c).User, c.Params("id"))
	return editedBot{stored: stored, form: stored.Form}, err
}

// sentBot returns the bot that the request's form describes. Without an id in the path it is a new one.
func (a *App) sentBot(c *fiber.Ctx) (edited editedBot, err error) {
	if c.Params("id") != "" {
		if edited, err = a.storedBot(c); err != nil {
			return edited, err
		}
	}
	edited.read(c)
	return edited, nil
}

func (a *App) showBot(c *fiber.Ctx, status int, edited editedBot) error {
	page := edited.show()
	page.Layout = a.layout(c, page.Heading())
	page.Layout.Path, page.Layout.Up = "/bots", views.Link{Path: "/bots", Name: "Bots"}
	return render(c, status, views.BotPage(page), nil)
}
