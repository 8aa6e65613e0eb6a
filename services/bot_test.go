package services_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

// form is the form of the tenant's bot as an admin opens it now.
func (w *world) form() services.BotForm {
	w.Helper()
	details, err := w.Bots.Get(w.Context(), w.owner, w.bot.ID)
	w.ok(err)
	return details.Form
}

func (w *world) storedBot() (bot models.Bot) {
	w.Helper()
	w.ok(w.db.Read.Where("id = ?", w.bot.ID).Take(&bot).Error)
	return bot
}

func TestBots_areForAdminsOfTheirOrganization(t *testing.T) {
	each(t, func(w *world) {
		stranger := w.newTenant("Globex", silent)
		calls := map[string]func(actor models.User, id string) error{
			"get": func(actor models.User, id string) error {
				_, err := w.Bots.Get(w.Context(), actor, id)
				return err
			},
			"save": func(actor models.User, id string) error {
				_, err := w.Bots.Save(w.Context(), actor, id, services.BotForm{Name: "Mine"})
				return err
			},
			"remove": func(actor models.User, id string) error { return w.Bots.Remove(w.Context(), actor, id) },
			"photo": func(actor models.User, id string) error {
				return w.Bots.SetPhoto(w.Context(), actor, id, picture(w, 10, 10))
			},
			"remove photo": func(actor models.User, id string) error {
				return w.Bots.RemovePhoto(w.Context(), actor, id)
			},
		}
		for name, call := range calls {
			w.refused(services.Forbidden, call(w.ann, w.bot.ID))
			for _, id := range []string{stranger.bot.ID, models.NewID(), "x", "' OR 1=1 --"} {
				if err := call(w.owner, id); err == nil || services.KindOf(err) != services.NotFound {
					w.Errorf("%s %q: %v", name, id, err)
				}
			}
		}
		_, err := w.Bots.List(w.Context(), w.ann)
		w.refused(services.Forbidden, err)
		_, err = w.Bots.Create(w.Context(), w.ann, services.BotForm{Name: "Mine"})
		w.refused(services.Forbidden, err)
		list, err := w.Bots.List(w.Context(), w.owner)
		w.ok(err)
		if len(list) != 1 || list[0].Bot.ID != w.bot.ID || len(list[0].Channels) != 2 ||
			list[0].Channels[0].ID != w.webchat.ID {
			w.Errorf("listed %+v", list)
		}
		if len(w.noted()) != 0 || w.count(&models.Photo{}, "1 = 1") != 0 {
			w.Errorf("what was refused is noted: %v", w.noted())
		}
	})
}

func TestCreateBot_sentTwiceMakesOne(t *testing.T) {
	each(t, func(w *world) {
		form := services.BotForm{
			Name:     " Ada ",
			Greeting: "Hi, I am Ada.",
			Fallback: "Ask me about prices.",
			Rules: []services.PlainRule{{
				Keywords: []string{"price", " cost "},
				Answer:   "10 a month.\r\nOr 100 a year.",
			}, {}, {Keywords: services.Keywords("bye, see you\nbye,,"), Answer: "Bye!"}},
		}
		errs := make(chan error)
		for range 4 {
			go func() { _, err := w.Bots.Create(w.Context(), w.owner, form); errs <- err }()
		}
		made := 0
		for range 4 {
			if err := <-errs; err == nil {
				made++
			} else if services.KindOf(err) != services.Conflict || services.AsError(err).Field != "name" {
				w.Error(err)
			}
		}
		if made != 1 {
			w.Errorf("%d were made", made)
		}
		equal(w, w.noted(), "Olga bot.created Ada")
		list, err := w.Bots.List(w.Context(), w.owner)
		w.ok(err)
		bot, stored := list[0].Bot, list[0].Form
		if bot.Name != "Ada" || stored.Greeting != "Hi, I am Ada." || len(stored.Rules) != 2 ||
			fmt.Sprint(stored.Rules[1].Keywords) != "[bye see you]" {
			w.Errorf("made %+v", stored)
		}
		for said, want := range map[string]string{"What does it COST?": "10 a month.\nOr 100 a year.",
			"see you": "Bye!", "hello": "Ask me about prices."} {
			answer, any := services.ReadBotAnswers(bot).Answer(services.Body{
				ContentType: models.TypeText,
				Content:     said,
			})
			if !any || answer.Content != want {
				w.Errorf("to %q it says %q", said, answer.Content)
			}
		}
		stranger := w.newTenant("Globex", silent)
		_, err = w.Bots.Create(w.Context(), stranger.owner, form)
		w.ok(err)
	})
}

