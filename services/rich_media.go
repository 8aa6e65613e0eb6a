package services

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley/models"
)

const (
	maxContent   = 10_000    // characters
	maxRichMedia = 32 * 1024 // bytes of JSON, as received
	maxURL       = 2048      // characters
)

// The limits of a rich message.
const (
	MaxQuickButtons = 13
	MaxCards        = 10
	MaxCardButtons  = 3
	MaxOptions      = 100
)

// Body is the validated content of a message.
type Body struct {
	ContentType string
	Content     string
	Media       models.RichMedia
}

// ParseBody validates the content of a message and drops unknown keys of rich_media. An empty contentType means text.
// Errors are Invalid and name the field: "content", or a path in rich_media such as "url" or "cards.0.buttons.1.label".
func ParseBody(contentType, content string, raw json.RawMessage) (Body, error) {
	if contentType == "" {
		contentType = models.TypeText
	}
	if problem := checkText("content", "The message", content, maxContent); problem != nil {
		return Body{}, problem
	}
	if len(raw) > maxRichMedia {
		return Body{}, Refuse(Invalid, "rich_media is too large. Send at most 32 KiB of JSON.")
	}
	var given models.RichMedia
	if len(raw) > 0 && !bytes.Equal(raw, []byte("null")) {
		if err := json.Unmarshal(raw, &given); err != nil {
			return Body{}, Refuse(Invalid, "rich_media has a field of the wrong type.")
		}
	}
	check, known := mediaRules[contentType]
	if !known {
		return Body{}, Refuse(Invalid, "content_type must be text, image, file, quick_button, carousel or dropdown.")
	}
	media, problem := check(given)
	if problem == nil && contentType == models.TypeText && Blank(content) {
		problem = refuseField("content", "The message is blank. Write something first.")
	}
	if problem != nil {
		return Body{}, problem
	}
	return Body{ContentType: contentType, Content: content, Media: media}, nil
}

// JSON returns the rich_media document to store, or nil if there is none.
func (b Body) JSON() models.JSON {
	if b.ContentType == models.TypeText && b.Media.Selected == nil {
		return nil // the usual case, without encoding
	}
	return b.Media.JSON()
}

// mediaRules validate rich_media by content type. Each keeps the fields that the type has, and refuses the first that
// is wrong.
var mediaRules = map[string]func(models.RichMedia) (models.RichMedia, *Error){
	models.TypeText:        checkAnswer,
	models.TypeImage:       checkImage,
	models.TypeFile:        checkFile,
	models.TypeQuickButton: checkQuickButton,
	models.TypeCarousel:    checkCarousel,
	models.TypeDropdown:    checkDropdown,
}

func checkAnswer(given models.RichMedia) (kept models.RichMedia, problem *Error) {
	s := given.Selected
	if s == nil {
		return kept, nil
	}
	if !models.ValidID(s.MessageID) || !hasLength(s.Label, 80) || !hasLength(s.Value, 256) {
		return kept, refuseField("selected", "selected needs a message_id, a label and a value.")
	}
	return models.RichMedia{Selected: s}, nil
}

func checkImage(given models.RichMedia) (kept models.RichMedia, problem *Error) {
	if !validURL(given.URL) {
		return kept, refuseField("url", "Enter the address of the image. It starts with http:// or https://.")
	}
	return models.RichMedia{
		URL: given.URL,
		Alt: given.Alt,
	}, checkText("alt", "The description", given.Alt, 300)
}

