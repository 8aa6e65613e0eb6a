package services_test

import (
	"encoding/json"
	"testing"

	"parley/models"
	"parley/services"
)

func TestSend_anAnswerNamesMessageLabelAndValue(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		question := w.asks(ref, w.ann)
		stored := w.stored(picks(ref, question, "Absolutely!", "yes")) // the label that was offered is stored
		if string(stored.RichMedia) != `{"selected":{"message_id":"`+question.ID+`","label":"Yes","value":"yes"}}` ||
			*stored.AnswersID != question.ID || stored.ContentType != "text" || stored.Content != "Yes" {
			w.Errorf("stored %s as %s %q", stored.RichMedia, stored.ContentType, stored.Content)
		}
	})
}

func TestSend_anAgentCannotAnswerForTheEndUser(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		question := w.asks(ref, w.ann)
		forged := picks(ref, question, "Yes", "yes")
		forged.Sender = services.Sender{Type: models.SenderAgent, ID: w.ann.ID}
		_, err := w.send(forged)
		w.refused(services.Invalid, err)
		w.stored(picks(ref, question, "Yes", "yes"))
	})
}

func TestSend_theFirstAnswerCounts(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		later, together := w.asks(ref, w.ann), w.asks(ref, w.ann)
		w.stored(picks(ref, later, "Yes", "yes"))
		_, err := w.send(picks(ref, later, "No", "no"))
		w.refused(services.Conflict, err)
		_, errs := w.Messages.Together(picks(ref, together, "No", "no"), picks(ref, together, "Yes", "yes"),
			text(ref, endUserOf(ref), "and more"))
		w.ok(errs[0])
		w.refused(services.Conflict, errs[1])
		w.ok(errs[2])
		equal(w, w.transcript(ref)[3:], "4 end_user: Yes", "5 end_user: No", "6 end_user: and more")
		messages, err := w.Messages.List(w.Context(), ref, services.LatestPage(100))
		w.ok(err)
		answers, err := w.Messages.Answers(w.Context(), w.organization.ID, messages)
		w.ok(err)
		if len(answers) != 2 || answers[later.ID].Value != "yes" || answers[together.ID].Value != "no" ||
			answers[together.ID].Label != "No" {
			w.Errorf("answers: %+v", answers)
		}
	})
}

func TestSend_ofManyAnswersAtOnceOneIsStored(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		question := w.asks(ref, w.ann)
		const taps = 20
		errs := make(chan error, taps)
		for range taps {
			go func() {
				_, err := w.send(picks(ref, question, "Yes", "yes"))
				errs <- err
			}()
		}
		stored := 0
		for range taps {
			if err := <-errs; err == nil {
				stored++
			} else {
				w.refused(services.Conflict, err)
			}
		}
		if stored != 1 || w.count(&models.Message{}, "answers_id = ?", question.ID) != 1 {
			w.Errorf("%d answers were stored", stored)
		}
	})
}

func TestSend_aRepeatedAnswerIsTheSameAnswer(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		question := w.asks(ref, w.ann)
		draft := named(picks(ref, question, "Yes", "yes"), "c-1")
		w.stored(draft)
		if again, err := w.send(draft); err != nil || !again.Duplicate {
			w.Errorf("%+v, %v", again, err)
		}
	})
}

func TestSend_refusesAnswersToWhatWasNotAsked(t *testing.T) {
	each(t, func(w *world) {
		ref, other := w.opened("jo"), w.opened("mo")
		plain := w.writes(ref, w.ann, "Hi")
		question := w.asks(ref, w.ann)
		elsewhere := w.asks(other, w.ann)
		stranger := w.newTenant("Globex", silent)
		theirs := w.asks(w.openedIn(stranger, "jo"), stranger.ann)
		for name, draft := range map[string]services.Draft{
			"a plain message":           picks(ref, plain, "Yes", "yes"),
			"a value not offered":       picks(ref, question, "Yes", "maybe"),
			"a label for a value":       picks(ref, question, "Yes", "Yes"),
			"another conversation":      picks(ref, elsewhere, "Yes", "yes"),
			"another organization":      picks(ref, theirs, "Yes", "yes"),
			"a message there never was": picks(ref, models.Message{ID: models.NewID()}, "Yes", "yes"),
		} {
			if _, err := w.send(draft); err == nil || services.KindOf(err) != services.Invalid {
				w.Errorf("%s: %v", name, err)
			}
		}
		if n := w.count(&models.Message{}, "answers_id IS NOT NULL"); n != 0 {
			w.Errorf("%d answers were stored", n)
		}
	})
}

// openedIn is opened in another organization.
func (w *world) openedIn(h tenant, externalID string) services.Ref {
	w.Helper()
	ref := w.conversationOn(h.webchat, externalID)
	w.says(ref, "Hello")
	return ref
}

func TestSend_anAnswerToTheBotGetsTheRuleOfItsValue(t *testing.T) {
	each(t, func(w *world) {
		w.setBot(models.Bot{Rules: `[{"keywords":["menu"],"reply":{"content_type":"dropdown","content":"Pick","rich_media":{"options":[{"label":"Yes","value":"yes"}]}}},
			{"value":"yes","reply":{"content":"Great."}}]`})
		ref := w.conversation("jo")
		w.says(ref, "menu")
		messages, err := w.Messages.List(w.Context(), ref, services.LatestPage(1))
		w.ok(err)
		w.stored(picks(ref, messages[0], "Yes", "yes"))
		equal(w, w.transcript(ref), "1 end_user: menu", "2 bot: Pick", "3 end_user: Yes", "4 bot: Great.")
	})
}

func TestAnswers_areOfOwnControlsOnly(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		question := w.asks(ref, w.ann)
		w.stored(picks(ref, question, "Yes", "yes"))
		stranger := w.newTenant("Globex", silent)
		answers, err := w.Messages.Answers(w.Context(), stranger.organization.ID, []models.Message{question})
		if err != nil || len(answers) != 0 {
			w.Errorf("another organization reads %v, %v", answers, err)
		}
		if answers, err := w.Messages.Answers(w.Context(), w.organization.ID, nil); err != nil || len(answers) != 0 {
			w.Errorf("of nothing: %v, %v", answers, err)
		}
	})
}

func TestSend_storesAControlAsItIsChecked(t *testing.T) {
	each(t, func(w *world) {
		ref := w.opened("jo")
		sent := w.stored(services.Draft{
			Conversation: ref,
			Sender:       agent(w.ann),
			ContentType:  "quick_button",
			RichMedia:    json.RawMessage(`{"buttons":[{"label":"<Yes> & \"no\"","value":"ä","x":1}],"selected":{"message_id":"x"}}`),
		})
		var stored models.Message
		w.ok(w.db.Read.Where("id = ?", sent.ID).Take(&stored).Error)
		if want := `{"buttons":[{"label":"<Yes> & \"no\"","value":"ä"}]}`; string(stored.RichMedia) != want ||
			string(sent.RichMedia) != want {
			w.Errorf("stored %s, published %s", stored.RichMedia, sent.RichMedia)
		}
	})
}
