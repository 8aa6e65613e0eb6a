package services_test

import (
	"encoding/json"
	"testing"

	"parley/models"
	"parley/services"
)

const (
	greetingButtons  = `{"content_type":"quick_button","content":"Hi","rich_media":{"buttons":[{"label":"Opening hours","value":"hours"},{"label":"Prices","value":"prices"}]}}`
	greetingDropdown = `{"content_type":"dropdown","content":"Hi","rich_media":{"options":[{"label":"Opening hours","value":"hours"}]}}`
	greetingCarousel = `{"content_type":"carousel","rich_media":{"cards":[{"title":"Us","buttons":[{"label":"Opening hours","value":"hours"}]}]}}`

	hoursRule = `[{"value":"hours","keywords":["hours","opening times"],"reply":{"content":"9 to 18"}},
		{"keywords":["hours","price"],"reply":{"content":"second"}}]`
)

// answer is what a bot says to a text, or nothing.
func answer(t *testing.T, bot models.Bot, content, media string) string {
	t.Helper()
	body, err := services.ParseBody(models.TypeText, content, json.RawMessage(media))
	if err != nil {
		t.Fatal(err)
	}
	reply, _ := services.ReadBotAnswers(bot).Answer(body)
	return reply.Content
}

func TestAnswer_matchesWholeWordsInAnyCase(t *testing.T) {
	t.Parallel()
	bot := models.Bot{Rules: hoursRule}
	for text, says := range map[string]string{
		"hours": "9 to 18", "HOURS?": "9 to 18", "Your hours, please.": "9 to 18", "opening-times!": "9 to 18",
		"the opening\n times": "9 to 18",
		"price":               "second", "prices": "", "hoursx": "", "xhours": "", "opening": "", "times opening": "",
		"?": "", "hour s": "",
	} {
		if got := answer(t, bot, text, ""); got != says {
			t.Errorf("%q is answered %q, not %q", text, got, says)
		}
	}
	german := models.Bot{Rules: `[{"keywords":["Öffnungszeiten"],"reply":{"content":"9 bis 18"}}]`}
	if got := answer(t, german, "eure öffnungszeiten?", ""); got != "9 bis 18" {
		t.Errorf("answers %q", got)
	}
}

func TestAnswer_prefersThePickedValueToWords(t *testing.T) {
	t.Parallel()
	bot := models.Bot{
		Rules:    `[{"keywords":["no"],"reply":{"content":"keyword"}},{"value":"no","reply":{"content":"value"}}]`,
		Fallback: `{"content":"fallback"}`,
	}
	selected := `{"selected":{"message_id":"` + models.NewID() + `","label":"No","value":%s}}`
	for value, says := range map[string]string{`"no"`: "value", `"other"`: "keyword"} {
		if got := answer(t, bot, "No", media(selected, value)); got != says {
			t.Errorf("%s is answered %q, not %q", value, got, says)
		}
	}
	if got := answer(t, bot, "What?", ""); got != "fallback" {
		t.Errorf("answers %q", got)
	}
	if got := answer(t, models.Bot{Rules: `[{"reply":{"content":"never"}}]`}, "x", ""); got != "" {
		t.Errorf("a rule without value and keywords answers %q", got)
	}
}

func TestAnswer_takesALabelOfTheGreetingForItsValue(t *testing.T) {
	t.Parallel()
	rules := `[{"value":"hours","reply":{"content":"9 to 18"}}]`
	for _, greeting := range []string{greetingButtons, greetingDropdown, greetingCarousel} {
		bot := models.Bot{Greeting: greeting, Rules: rules}
		for text, says := range map[string]string{"Opening hours": "9 to 18", " opening HOURS ": "9 to 18",
			"Opening hours?": "", "hours": "", "Prices": ""} {
			if got := answer(t, bot, text, ""); got != says {
				t.Errorf("%q after %s is answered %q", text, greeting, got)
			}
		}
	}
}

func TestReadBotAnswers_leavesOutWhatIsBroken(t *testing.T) {
	t.Parallel()
	for name, bot := range map[string]models.Bot{
		"nothing":    {},
		"no JSON":    {Greeting: "{", Rules: "x", Fallback: "]"},
		"other JSON": {Greeting: "[]", Rules: "{}", Fallback: "7"},
		"against the rules": {
			Greeting: `{"content":""}`,
			Fallback: `{"content_type":"image","rich_media":{"url":"javascript:alert(1)"}}`,
			Rules:    `[{"keywords":["x"],"reply":{"content_type":"video","content":"x"}}]`,
		},
		"a keyword of no use": {Rules: `[{"keywords":["","?!"],"reply":{"content":"x"}}]`},
	} {
		answers := services.ReadBotAnswers(bot)
		if answers.Greeting.ContentType != "" {
			t.Errorf("%s: greets with %+v", name, answers.Greeting)
		}
		if got := answer(t, bot, "x ?!", ""); got != "" {
			t.Errorf("%s: answers %q", name, got)
		}
	}
	half := models.Bot{
		Rules:    `[{"keywords":["x"],"reply":{"content":""}},{"keywords":["x"],"reply":{"content":"still here"}}]`,
		Fallback: "{",
	}
	if got := answer(t, half, "x", ""); got != "still here" {
		t.Errorf("the rule behind a broken one says %q", got)
	}
}

