package services

import (
	"encoding/json"
	"strings"

	"parley/models"
)

// PlainText returns a message as plain text, for lists, push, search and clients without rich media: its content, or a
// description of its rich media.
func PlainText(m models.Message) string {
	if text := trim(m.Content); text != "" {
		return text
	}
	var media models.RichMedia
	if err := json.Unmarshal(m.RichMedia, &media); err != nil {
		return ""
	}
	switch m.ContentType {
	case models.TypeImage:
		return firstOf(media.Alt, "Image")
	case models.TypeFile:
		return firstOf(media.Filename, "File")
	case models.TypeQuickButton:
		return labels(media.Buttons)
	case models.TypeDropdown:
		return firstOf(media.Placeholder, labels(media.Options))
	case models.TypeCarousel:
		titles := make([]string, len(media.Cards))
		for i, card := range media.Cards {
			titles[i] = card.Title
		}
		return strings.Join(titles, " · ")
	}
	return ""
}

func labels(choices []models.Choice) string {
	texts := make([]string, len(choices))
	for i, choice := range choices {
		texts[i] = choice.Label
	}
	return strings.Join(texts, " · ")
}
