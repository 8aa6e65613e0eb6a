package services_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"parley/models"
	"parley/services"
)

// example is a text of testdata/blank.json, by which the browsers are tested too.
type example struct{ Name, Text string }

func examples(t *testing.T) (blank, visible []example) {
	t.Helper()
	document, err := os.ReadFile("testdata/blank.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Blank, Visible []example }
	if err := json.Unmarshal(document, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Blank) < 40 || len(all.Visible) < 40 {
		t.Fatalf("%d and %d examples: is the file read?", len(all.Blank), len(all.Visible))
	}
	return all.Blank, all.Visible
}

// places are the texts that must show something. Each answers how the service takes a text there.
func places(w *world) map[string]func(text string) error {
	ref := w.opened("jo")
	body := func(contentType, document string, text string) error {
		quoted, _ := json.Marshal(text)
		_, err := services.ParseBody(contentType, "", json.RawMessage(fmt.Sprintf(document, quoted)))
		return err
	}
	return map[string]func(string) error{
		"message": func(text string) error {
			_, err := services.ParseBody(models.TypeText, text, nil)
			return err
		},
		"button's label": func(text string) error {
			return body(models.TypeQuickButton, `{"buttons":[{"label":%s,"value":"a"}]}`, text)
		},
		"option's label": func(text string) error {
			return body(models.TypeDropdown, `{"options":[{"label":%s,"value":"a"}]}`, text)
		},
		"card's title": func(text string) error {
			return body(models.TypeCarousel, `{"cards":[{"title":%s}]}`, text)
		},
		"filename": func(text string) error {
			return body(models.TypeFile, `{"url":"https://example.com/a","filename":%s}`, text)
		},
		"tag": func(text string) error {
			_, err := w.Conversations.SetTags(w.Context(), w.organization.ID, ref.ID, []string{text})
			return err
		},
		"name": func(text string) error {
			_, err := w.Bots.Create(w.Context(), w.owner, services.BotForm{Name: text})
			return err
		},
	}
}

func TestBlank_isRefusedWhereSomethingMustShow(t *testing.T) {
	each(t, func(w *world) {
		blank, _ := examples(w.T)
		for place, take := range places(w) {
			for _, e := range append(blank, example{"10,000 zero width spaces", strings.Repeat("\u200b", 10_000)}) {
				if err := take(e.Text); services.KindOf(err) != services.Invalid {
					w.Errorf("%s: %s is answered with %v", place, e.Name, err)
				}
			}
		}
	})
}

func TestBlank_isNothingThatShows(t *testing.T) {
	each(t, func(w *world) {
		_, visible := examples(w.T)
		for place, take := range places(w) {
			for _, e := range visible {
				text := e.Text
				if place == "filename" || place == "tag" || place == "name" {
					text = strings.ReplaceAll(text, "\n", "") // these are lines
				}
				if err := take(text); err != nil && services.KindOf(err) != services.Conflict {
					w.Errorf("%s: %s is refused: %v", place, e.Name, err)
				}
			}
		}
	})
}

// A blank caption does not hide what an image is, and a blank name is none.
func TestBlank_countsAsMissing(t *testing.T) {
	each(t, func(w *world) {
		blank, _ := examples(w.T)
		for _, e := range blank {
			image := models.Message{
				ContentType: models.TypeImage,
				Content:     e.Text,
				RichMedia:   models.JSON(`{"url":"x"}`),
			}
			if got := services.PlainText(image); got != "Image" {
				w.Errorf("%s: an image reads %q", e.Name, got)
			}
			form := services.BotForm{Name: "Bot " + e.Name, Greeting: e.Text, Fallback: e.Text}
			bot, err := w.Bots.Create(w.Context(), w.owner, form)
			w.ok(err)
			if bot.Greeting != "" || bot.Fallback != "" {
				w.Errorf("%s: a bot says %q and %q", e.Name, bot.Greeting, bot.Fallback)
			}
		}
		w.says(w.openedAs(w.webchat, "nameless", "\u3164\u200b"), "Hello")
		var endUser models.EndUser
		w.ok(w.db.Read.Where("external_id = 'nameless'").Take(&endUser).Error)
		if endUser.DisplayName != "" {
			w.Errorf("the end user is called %q", endUser.DisplayName)
		}
	})
}

// A name stands within sentences of ours, which it must not turn around.
func TestCleanDisplayName_keepsItsDirectionToItself(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"Jo \u202e(detsurt)\u202c": "Jo (detsurt)",
		"\u2066Jo\u2069\u200f":     "Jo",
		"\u202e":                   "",
		"يوسف":                     "يوسف",
		"نامه\u200cها":             "نامه\u200cها",
		"Jo\xff":                   "Jo",
	} {
		if got := services.CleanDisplayName(given); got != want {
			t.Errorf("%q becomes %q, not %q", given, got, want)
		}
	}
}
