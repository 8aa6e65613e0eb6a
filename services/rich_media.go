package services

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"parley/models"
)

// The content types of the guide.
const (
	TypeText        = "text"
	TypeImage       = "image"
	TypeFile        = "file"
	TypeQuickButton = "quick_button"
	TypeCarousel    = "carousel"
	TypeDropdown    = "dropdown"
)

const (
	maxContent   = 10_000    // characters
	maxRichMedia = 32 * 1024 // bytes of JSON, as it came
	maxURL       = 2048      // characters
)

// Choice is a button or option: what the end user reads, and what a bot matches on.
type Choice struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Selected is what an answer picked: it names the message, and the choice in it.
type Selected struct {
	MessageID string `json:"message_id"`
	Label     string `json:"label"`
	Value     string `json:"value"`
}

// Card is one card of a carousel.
type Card struct {
	ImageURL string   `json:"image_url,omitempty"`
	Title    string   `json:"title"`
	Subtitle string   `json:"subtitle,omitempty"`
	Buttons  []Choice `json:"buttons,omitempty"`
}

// RichMedia is the union of what the content types carry. Fields that a type does not have are never set in it, so that a
// stored document has the guide's keys and no others.
type RichMedia struct {
	URL         string    `json:"url,omitempty"`
	Alt         string    `json:"alt,omitempty"`
	Filename    string    `json:"filename,omitempty"`
	Size        *int64    `json:"size,omitempty"` // bytes
	MimeType    string    `json:"mime_type,omitempty"`
	Buttons     []Choice  `json:"buttons,omitempty"`
	Cards       []Card    `json:"cards,omitempty"`
	Placeholder string    `json:"placeholder,omitempty"`
	Options     []Choice  `json:"options,omitempty"`
	Selected    *Selected `json:"selected,omitempty"`
}

// Body is the checked content of a message.
type Body struct {
	ContentType string
	Content     string
	Media       RichMedia
}

// ParseBody checks what a sender gave against the rules of its content type (contract section 7) and drops unknown keys.
// An empty contentType is text. Errors are Invalid.
func ParseBody(contentType, content string, raw json.RawMessage) (Body, error) {
	if contentType == "" {
		contentType = TypeText
	}
	if !storable(content) || utf8.RuneCountInString(content) > maxContent {
		return Body{}, Refuse(Invalid, "The message must be text of at most %d characters.", maxContent)
	}
	if len(raw) > maxRichMedia {
		return Body{}, Refuse(Invalid, "rich_media must be at most 32 KiB of JSON.")
	}
	var given RichMedia
	if len(raw) > 0 && !bytes.Equal(raw, []byte("null")) {
		if err := json.Unmarshal(raw, &given); err != nil {
			return Body{}, Refuse(Invalid, "rich_media does not have the form of its content_type.")
		}
	}
	check, known := mediaRules[contentType]
	if !known {
		return Body{}, Refuse(Invalid, "content_type must be one of text, image, file, quick_button, carousel, dropdown.")
	}
	media, problem := check(given)
	if problem == "" && contentType == TypeText && strings.TrimSpace(content) == "" {
		problem = "A text message must not be blank."
	}
	if problem != "" {
		return Body{}, Refuse(Invalid, "%s", problem)
	}
	return Body{ContentType: contentType, Content: content, Media: media}, nil
}

// JSON is the rich_media document to store, or nil when there is nothing in it.
func (b Body) JSON() models.JSON {
	if b.ContentType == TypeText && b.Media.Selected == nil {
		return nil
	}
	return b.Media.json()
}

func (m RichMedia) json() models.JSON {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(m); err != nil {
		return nil // strings, integers and slices of them always encode
	}
	document := bytes.TrimSpace(buffer.Bytes())
	if string(document) == "{}" {
		return nil
	}
	return document
}

// Offers returns the choice with value that a message of this media offers.
func (m RichMedia) Offers(value string) (Choice, bool) {
	for _, choice := range m.choices() {
		if choice.Value == value {
			return choice, true
		}
	}
	return Choice{}, false
}

// choices are the buttons and options of every control.
func (m RichMedia) choices() []Choice {
	all := slices.Concat(m.Buttons, m.Options)
	for _, card := range m.Cards {
		all = append(all, card.Buttons...)
	}
	return all
}