func TestBotForm_namesTheFieldThatIsWrong(t *testing.T) {
	each(t, func(w *world) {
		long := strings.Repeat("x", 10_001)
		rule := func(keywords, answer string) []services.PlainRule {
			return []services.PlainRule{{
				Keywords: []string{"ok"},
				Answer:   "ok",
			}, {Keywords: services.Keywords(keywords), Answer: answer}}
		}
		for name, test := range map[string]struct {
			field string
			form  services.BotForm
		}{
			"no name":         {"name", services.BotForm{Name: " "}},
			"a long name":     {"name", services.BotForm{Name: strings.Repeat("x", 101)}},
			"a name of lines": {"name", services.BotForm{Name: "a\nb"}},
			"NUL":             {"greeting", services.BotForm{Name: "a", Greeting: "a\x00"}},
			"a long greeting": {"greeting", services.BotForm{Name: "a", Greeting: long}},
			"a long fallback": {"fallback", services.BotForm{Name: "a", Fallback: long}},
			"no keywords": {"rules.1.keywords", services.BotForm{
				Name:  "a",
				Rules: rule("", "answer"),
			}},
			"a keyword of signs": {"rules.1.keywords", services.BotForm{
				Name:  "a",
				Rules: rule("?!", "answer"),
			}},
			"a long keyword": {"rules.1.keywords", services.BotForm{
				Name:  "a",
				Rules: rule(strings.Repeat("x", 81), "answer"),
			}},
			"no answer": {"rules.1.answer", services.BotForm{
				Name:  "a",
				Rules: rule("price", " "),
			}},
			"a long answer": {"rules.1.answer", services.BotForm{
				Name:  "a",
				Rules: rule("price", long),
			}},
			"no such rule": {"rules.0.keywords", services.BotForm{
				Name:  "a",
				Rules: []services.PlainRule{{Keep: 99}},
			}},
			"a negative rule": {"rules.0.keywords", services.BotForm{
				Name:  "a",
				Rules: []services.PlainRule{{Keep: -1}},
			}},
			"many rules": {"rules.100.keywords", services.BotForm{
				Name:  "a",
				Rules: slicesRepeat(services.PlainRule{Keywords: []string{"a"}, Answer: "b"}, 101),
			}},
		} {
			_, createErr := w.Bots.Create(w.Context(), w.owner, test.form)
			test.form.UpdatedAt = w.form().UpdatedAt
			_, saveErr := w.Bots.Save(w.Context(), w.owner, w.bot.ID, test.form)
			for _, err := range []error{createErr, saveErr} {
				if services.KindOf(err) != services.Invalid || services.AsError(err).Field != test.field {
					w.Errorf("%s: %v, field %q", name, err, services.AsError(err).Field)
				}
			}
		}
		if len(w.noted()) != 0 {
			w.Errorf("noted %v", w.noted())
		}
	})
}

func slicesRepeat[T any](one T, n int) (all []T) {
	for range n {
		all = append(all, one)
	}
	return all
}

func TestSaveBot_keepsRichRulesInTheirPlace(t *testing.T) {
	each(t, func(w *world) {
		const rich, valued = `{"keywords":["plans"],"reply":{"content_type":"quick_button","content":"Which?","rich_media":{"buttons":[{"label":"A & B","value":"a"}]}}}`,
			`{"keywords":["yes"],"value":"yes","reply":{"content":"Great."},"note":"of a later version"}`
		w.setBot(models.Bot{Rules: `[{"keywords":["hello"],"reply":{"content":"Hi!"}},` + rich + `,` + valued + `]`,
			Greeting: `{"content_type":"quick_button","content":"Hi","rich_media":{"buttons":[{"label":"Plans","value":"plans"}]}}`})
		form := w.form()
		if len(form.Rules) != 3 || form.Rules[0].Keep != 0 || form.Rules[1].Keep != 2 || form.Rules[2].Keep != 3 ||
			form.Rules[1].Answer != "Which?" ||
			!form.RichGreeting || form.RichFallback || form.Greeting != "Hi" {
			w.Fatalf("the form is %+v", form)
		}
		form.Greeting = "Hello"
		form.Rules = []services.PlainRule{form.Rules[2], {
			Keywords: []string{"new"},
			Answer:   "New & <b>",
		}, form.Rules[1], form.Rules[1], form.Rules[0]}
		bot, err := w.Bots.Save(w.Context(), w.owner, w.bot.ID, form)
		w.ok(err)
		stored := strings.ReplaceAll(bot.Rules, `\u0026`, "&")
		if places := []int{strings.Index(stored, valued), strings.Index(stored, `"new"`), strings.Index(stored, rich),
			strings.Index(stored, `"hello"`)}; places[0] < 0 ||
			places[0] > places[1] || places[1] > places[2] || places[2] > places[3] ||
			strings.Count(stored, rich) != 1 {
			w.Errorf("stored %s", stored)
		}
		greeting := services.ReadBotAnswers(bot).Greeting
		if greeting.Content != "Hello" || greeting.ContentType != models.TypeQuickButton ||
			len(greeting.Media.Buttons) != 1 {
			w.Errorf("greets with %+v", greeting)
		}
		form = w.form() // a browser that leaves out what it does not understand deletes nothing
		form.Rules = []services.PlainRule{{Keywords: []string{"only"}, Answer: "this"}}
		bot, err = w.Bots.Save(w.Context(), w.owner, w.bot.ID, form)
		w.ok(err)
		stored = strings.ReplaceAll(bot.Rules, `\u0026`, "&")
		if !strings.Contains(stored, rich) || !strings.HasPrefix(stored, "["+valued) ||
			!strings.Contains(stored, `"only"`) || strings.Contains(stored, `"hello"`) {
			w.Errorf("stored %s", stored)
		}
	})
}

