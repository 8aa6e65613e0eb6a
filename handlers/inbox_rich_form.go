package handlers

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
	"parley/views"
)

// The number of rows in a new editor.
const (
	newChoices = 2
	newCards   = 1
)

// choiceList maps a type to the key of its choices in rich_media.
var choiceList = map[string]string{models.TypeQuickButton: "buttons", models.TypeDropdown: "options"}

// newRichForm returns an empty form for a type of message. known is false if no form exists for it.
func newRichForm(kind string) (views.RichForm, bool) {
	switch kind {
	case models.TypeImage, models.TypeFile, models.TypeQuickButton, models.TypeCarousel, models.TypeDropdown:
		return editorForm(views.RichForm{Type: kind}), true
	}
	return views.RichForm{}, false
}

// readRichForm reads the submitted editor. Field names repeat for every row; each card has a row for every button it
// may have.
func readRichForm(c *fiber.Ctx) views.RichForm {
	form := views.RichForm{
		Type:        c.FormValue("content_type"),
		Content:     c.FormValue("content"),
		URL:         trimmed(c, "url"),
		Alt:         trimmed(c, "alt"),
		Filename:    trimmed(c, "filename"),
		Placeholder: trimmed(c, "placeholder"),
		Choices:     readChoices(c, "choice"),
	}
	if _, known := newRichForm(form.Type); !known {
		form.Type = models.TypeImage
	}
	titles := trimmedValues(c, "card_title")
	subtitles := trimmedValues(c, "card_subtitle")
	images := trimmedValues(c, "card_image_url")
	buttons := readChoices(c, "card_button")
	for i, title := range titles {
		card := views.Card{
			Title:    title,
			Subtitle: elementAt(subtitles, i),
			ImageURL: elementAt(images, i),
		}
		from := min(i*services.MaxCardButtons, len(buttons))
		card.Buttons = buttons[from:min(from+services.MaxCardButtons, len(buttons))]
		form.Cards = append(form.Cards, card)
	}
	return form
}

func trimmed(c *fiber.Ctx, name string) string { return strings.TrimSpace(c.FormValue(name)) }

// trimmedValues returns the values of a repeated field, without spaces around them.
func trimmedValues(c *fiber.Ctx, name string) []string {
	values := formValues(c, name)
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	return values
}

func elementAt(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

func readChoices(c *fiber.Ctx, name string) []views.Choice {
	labels, given := trimmedValues(c, name+"_label"), trimmedValues(c, name+"_value")
	choices := make([]views.Choice, len(labels))
	for i, label := range labels {
		choices[i] = views.Choice{Label: label, Value: elementAt(given, i)}
	}
	return choices
}

// applyEdit returns the form after an edit like "add.choice" or "remove.card.2". An unknown edit changes nothing.
func applyEdit(form views.RichForm, edit string) views.RichForm {
	verb, what, _ := strings.Cut(edit, ".")
	what, row, _ := strings.Cut(what, ".")
	i, err := strconv.Atoi(row)
	switch {
	case verb == "add" && what == "choice":
		form.Choices = append(form.Choices, views.Choice{})
	case verb == "add" && what == "card":
		form.Cards = append(form.Cards, views.Card{})
	case verb != "remove" || err != nil || i < 0:
	case what == "choice" && i < len(form.Choices):
		form.Choices = slices.Delete(form.Choices, i, i+1)
	case what == "card" && i < len(form.Cards):
		form.Cards = slices.Delete(form.Cards, i, i+1)
	}
	return editorForm(form)
}

// withoutEmptyRows returns the form without its empty rows. A choice without a value gets its label as value.
func withoutEmptyRows(form views.RichForm) views.RichForm {
	form.Choices = withoutEmptyChoices(form.Choices)
	var cards []views.Card
	for _, card := range form.Cards {
		card.Buttons = withoutEmptyChoices(card.Buttons)
		if card.Title+card.Subtitle+card.ImageURL != "" || len(card.Buttons) > 0 {
			cards = append(cards, card)
		}
	}
	form.Cards = cards
	return form
}

func withoutEmptyChoices(choices []views.Choice) (kept []views.Choice) {
	for _, choice := range choices {
		if choice.Value == "" {
			choice.Value = choice.Label
		}
		if choice != (views.Choice{}) {
			kept = append(kept, choice)
		}
	}
	return kept
}

// editorForm adds empty rows and the preview to a form.
func editorForm(form views.RichForm) views.RichForm {
	form.Limits = views.RichLimits{Choices: services.MaxQuickButtons, Cards: services.MaxCards}
	if form.Type == models.TypeDropdown {
		form.Limits.Choices = services.MaxOptions
	}
	form.Preview = preview(form)
	for len(form.Choices) < newChoices {
		form.Choices = append(form.Choices, views.Choice{})
	}
	for len(form.Cards) < newCards {
		form.Cards = append(form.Cards, views.Card{})
	}
	form.Cards = slices.Clone(form.Cards)
	for i := range form.Cards {
		buttons := slices.Clone(form.Cards[i].Buttons)
		for len(buttons) < services.MaxCardButtons {
			buttons = append(buttons, views.Choice{})
		}
		form.Cards[i].Buttons = buttons
	}
	return form
}

// preview returns the message that the form would send, valid or not.
func preview(form views.RichForm) views.Message {
	form = withoutEmptyRows(form)
	document, _ := json.Marshal(richMedia(form)) // strings always encode
	return newMessageView(models.Message{
		SenderType:  models.SenderAgent,
		ContentType: form.Type,
		Content:     form.Content,
		RichMedia:   document,
	}, names{}, false, nil)
}

// richMedia returns the rich_media document of a form without empty rows.
func richMedia(form views.RichForm) models.RichMedia {
	media := models.RichMedia{}
	switch form.Type {
	case models.TypeImage:
		media.URL, media.Alt = form.URL, form.Alt
	case models.TypeFile:
		media.URL, media.Filename = form.URL, form.Filename
	case models.TypeQuickButton:
		media.Buttons = choicesOf(form.Choices)
	case models.TypeDropdown:
		media.Placeholder, media.Options = form.Placeholder, choicesOf(form.Choices)
	case models.TypeCarousel:
		for _, card := range form.Cards {
			media.Cards = append(media.Cards, models.Card{
				ImageURL: card.ImageURL,
				Title:    card.Title,
				Subtitle: card.Subtitle,
				Buttons:  choicesOf(card.Buttons),
			})
		}
	}
	return media
}

func choicesOf(choices []views.Choice) []models.Choice {
	given := make([]models.Choice, len(choices))
	for i, choice := range choices {
		given[i] = models.Choice(choice)
	}
	return given
}

// withError returns the form with the message of a refusal at the field it is about.
func withError(form views.RichForm, refusal *services.Error) views.RichForm {
	field := refusal.Field
	if list := choiceList[form.Type]; field == list || strings.HasPrefix(field, list+".") && list != "" {
		field = "choices" + strings.TrimPrefix(field, list)
	}
	form.Errors = map[string]string{field: refusal.Message}
	return editorForm(form)
}
