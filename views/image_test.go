package views

import (
	"strings"
	"testing"
)

func TestContent_loadsImagesOverHTTPSAndFromThisServerOnly(t *testing.T) {
	t.Parallel()
	ctx := OnSite(t.Context(), "http://chat.example:8080")
	for address, loaded := range map[string]bool{
		"https://pictures.example/a.png":          true,
		"HTTPS://pictures.example/a.png":          true,
		"http://chat.example:8080/uploads/a.png":  true,
		"http://CHAT.example:8080/uploads/a.png":  true,
		"/uploads/a.png":                          true,
		"http://pictures.example/a.png":           false,
		"HTTP://pictures.example/a.png":           false,
		"http://chat.example/a.png":               false,
		"http://evil.example/http://chat.example": false,
	} {
		for name, message := range map[string]Message{
			"an image": {Image: &Image{URL: address, Alt: "A fern"}},
			"a card":   {Cards: []Card{{Title: "A fern", ImageURL: address}}},
		} {
			var drawn strings.Builder
			if err := content(message).Render(ctx, &drawn); err != nil {
				t.Fatal(err)
			}
			image := strings.Contains(drawn.String(), `src="`+address+`"`)
			if image != loaded {
				t.Errorf("%s from %s is loaded: %v", name, address, image)
			}
			if !image && (!strings.Contains(drawn.String(), `href="`+address+`"`) ||
				!strings.Contains(drawn.String(), "A fern")) {
				t.Errorf("%s from %s has no link with its text: %s", name, address, drawn.String())
			}
		}
	}
}