func TestSend_botAnswersWhileNobodyIsAssigned(t *testing.T) {
	each(t, func(w *world) {
		w.setBot(talkative)
		ref := w.conversation("jo")
		w.says(ref, "Hello there")
		w.says(ref, "What?")
		_, err := w.Conversations.Claim(w.Context(), w.ann, ref.ID)
		w.ok(err)
		w.says(ref, "hello again")
		w.writes(ref, w.ann, "hello from Ann")
		equal(w, w.transcript(ref), "1 end_user: Hello there", "2 bot: Hi!", "3 end_user: What?",
			"4 bot: You said something.",
			"5 end_user: hello again", "6 agent: hello from Ann")
		_, err = w.Conversations.Resolve(w.Context(), w.organization.ID, ref.ID, nil)
		w.ok(err)
		w.says(ref, "hello, new session")
		equal(w, w.transcript(ref)[6:], "7 end_user: hello, new session", "8 bot: Hi!")
		var bot models.Message
		w.ok(w.db.Read.Where("conversation_id = ? AND seq = 2", ref.ID).Take(&bot).Error)
		if bot.SenderID != w.bot.ID || bot.OrganizationID != w.organization.ID || bot.ClientID != nil {
			w.Errorf("the bot's message is %+v", bot)
		}
		w.Messages.Close()
		published := of[models.Message](w.events)
		if len(published) != 8 || published[1].SenderType != models.SenderBot {
			w.Errorf("published %d messages", len(published))
		}
	})
}

func TestSend_botIsSilentToAgentsAndWithoutAnswers(t *testing.T) {
	each(t, func(w *world) {
		silentRef := w.opened("jo")
		equal(w, w.transcript(silentRef), "1 end_user: Hello")
		w.setBot(talkative)
		ref := w.opened("mo")
		w.writes(ref, w.ann, "hello") // an agent may write without claiming
		equal(w, w.transcript(ref), "1 end_user: Hello", "2 bot: Hi!", "3 agent: hello")
	})
}

func TestSend_botSaysWhatItsRowSaysNow(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		for _, says := range []string{"one", "two"} {
			w.setBot(models.Bot{Rules: "[]", Fallback: `{"content":"` + says + `"}`})
			w.says(ref, "x")
		}
		w.setBot(silent)
		w.says(ref, "x")
		equal(w, w.transcript(ref), "1 end_user: Hello", "2 end_user: x", "3 bot: one", "4 end_user: x", "5 bot: two",
			"6 end_user: x")
	})
}

func TestSend_botAnswersARepeatOnce(t *testing.T) {
	each(t, func(w *world) {
		w.setBot(talkative)
		ref := w.conversation("jo")
		draft := named(text(ref, endUserOf(ref), "hello"), "1")
		sent, errs := w.Messages.Together(draft, draft)
		if errs[0] != nil || errs[1] != nil || sent[0].Duplicate || !sent[1].Duplicate {
			w.Errorf("%+v, %v", sent, errs)
		}
		if again, err := w.send(draft); err != nil || !again.Duplicate {
			w.Errorf("%+v, %v", again, err)
		}
		equal(w, w.transcript(ref), "1 end_user: hello", "2 bot: Hi!")
	})
}

// Claim and send meet in the conversation's lock: whatever the claim came before is not answered, and so nothing after
// it.
func TestSend_botStaysSilentFromTheClaimOn(t *testing.T) {
	each(t, func(w *world) {
		w.setBot(talkative)
		ref := w.conversation("jo")
		w.says(ref, "hello")
		const more = 40
		sent := make(chan error, more)
		for i := range more {
			w.Messages.Send(w.Context(), reporting(text(ref, endUserOf(ref), "hello"),
				onStored(func(_ *services.Sent, err error) { sent <- err })))
			if i == more/2 {
				go func() {
					_, err := w.Conversations.Claim(w.Context(), w.ann, ref.ID)
					sent <- err
				}()
			}
		}
		for range more + 1 {
			w.ok(<-sent)
		}
		w.says(ref, "hello after the claim")
		lines := w.transcript(ref)
		unanswered := false
		for i := 0; i < len(lines); i++ {
			answered := i+1 < len(lines) && lines[i+1][len(lines[i+1])-8:] == "bot: Hi!"
			if answered && unanswered {
				w.Fatalf("the bot speaks again at %q", lines[i+1])
			}
			if answered {
				i++
			} else {
				unanswered = true
			}
		}
		if !unanswered {
			w.Error("the bot answered after the claim")
		}
	})
}
