package models

import "slices"

// The content types.
const (
	TypeText        = "text"
	TypeImage       = "image"
	TypeFile        = "file"
	TypeQuickButton = "quick_button"
	TypeCarousel    = "carousel"
	TypeDropdown    = "dropdown"
)

// RichMedia has the fields of rich_media of all content types. Only the fields of the message's type are set. The tags
// required and optional name the types that have a field; the documents of the API are made from them. A text message
// needs no rich_media.
type RichMedia struct {
	URL         string    `json:"url,omitempty" required:"image,file" doc:"Absolute, http or https."`
	Alt         string    `json:"alt,omitempty" optional:"image" doc:"A description for people who do not see the image."`
	Filename    string    `json:"filename,omitempty" required:"file" doc:"The file's name, without a path."`
	Size        *int64    `json:"size,omitempty" optional:"file" doc:"The file's size in bytes."`
	MimeType    string    `json:"mime_type,omitempty" optional:"file" doc:"The file's media type."`
	Buttons     []Choice  `json:"buttons,omitempty" required:"quick_button" doc:"One to 13 buttons."`
	Cards       []Card    `json:"cards,omitempty" required:"carousel" doc:"One to ten cards."`
	Placeholder string    `json:"placeholder,omitempty" optional:"dropdown" doc:"Shown until an option is picked."`
	Options     []Choice  `json:"options,omitempty" required:"dropdown" doc:"One to 100 options."`
	Selected    *Selected `json:"selected,omitempty" required:"text" doc:"The button or option this message picks."`
}

// Choices returns all buttons and options.
func (m RichMedia) Choices() []Choice {
	all := slices.Concat(m.Buttons, m.Options)
	for _, card := range m.Cards {
		all = append(all, card.Buttons...)
	}
	return all
}

// Offers returns the choice that has a value.
func (m RichMedia) Offers(value string) (Choice, bool) {
	for _, choice := range m.Choices() {
		if choice.Value == value {
			return choice, true
		}
	}
	return Choice{}, false
}

// JSON returns the document to store, or nil if no field is set.
func (m RichMedia) JSON() JSON {
	document, err := EncodeJSON(m)
	if err != nil || string(document) == "{}" { // these types can always be encoded
		return nil
	}
	return document
}

// Choice is a button or option.
type Choice struct {
	Label string `json:"label" doc:"What the end user reads."`
	Value string `json:"value" doc:"What a bot matches on."`
}

// Card is one card of a carousel.
type Card struct {
	ImageURL string   `json:"image_url,omitempty" doc:"Absolute, http or https."`
	Title    string   `json:"title" doc:"The card's heading."`
	Subtitle string   `json:"subtitle,omitempty" doc:"The text below the heading."`
	Buttons  []Choice `json:"buttons,omitempty" doc:"At most three buttons."`
}

// Selected is the answer to a message with buttons or options.
type Selected struct {
	MessageID string `json:"message_id" doc:"UUID of the message that offered the choice."`
	Label     string `json:"label" doc:"The label that was picked."`
	Value     string `json:"value" doc:"The value that was picked."`
}