var mimeType = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}$`)

func checkFile(given models.RichMedia) (kept models.RichMedia, problem *Error) {
	switch {
	case !validURL(given.URL):
		return kept, refuseField("url", "Enter the address of the file. It starts with http:// or https://.")
	case !hasLength(given.Filename, 255) || strings.ContainsAny(given.Filename, `/\`) ||
		given.Filename == "." || given.Filename == "..":
		return kept, refuseField("filename", "Enter a file name of at most 255 characters, without a path.")
	case !literal(given.Filename):
		return kept, refuseField("filename", "The file name contains characters that change how it reads. Remove them.")
	case given.Size != nil && *given.Size < 0:
		return kept, refuseField("size", "The size of a file cannot be negative.")
	case given.MimeType != "" && !mimeType.MatchString(given.MimeType):
		return kept, refuseField("mime_type", "The type of a file must look like application/pdf.")
	}
	return models.RichMedia{
		URL:      given.URL,
		Filename: given.Filename,
		Size:     given.Size,
		MimeType: given.MimeType,
	}, nil
}

func checkQuickButton(given models.RichMedia) (kept models.RichMedia, problem *Error) {
	if len(given.Buttons) == 0 {
		return kept, refuseField("buttons", "Add at least one button.")
	}
	return models.RichMedia{Buttons: given.Buttons}, checkButtons("buttons", given.Buttons, MaxQuickButtons)
}

func checkCarousel(given models.RichMedia) (kept models.RichMedia, problem *Error) {
	if len(given.Cards) == 0 {
		return kept, refuseField("cards", "Add at least one card.")
	}
	if len(given.Cards) > MaxCards {
		return kept, refuseField("cards", "Use at most %d cards.", MaxCards)
	}
	for i, card := range given.Cards {
		if problem := checkCard(fmt.Sprintf("cards.%d.", i), card); problem != nil {
			return kept, problem
		}
	}
	return models.RichMedia{Cards: given.Cards}, nil
}

// checkCard validates a card. at is the path of its fields.
func checkCard(at string, card models.Card) *Error {
	if !hasLength(card.Title, 80) {
		return refuseField(at+"title", "Enter a title of at most 80 characters.")
	}
	if problem := checkText(at+"subtitle", "The text", card.Subtitle, 200); problem != nil {
		return problem
	}
	if card.ImageURL != "" && !validURL(card.ImageURL) {
		return refuseField(at+"image_url", "The address of an image starts with http:// or https://.")
	}
	return checkButtons(at+"buttons", card.Buttons, MaxCardButtons)
}

func checkDropdown(given models.RichMedia) (kept models.RichMedia, problem *Error) {
	switch {
	case len(given.Options) == 0:
		return kept, refuseField("options", "Add at least one option.")
	case len(given.Options) > MaxOptions:
		return kept, refuseField("options", "Use at most %d options.", MaxOptions)
	}
	if problem := checkText("placeholder", "The placeholder", given.Placeholder, 80); problem != nil {
		return kept, problem
	}
	seen := map[string]bool{}
	for i, option := range given.Options {
		if seen[option.Value] {
			return kept, refuseField(fmt.Sprintf("options.%d.value", i),
				"Another option has this value. Enter a different one.")
		}
		seen[option.Value] = true
	}
	return models.RichMedia{
		Placeholder: given.Placeholder,
		Options:     given.Options,
	}, checkChoices("options", given.Options)
}

func checkButtons(list string, buttons []models.Choice, most int) *Error {
	if len(buttons) > most {
		return refuseField(list, "Use at most %d buttons.", most)
	}
	return checkChoices(list, buttons)
}

func checkChoices(list string, choices []models.Choice) *Error {
	for i, choice := range choices {
		switch {
		case !hasLength(choice.Label, 80):
			return refuseField(fmt.Sprintf("%s.%d.label", list, i), "Enter a label of at most 80 characters.")
		case !hasLength(choice.Value, 256):
			return refuseField(fmt.Sprintf("%s.%d.value", list, i), "Enter a value of at most 256 characters.")
		}
	}
	return nil
}

// checkText validates a text that may be empty. called names it at the beginning of the error.
func checkText(field, called, text string, most int) *Error {
	switch {
	case !storable(text):
		return refuseField(field, "%s contains characters that cannot be stored. Remove them.", called)
	case utf8.RuneCountInString(text) > most:
		return refuseField(field, "%s is too long. Use at most %d characters.", called, most)
	}
	return nil
}

// validURL accepts absolute http and https URLs that lead where they seem to: `javascript:` would run in the reader's
// page, and `https://bank.example@evil.example` reads as another site, as does a slash that is none.
func validURL(text string) bool {
	if text == "" || utf8.RuneCountInString(text) > maxURL || !literal(text) || strings.ContainsAny(text, " \\") {
		return false
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil {
		return false
	}
	if u.Port() != "" && !validPort(u.Port()) {
		return false
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil {
		return address.Zone() == ""
	}
	return validHost(u.Hostname())
}

// validHost reports whether a link can have a host: a name of letters and digits of any script.
func validHost(host string) bool {
	if strings.ContainsFunc(host, func(r rune) bool {
		return r > unicode.MaxASCII && !unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Join_Control)
	}) {
		return false
	}
	// Unlike origins, links may have underscores, and a dot at the end.
	_, reason := parseHost(strings.ReplaceAll(strings.TrimSuffix(host, "."), "_", "-"))
	return reason == ""
}