func TestSaveBot_overwritesNobodysChanges(t *testing.T) {
	each(t, func(w *world) {
		stale, form := w.form(), w.form()
		form.Fallback = "Mine"
		bot, err := w.Bots.Save(w.Context(), w.owner, w.bot.ID, form)
		w.ok(err)
		if !bot.UpdatedAt.After(form.UpdatedAt) {
			w.Error("the answers that were read before would go on")
		}
		again, err := w.Bots.Save(w.Context(), w.owner, w.bot.ID, form) // a second click
		w.ok(err)
		if !again.UpdatedAt.Equal(bot.UpdatedAt) {
			w.Error("changed twice")
		}
		stale.Fallback = "Theirs"
		_, err = w.Bots.Save(w.Context(), w.owner, w.bot.ID, stale)
		w.refused(services.Conflict, err)
		if stored := w.storedBot(); !strings.Contains(stored.Fallback, "Mine") {
			w.Errorf("stored %s", stored.Fallback)
		}
		equal(w, w.noted(), "Olga bot.changed Pip fallback")
	})
}

func TestSaveBot_ofManyAtOnceOneWins(t *testing.T) {
	each(t, func(w *world) {
		form := w.form()
		errs := make(chan error)
		for i := range 6 {
			go func() {
				mine := form
				mine.Fallback = fmt.Sprint("Mine ", i)
				_, err := w.Bots.Save(w.Context(), w.owner, w.bot.ID, mine)
				errs <- err
			}()
		}
		won := 0
		for range 6 {
			if err := <-errs; err == nil {
				won++
			} else {
				w.refused(services.Conflict, err)
			}
		}
		if won != 1 || len(w.noted()) != 1 {
			w.Errorf("%d won, noted %v", won, w.noted())
		}
	})
}

func TestSaveBot_takesNoOthersName(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.Bots.Create(w.Context(), w.owner, services.BotForm{Name: "Ada"})
		w.ok(err)
		form := w.form()
		form.Name = "ADA"
		_, err = w.Bots.Save(w.Context(), w.owner, w.bot.ID, form)
		if services.KindOf(err) != services.Conflict || services.AsError(err).Field != "name" {
			w.Error(err)
		}
		form.Name = "PIP"
		_, err = w.Bots.Save(w.Context(), w.owner, w.bot.ID, form)
		w.ok(err)
	})
}

func TestRemoveBot_refusesWhileAChannelUsesIt(t *testing.T) {
	each(t, func(w *world) {
		w.refused(services.Conflict, w.Bots.Remove(w.Context(), w.owner, w.bot.ID))
		bot, err := w.Bots.Create(w.Context(), w.owner, services.BotForm{Name: "Ada"})
		w.ok(err)
		w.ok(w.Bots.SetPhoto(w.Context(), w.owner, bot.ID, picture(w, 20, 20)))
		w.ok(w.Bots.Remove(w.Context(), w.owner, bot.ID))
		w.refused(services.NotFound, w.Bots.Remove(w.Context(), w.owner, bot.ID))
		if w.count(&models.Bot{}, "1 = 1") != 1 || w.count(&models.Photo{}, "1 = 1") != 0 {
			w.Error("something of it stays, or too much went")
		}
		equal(w, w.noted(), "Olga bot.created Ada", "Olga bot.changed Ada photo", "Olga bot.removed Ada")
	})
}

