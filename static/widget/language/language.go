// Package language holds what the widget says in each of its languages, one JSON file a language: a text a key, or one
// text a plural category.
package language

import (
	"embed"
	"encoding/json"
	"fmt"

	"golang.org/x/text/language"
)

//go:embed *.json
var files embed.FS

// Tags are the widget's languages. The first is for everybody whose own is not there.
var Tags = []string{"en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "ar"}

// Catalogue is one language.
type Catalogue struct {
	Tag   string          // BCP 47
	Dir   string          // ltr or rtl
	Texts json.RawMessage // all of it, for the page's script
	text  map[string]string
}

// Text is the text of a key that has no plural. An unknown key is its own text.
func (c *Catalogue) Text(key string) string {
	if text, ok := c.text[key]; ok {
		return text
	}
	return key
}

var (
	catalogues []*Catalogue
	matcher    language.Matcher
)

func init() {
	tags := make([]language.Tag, len(Tags))
	for i, tag := range Tags {
		tags[i] = language.MustParse(tag)
		catalogue, err := read(tag)
		if err != nil {
			panic(err) // the files are part of the program
		}
		catalogues = append(catalogues, catalogue)
	}
	matcher = language.NewMatcher(tags)
}

func read(tag string) (*Catalogue, error) {
	content, err := files.ReadFile(tag + ".json")
	if err != nil {
		return nil, err
	}
	texts := map[string]any{}
	if err := json.Unmarshal(content, &texts); err != nil {
		return nil, fmt.Errorf("%s.json: %w", tag, err)
	}
	catalogue := &Catalogue{Tag: tag, Dir: "ltr", Texts: content, text: map[string]string{}}
	if tag == "ar" {
		catalogue.Dir = "rtl"
	}
	for key, value := range texts {
		if text, ok := value.(string); ok {
			catalogue.text[key] = text
		}
	}
	return catalogue, nil
}

// Choose takes the first of wanted that names a language we have: each is a tag or an Accept-Language header.
func Choose(wanted ...string) *Catalogue {
	for _, list := range wanted {
		tags, _, err := language.ParseAcceptLanguage(list)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, confidence := matcher.Match(tags...); confidence >= language.High {
			return catalogues[i]
		}
	}
	return catalogues[0]
}