// mediaRules check a content type: each takes over the keys it knows and returns a sentence about what is wrong.
var mediaRules = map[string]func(RichMedia) (RichMedia, string){
	TypeText:        checkText,
	TypeImage:       checkImage,
	TypeFile:        checkFile,
	TypeQuickButton: checkQuickButton,
	TypeCarousel:    checkCarousel,
	TypeDropdown:    checkDropdown,
}

func checkText(given RichMedia) (RichMedia, string) {
	s := given.Selected
	if s == nil {
		return RichMedia{}, ""
	}
	if !models.ValidID(s.MessageID) || !within(s.Label, 80) || !within(s.Value, 256) {
		return RichMedia{}, "selected must name a message_id, a label and a value."
	}
	return RichMedia{Selected: s}, ""
}

func checkImage(given RichMedia) (RichMedia, string) {
	if !validURL(given.URL) {
		return RichMedia{}, "An image needs a url that starts with http:// or https://."
	}
	if !storable(given.Alt) || utf8.RuneCountInString(given.Alt) > 300 {
		return RichMedia{}, "alt must be at most 300 characters."
	}
	return RichMedia{URL: given.URL, Alt: given.Alt}, ""
}

var mimeType = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}$`)

func checkFile(given RichMedia) (RichMedia, string) {
	switch {
	case !validURL(given.URL):
		return RichMedia{}, "A file needs a url that starts with http:// or https://."
	case !within(given.Filename, 255) || !plainLine(given.Filename) || strings.ContainsAny(given.Filename, `/\`) ||
		given.Filename == "." || given.Filename == "..":
		return RichMedia{}, "A file needs a filename of at most 255 characters, without a path."
	case given.Size != nil && *given.Size < 0:
		return RichMedia{}, "size must not be negative."
	case given.MimeType != "" && !mimeType.MatchString(given.MimeType):
		return RichMedia{}, "mime_type must look like application/pdf."
	}
	return RichMedia{URL: given.URL, Filename: given.Filename, Size: given.Size, MimeType: given.MimeType}, ""
}

func checkQuickButton(given RichMedia) (RichMedia, string) {
	if len(given.Buttons) < 1 || len(given.Buttons) > 13 {
		return RichMedia{}, "quick_button needs 1 to 13 buttons."
	}
	return RichMedia{Buttons: given.Buttons}, checkChoices(given.Buttons)
}

func checkCarousel(given RichMedia) (RichMedia, string) {
	if len(given.Cards) < 1 || len(given.Cards) > 10 {
		return RichMedia{}, "carousel needs 1 to 10 cards."
	}
	for _, card := range given.Cards {
		switch {
		case !within(card.Title, 80):
			return RichMedia{}, "Every card needs a title of 1 to 80 characters."
		case !storable(card.Subtitle) || utf8.RuneCountInString(card.Subtitle) > 200:
			return RichMedia{}, "A card's subtitle must be at most 200 characters."
		case card.ImageURL != "" && !validURL(card.ImageURL):
			return RichMedia{}, "A card's image_url must start with http:// or https://."
		case len(card.Buttons) > 3:
			return RichMedia{}, "A card has at most 3 buttons."
		}
		if problem := checkChoices(card.Buttons); problem != "" {
			return RichMedia{}, problem
		}
	}
	return RichMedia{Cards: given.Cards}, ""
}

func checkDropdown(given RichMedia) (RichMedia, string) {
	if len(given.Options) < 1 || len(given.Options) > 100 {
		return RichMedia{}, "dropdown needs 1 to 100 options."
	}
	if !storable(given.Placeholder) || utf8.RuneCountInString(given.Placeholder) > 80 {
		return RichMedia{}, "placeholder must be at most 80 characters."
	}
	seen := map[string]bool{}
	for _, option := range given.Options {
		if seen[option.Value] {
			return RichMedia{}, "The values of a dropdown must differ."
		}
		seen[option.Value] = true
	}
	return RichMedia{Placeholder: given.Placeholder, Options: given.Options}, checkChoices(given.Options)
}

func checkChoices(choices []Choice) string {
	for _, choice := range choices {
		if !within(choice.Label, 80) || !within(choice.Value, 256) {
			return "Every choice needs a label of 1 to 80 characters and a value of 1 to 256."
		}
	}
	return ""
}

// validURL accepts absolute http and https URLs without user info: `javascript:` would run in the reader's page, and
// `https://bank.example@evil.example` reads as another site.
func validURL(text string) bool {
	if text == "" || utf8.RuneCountInString(text) > maxURL || !plainLine(text) || strings.ContainsAny(text, " \\") {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
}
