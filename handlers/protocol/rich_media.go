package protocol

// What rich_media holds for each content type, for the API's documents. Services check it and store it; a test holds
// the two together.
type (
	// Image is the rich_media of image.
	Image struct {
		URL string `json:"url"`
		Alt string `json:"alt,omitempty"`
	}
	// File is the rich_media of file.
	File struct {
		URL      string `json:"url"`
		Filename string `json:"filename"`
		Size     int64  `json:"size,omitempty"`
		MimeType string `json:"mime_type,omitempty"`
	}
	// QuickButtons is the rich_media of quick_button.
	QuickButtons struct {
		Buttons []Choice `json:"buttons"`
	}
	// Carousel is the rich_media of carousel.
	Carousel struct {
		Cards []Card `json:"cards"`
	}
	// Dropdown is the rich_media of dropdown.
	Dropdown struct {
		Placeholder string   `json:"placeholder,omitempty"`
		Options     []Choice `json:"options"`
	}
	// Answer is the rich_media of a text that picks a button or option.
	Answer struct {
		Selected Selected `json:"selected"`
	}
	// Choice is a button or option.
	Choice struct {
		Label string `json:"label"`
		Value string `json:"value"`
	}
	// Card is one card of a carousel.
	Card struct {
		ImageURL string   `json:"image_url,omitempty"`
		Title    string   `json:"title"`
		Subtitle string   `json:"subtitle,omitempty"`
		Buttons  []Choice `json:"buttons,omitempty"`
	}
	// Selected names what was picked, and the message that offered it.
	Selected struct {
		MessageID string `json:"message_id"`
		Label     string `json:"label"`
		Value     string `json:"value"`
	}
)

// richMedia are the forms of rich_media.
var richMedia = []any{Image{}, File{}, QuickButtons{}, Carousel{}, Dropdown{}, Answer{}}
