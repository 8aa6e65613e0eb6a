package services

import (
	"bytes"
	"encoding/json"
	"fmt"
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

// How much a rich message holds at most.
const (
	MaxQuickButtons = 13
	MaxCards        = 10
	MaxCardButtons  = 3
	MaxOptions      = 100
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

// RichMedia is the union of what the content types carry. Fields that a type does not have are never set in it, so that
// a stored document has the guide's keys and no others.
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

// ParseBody checks what a sender gave against the rules of its content type (contract section 7) and drops unknown
// keys. An empty contentType is text. Errors are Invalid, and name the field: "content", or one of the document like
// "url" or "cards.0.buttons.1.label".
func ParseBody(contentType, content string, raw json.RawMessage) (Body, error) {
	if contentType == "" {
		contentType = TypeText
	}
	if !storable(content) || utf8.RuneCountInString(content) > maxContent {
		return Body{}, refuseField("content", "The message must be text of at most %d characters.", maxContent)
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
		return Body{}, Refuse(Invalid, "content_type must be one of text, image, file, quick_button, carousel, "+
			"dropdown.")
	}
	media, problem := check(given)
	if problem == nil && contentType == TypeText && Blank(content) {
		problem = refuseField("content", "A text message must not be blank.")
	}
	if problem != nil {
		return Body{}, problem
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

// mediaRules check a content type: each takes over the keys it knows and refuses the first field that is wrong.
var mediaRules = map[string]func(RichMedia) (RichMedia, *Error){
	TypeText:        checkText,
	TypeImage:       checkImage,
	TypeFile:        checkFile,
	TypeQuickButton: checkQuickButton,
	TypeCarousel:    checkCarousel,
	TypeDropdown:    checkDropdown,
}

func checkText(given RichMedia) (RichMedia, *Error) {
	s := given.Selected
	if s == nil {
		return RichMedia{}, nil
	}
	if !models.ValidID(s.MessageID) || !hasLength(s.Label, 80) || !hasLength(s.Value, 256) {
		return RichMedia{}, refuseField("selected", "selected must name a message_id, a label and a value.")
	}
	return RichMedia{Selected: s}, nil
}

func checkImage(given RichMedia) (RichMedia, *Error) {
	if !validURL(given.URL) {
		return RichMedia{}, refuseField("url", "An image needs a url that starts with http:// or https://.")
	}
	if !storable(given.Alt) || utf8.RuneCountInString(given.Alt) > 300 {
		return RichMedia{}, refuseField("alt", "alt must be at most 300 characters.")
	}
	return RichMedia{URL: given.URL, Alt: given.Alt}, nil
}

var mimeType = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}$`)

func checkFile(given RichMedia) (RichMedia, *Error) {
	switch {
	case !validURL(given.URL):
		return RichMedia{}, refuseField("url", "A file needs a url that starts with http:// or https://.")
	case !hasLength(given.Filename, 255) || !plainLine(given.Filename) || strings.ContainsAny(given.Filename, `/\`) ||
		given.Filename == "." || given.Filename == "..":
		return RichMedia{}, refuseField("filename",
			"A file needs a filename of at most 255 characters, without a path.")
	case given.Size != nil && *given.Size < 0:
		return RichMedia{}, refuseField("size", "size must not be negative.")
	case given.MimeType != "" && !mimeType.MatchString(given.MimeType):
		return RichMedia{}, refuseField("mime_type", "mime_type must look like application/pdf.")
	}
	return RichMedia{
		URL:      given.URL,
		Filename: given.Filename,
		Size:     given.Size,
		MimeType: given.MimeType,
	}, nil
}

func checkQuickButton(given RichMedia) (RichMedia, *Error) {
	if len(given.Buttons) < 1 || len(given.Buttons) > MaxQuickButtons {
		return RichMedia{}, refuseField("buttons", "quick_button needs 1 to %d buttons.", MaxQuickButtons)
	}
	return RichMedia{Buttons: given.Buttons}, checkChoices("buttons", given.Buttons)
}

func checkCarousel(given RichMedia) (RichMedia, *Error) {
	if len(given.Cards) < 1 || len(given.Cards) > MaxCards {
		return RichMedia{}, refuseField("cards", "carousel needs 1 to %d cards.", MaxCards)
	}
	for i, card := range given.Cards {
		at := fmt.Sprintf("cards.%d.", i)
		switch {
		case !hasLength(card.Title, 80):
			return RichMedia{}, refuseField(at+"title", "Every card needs a title of 1 to 80 characters.")
		case !storable(card.Subtitle) || utf8.RuneCountInString(card.Subtitle) > 200:
			return RichMedia{}, refuseField(at+"subtitle", "A card's subtitle must be at most 200 characters.")
		case card.ImageURL != "" && !validURL(card.ImageURL):
			return RichMedia{}, refuseField(at+"image_url", "A card's image_url must start with http:// or https://.")
		case len(card.Buttons) > MaxCardButtons:
			return RichMedia{}, refuseField(at+"buttons", "A card has at most %d buttons.", MaxCardButtons)
		}
		if problem := checkChoices(at+"buttons", card.Buttons); problem != nil {
			return RichMedia{}, problem
		}
	}
	return RichMedia{Cards: given.Cards}, nil
}

func checkDropdown(given RichMedia) (RichMedia, *Error) {
	if len(given.Options) < 1 || len(given.Options) > MaxOptions {
		return RichMedia{}, refuseField("options", "dropdown needs 1 to %d options.", MaxOptions)
	}
	if !storable(given.Placeholder) || utf8.RuneCountInString(given.Placeholder) > 80 {
		return RichMedia{}, refuseField("placeholder", "placeholder must be at most 80 characters.")
	}
	seen := map[string]bool{}
	for i, option := range given.Options {
		if seen[option.Value] {
			return RichMedia{}, refuseField(fmt.Sprintf("options.%d.value", i), "The values of a dropdown must differ.")
		}
		seen[option.Value] = true
	}
	return RichMedia{
		Placeholder: given.Placeholder,
		Options:     given.Options,
	}, checkChoices("options", given.Options)
}

func checkChoices(list string, choices []Choice) *Error {
	for i, choice := range choices {
		switch {
		case !hasLength(choice.Label, 80):
			return refuseField(fmt.Sprintf("%s.%d.label", list, i),
				"Every choice needs a label of 1 to 80 characters and a value of 1 to 256.")
		case !hasLength(choice.Value, 256):
			return refuseField(fmt.Sprintf("%s.%d.value", list, i),
				"Every choice needs a label of 1 to 80 characters and a value of 1 to 256.")
		}
	}
	return nil
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
