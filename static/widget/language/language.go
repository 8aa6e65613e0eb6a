// Package language contains the widget's texts, one JSON file per language: one text per key, or one text per plural
// category.
package language

import (
	"embed"
	"encoding/json"
	"fmt"

	"golang.org/x/text/language"
)

//go:embed *.json
var files embed.FS

// Tags are the widget's languages. The first is the default.
var Tags = []string{"en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "ar"}

// Catalog contains the texts of one language.
type Catalog struct {
	Tag   string          // BCP 47
	Dir   string          // ltr or rtl
	Texts json.RawMessage // all of it, for the page's script
	text  map[string]string
}

// Text returns the text of a key that has no plural. An unknown key is its own text.
func (c *Catalog) Text(key string) string {
	if text, ok := c.text[key]; ok {
		return text
	}
	return key
}

var (
	catalogs []*Catalog
	matcher  language.Matcher
)

func init() {
	tags := make([]language.Tag, len(Tags))
	for i, tag := range Tags {
		tags[i] = language.MustParse(tag)
		catalog, err := read(tag)
		if err != nil {
			panic(err) // the files are part of the program
		}
		catalogs = append(catalogs, catalog)
	}
	matcher = language.NewMatcher(tags)
}

func read(tag string) (*Catalog, error) {
	content, err := files.ReadFile(tag + ".json")
	if err != nil {
		return nil, err
	}
	texts := map[string]any{}
	if err := json.Unmarshal(content, &texts); err != nil {
		return nil, fmt.Errorf("%s.json: %w", tag, err)
	}
	catalog := &Catalog{Tag: tag, Dir: "ltr", Texts: content, text: map[string]string{}}
	if tag == "ar" {
		catalog.Dir = "rtl"
	}
	for key, value := range texts {
		if text, ok := value.(string); ok {
			catalog.text[key] = text
		}
	}
	return catalog, nil
}

// Choose returns the catalog of the first language in wanted that exists. Each entry is a tag or an Accept-Language
// header.
func Choose(wanted ...string) *Catalog {
	for _, list := range wanted {
		tags, _, err := language.ParseAcceptLanguage(list)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, confidence := matcher.Match(tags...); confidence >= language.High {
			return catalogs[i]
		}
	}
	return catalogs[0]
}