// Between a channel that is made and a bot that is removed, the database decides.
func TestRemoveBot_racesWithANewChannel(t *testing.T) {
	each(t, func(w *world) {
		bot, err := w.Bots.Create(w.Context(), w.owner, services.BotForm{Name: "Ada"})
		w.ok(err)
		made, removed := make(chan error), make(chan error)
		go func() {
			_, err := services.NewChannels(w.db, w.Audit, w.clock.Now).Create(w.Context(), w.owner, bot.ID)
			made <- err
		}()
		go func() { removed <- w.Bots.Remove(w.Context(), w.owner, bot.ID) }()
		makeErr, removeErr := <-made, <-removed
		if (makeErr == nil) == (removeErr == nil) {
			w.Errorf("made: %v, removed: %v", makeErr, removeErr)
		}
		if kind := services.KindOf(errors.Join(makeErr, removeErr)); kind != services.Conflict &&
			kind != services.NotFound {
			w.Errorf("made: %v, removed: %v", makeErr, removeErr)
		}
	})
}

func TestCreateChannel_ofABotThatIsGone(t *testing.T) {
	each(t, func(w *world) {
		channels := services.NewChannels(w.db, w.Audit, w.clock.Now)
		for range 20 { // races as above, until one side is late
			bot, err := w.Bots.Create(w.Context(), w.owner, services.BotForm{Name: models.NewID()})
			w.ok(err)
			removed := make(chan error, 1)
			go func() { removed <- w.Bots.Remove(w.Context(), w.owner, bot.ID) }()
			if _, err := channels.Create(w.Context(), w.owner, bot.ID); err != nil &&
				services.AsError(err).Field != "bot_id" {
				w.Errorf("made: %v", err)
			}
			if err := <-removed; err != nil {
				w.refused(services.Conflict, err)
			}
		}
	})
}

func TestBotForm_saysWhatTheBotWouldSay(t *testing.T) {
	each(t, func(w *world) {
		w.setBot(talkative)
		form := w.form()
		form.Rules[0].Answer = "Howdy!"
		form.Fallback = ""
		answer := func(form services.BotForm, stored models.Bot, said string) string {
			answers, err := form.Answers(stored)
			w.ok(err)
			answer, any := answers.Answer(services.Body{
				ContentType: models.TypeText,
				Content:     said,
			})
			if any != (answer.Content != "") {
				w.Errorf("to %q: %q, %t", said, answer.Content, any)
			}
			return answer.Content
		}
		before := w.storedBot()
		for said, want := range map[string]string{"hello there": "Howdy!", "something": ""} {
			if got := answer(form, before, said); got != want {
				w.Errorf("to %q: %q", said, got)
			}
		}
		if w.storedBot() != before || len(w.noted()) != 0 {
			w.Error("trying changed the bot")
		}
		if got := answer(services.BotForm{Fallback: "New here."}, models.Bot{}, "hi"); got != "New here." {
			w.Errorf("a bot that is not there yet: %q", got)
		}
		form.Rules[0].Answer = ""
		if _, err := form.Answers(before); services.AsError(err).Field != "rules.0.answer" {
			w.Error(err)
		}
	})
}

func TestBotPhoto_leavesOpenFormsGood(t *testing.T) {
	each(t, func(w *world) {
		form := w.form()
		w.clock.advance(time.Second)
		w.ok(w.Bots.SetPhoto(w.Context(), w.owner, w.bot.ID, picture(w, 300, 200)))
		first := *w.storedBot().PhotoID
		w.ok(w.Bots.SetPhoto(w.Context(), w.owner, w.bot.ID, picture(w, 300, 200)))
		if same := *w.storedBot().PhotoID; same != first {
			w.Error("the same picture again is another photo")
		}
		w.ok(w.Bots.SetPhoto(w.Context(), w.owner, w.bot.ID, picture(w, 100, 200)))
		_, err := w.Photos.Get(w.Context(), first)
		w.refused(services.NotFound, err)
		form.Fallback = "Hm?"
		_, err = w.Bots.Save(w.Context(), w.owner, w.bot.ID, form)
		w.ok(err)
		_, err = w.Photos.Get(w.Context(), *w.storedBot().PhotoID)
		w.ok(err)
		for range 2 {
			w.ok(w.Bots.RemovePhoto(w.Context(), w.owner, w.bot.ID))
		}
		if w.storedBot().PhotoID != nil || w.count(&models.Photo{}, "1 = 1") != 0 {
			w.Error("the photo stays")
		}
	})
}
