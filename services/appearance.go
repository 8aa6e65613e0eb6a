package services

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley/models"
)

// Appearance is the look and the texts of an embed token's widget. Empty fields keep the default.
type Appearance struct {
	Color    string `json:"color,omitempty"` // #rrggbb
	Title    string `json:"title,omitempty"`
	Greeting string `json:"greeting,omitempty"`
	Language string `json:"language,omitempty"` // a BCP 47 tag
	Position string `json:"position,omitempty"` // right or left
}

const (
	maxWidgetTitle    = 60  // characters: more do not fit in the widget's header
	maxWidgetGreeting = 500 // characters
)

var hexColor = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// ReadAppearance returns the appearance of a token.
func ReadAppearance(token models.EmbedToken) (a Appearance) {
	if json.Unmarshal([]byte(token.Appearance), &a) != nil {
		return Appearance{}
	}
	return a
}

// clean returns a in the form in which it is stored. Error: Invalid.
func (a Appearance) clean() (Appearance, error) {
	a.Color, a.Title = strings.ToLower(strings.TrimSpace(a.Color)), trim(a.Title)
	a.Greeting = trim(strings.ReplaceAll(a.Greeting, "\r\n", "\n"))
	switch {
	case a.Color != "" && !hexColor.MatchString(a.Color):
		return a, refuseField("color", "The color must look like #1f6feb.")
	case !plainLine(a.Title) || utf8.RuneCountInString(a.Title) > maxWidgetTitle:
		return a, refuseField("title", "The title must be one line of at most %d characters.", maxWidgetTitle)
	case !storable(a.Greeting) || utf8.RuneCountInString(a.Greeting) > maxWidgetGreeting:
		return a, refuseField("greeting", "The greeting must have at most %d characters.", maxWidgetGreeting)
	case a.Language != "" && (len(a.Language) > maxLanguage || !language.MatchString(a.Language)):
		return a, refuseField("language", "The language must be a tag like en or pt-BR.")
	case a.Position != "" && a.Position != "right" && a.Position != "left":
		return a, refuseField("position", "The position must be right or left.")
	}
	return a, nil
}

// ContrastInk returns the text color for a background: black or white, whichever has more contrast, which is always at
// least 4.5 to 1. It is white for an invalid background.
func ContrastInk(background string) string {
	background = strings.ToLower(background)
	if !hexColor.MatchString(background) {
		return "#ffffff"
	}
	if luminance := luminanceOf(background); (luminance+0.05)/0.05 >= 1.05/(luminance+0.05) {
		return "#000000"
	}
	return "#ffffff"
}

// luminanceOf returns the relative luminance as WCAG 2 defines it.
func luminanceOf(color string) float64 {
	channel := func(hex string) float64 {
		value, _ := strconv.ParseUint(hex, 16, 8) // two digits, as the caller has checked
		if c := float64(value) / 255; c > 0.04045 {
			return math.Pow((c+0.055)/1.055, 2.4)
		} else {
			return c / 12.92
		}
	}
	return 0.2126*channel(color[1:3]) + 0.7152*channel(color[3:5]) + 0.0722*channel(color[5:7])
}
