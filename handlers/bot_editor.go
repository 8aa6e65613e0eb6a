package handlers

import (
	"parley/models"
	"parley/services"
	"parley/views"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

const (
	maxSentRules = 200 // rows; our forms have fewer
	maxSaid      = 50  // messages of a trial
	maxSaying    = 500 // characters
)

// editedBot is a bot as its form describes it, with unsaved changes, and the trial conversation.
type editedBot struct {
	stored   services.BotDetails // zero for a new one
	form     services.BotForm
	said     []string
	saying   string // typed but not sent yet
	wrong    formErrors
	conflict bool
	focus    string // id of the element to focus
}

// read reads the form. A read-only rule is sent as its number.
func (e *editedBot) read(c *fiber.Ctx) {
	e.form.Name = c.FormValue("name")
	e.form.Greeting = c.FormValue("greeting")
	e.form.Fallback = c.FormValue("fallback")
	e.form.Rules = nil
	// A time that cannot be parsed is the time of no bot, so Save refuses the form.
	e.form.UpdatedAt, _ = time.Parse(time.RFC3339Nano, c.FormValue("updated_at"))
	keywords, answers := formValues(c, "keywords"), formValues(c, "answer")
	for _, kind := range formValues(c, "rule") {
		if keep, err := strconv.Atoi(kind); err == nil {
			for _, rule := range e.stored.Form.Rules {
				if rule.Keep == keep {
					e.form.Rules = append(e.form.Rules, rule)
				}
			}
		} else if len(keywords) > 0 && len(answers) > 0 && len(e.form.Rules) < maxSentRules {
			e.form.Rules = append(e.form.Rules, services.PlainRule{
				Keywords: services.Keywords(keywords[0]),
				Answer:   answers[0],
			})
			keywords, answers = keywords[1:], answers[1:]
		}
	}
	e.said = formValues(c, "said")
	e.said = e.said[:min(len(e.said), maxSaid)]
}

// say adds the typed message, if any, to the trial conversation.
func (e *editedBot) say(c *fiber.Ctx) {
	text := []rune(strings.TrimSpace(c.FormValue("say")))
	if len(text) > 0 && len(e.said) < maxSaid {
		e.said = append(e.said, string(text[:min(len(text), maxSaying)]))
	}
}

// pressedEnterToTry reports whether Enter was pressed in the message of the trial, and adds the message. Without a
// answers, Enter presses the form's first button, which would save.
func (e *editedBot) pressedEnterToTry(c *fiber.Ctx) bool {
	if c.FormValue("do") != "enter" || strings.TrimSpace(c.FormValue("say")) == "" {
		return false
	}
	e.say(c)
	return true
}

// changeRules does what a button of the rules says: add, or up, down or remove with the number of the row.
func (e *editedBot) changeRules(do string) {
	what, number, _ := strings.Cut(do, "-")
	at, err := strconv.Atoi(number)
	rules, there := e.form.Rules, err == nil && at >= 0 && at < len(e.form.Rules)
	switch {
	case what == "add" && len(rules) < maxSentRules:
		e.focus = "keywords-" + strconv.Itoa(len(rules))
		e.form.Rules = append(rules, services.PlainRule{})
	case what == "up" && there && at > 0:
		rules[at], rules[at-1] = rules[at-1], rules[at]
		e.focus = buttonOf("up", at-1, at-1 > 0)
	case what == "down" && there && at < len(rules)-1:
		rules[at], rules[at+1] = rules[at+1], rules[at]
		e.focus = buttonOf("down", at+1, at+1 < len(rules)-1)
	case what == "remove" && there && rules[at].Keep == 0:
		e.form.Rules = slices.Delete(rules, at, at+1)
		e.focus = "do-add"
	}
}

// buttonOf returns the id of a row's button up or down, or of the opposite one if the row cannot go further.
func buttonOf(direction string, at int, further bool) string {
	if !further {
		direction = map[string]string{"up": "down", "down": "up"}[direction]
	}
	return "do-" + direction + "-" + strconv.Itoa(at)
}

func (e *editedBot) show() views.BotEditor {
	bot := e.stored.Bot
	page := views.BotEditor{
		ID:           bot.ID,
		PhotoID:      photoID(bot.PhotoID),
		StoredName:   bot.Name,
		Name:         e.form.Name,
		Greeting:     e.form.Greeting,
		RichGreeting: e.form.RichGreeting,
		Fallback:     e.form.Fallback,
		RichFallback: e.form.RichFallback,
		UpdatedAt:    e.form.UpdatedAt.Format(time.RFC3339Nano),
		Conflict:     e.conflict,
		Focus:        e.focus,
		Channels:     channelNames(e.stored.Channels),
		Errors:       e.wrong,
		Trial:        e.trial(),
	}
	for _, rule := range e.form.Rules {
		page.Rules = append(page.Rules, views.BotRule{
			Keywords: strings.Join(rule.Keywords, ", "),
			Answer:   rule.Answer,
			Keep:     rule.Keep,
		})
	}
	return page
}

// trial returns the whole trial conversation, with the answers that the bot of the form gives now.
func (e *editedBot) trial() views.BotTrial {
	talk := views.BotTrial{Said: e.said, Saying: e.saying}
	answers, err := e.form.Answers(e.stored.Bot)
	if err != nil {
		talk.Problem = services.AsError(err).Message
		answers = &services.BotAnswers{}
	}
	now := models.Now()
	add := func(sender models.SenderType, body services.Body) {
		message := models.Message{
			ID:          "trial-" + strconv.Itoa(len(talk.Messages)),
			SenderType:  sender,
			SenderID:    string(sender),
			ContentType: body.ContentType,
			Content:     body.Content,
			RichMedia:   body.JSON(),
			CreatedAt:   now,
		}
		talk.Messages = append(talk.Messages, e.showTrialMessage(message))
	}
	if answers.Greeting.ContentType != "" {
		add(models.SenderBot, answers.Greeting)
	}
	for _, text := range e.said {
		said := services.Body{ContentType: models.TypeText, Content: text}
		add(models.SenderEndUser, said)
		answer, any := answers.Answer(said)
		if any {
			add(models.SenderBot, answer)
		}
		talk.Silent = !any && err == nil
	}
	return talk
}

func (e *editedBot) showTrialMessage(message models.Message) views.Message {
	bot := services.Agent{
		ID:      message.SenderID,
		Name:    e.form.Name,
		PhotoID: photoID(e.stored.Bot.PhotoID),
	}
	shown := names{senders: services.NewSenders(nil, []services.Agent{bot}), endUser: "You"}
	return newMessageView(message, shown, message.SenderType == models.SenderEndUser, nil)
}
