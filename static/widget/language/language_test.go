package language

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// categories are the CLDR plural categories that Intl.PluralRules uses, by language.
var categories = map[string][]string{
	"en": {"one", "other"}, "de": {"one", "other"}, "nl": {"one", "other"}, "ja": {"other"},
	"fr": {"many", "one", "other"}, "es": {"many", "one", "other"}, "it": {"many", "one", "other"},
	"pt": {"many", "one", "other"},
	"pl": {"few", "many", "one", "other"}, "ar": {"few", "many", "one", "other", "two", "zero"},
}

var placeholder = regexp.MustCompile(`\{\w+\}`)

func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return found
}

func texts(t *testing.T, tag string) map[string]any {
	t.Helper()
	content, err := files.ReadFile(tag + ".json")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]any{}
	if err := json.Unmarshal(content, &texts); err != nil {
		t.Fatalf("%s: %v", tag, err)
	}
	return texts
}

func TestCatalogs_haveTheSameTexts(t *testing.T) {
	t.Parallel()
	entries, err := files.ReadDir(".")
	if err != nil || len(entries) != len(Tags) || len(Tags) != len(categories) {
		t.Fatalf("%d files, %d tags, %d lists of categories, %v", len(entries), len(Tags), len(categories), err)
	}
	english := texts(t, "en")
	for _, tag := range Tags {
		translated := texts(t, tag)
		got, want := slices.Sorted(maps.Keys(translated)), slices.Sorted(maps.Keys(english))
		if !slices.Equal(got, want) {
			t.Errorf("%s has the keys %q, not %q", tag, got, want)
		}
		for key, want := range english {
			checkSameTexts(t, tag+"."+key, categories[tag], want, translated[key])
		}
	}
}

func checkSameTexts(t *testing.T, name string, categories []string, want, got any) {
	t.Helper()
	plural, wantsPlural := want.(map[string]any)
	if !wantsPlural {
		text, ok := got.(string)
		if !ok || strings.TrimSpace(text) == "" {
			t.Errorf("%s is %v, not a text", name, got)
		} else if !slices.Equal(placeholders(text), placeholders(want.(string))) {
			t.Errorf("%s has the placeholders %v", name, placeholders(text))
		}
		return
	}
	forms, ok := got.(map[string]any)
	if !ok || !slices.Equal(slices.Sorted(maps.Keys(forms)), categories) {
		t.Errorf("%s must have the plurals %v, not %v", name, categories, got)
		return
	}
	for category, form := range forms {
		if text, ok := form.(string); !ok || !slices.Equal(placeholders(text), placeholders(plural["other"].(string))) {
			t.Errorf("%s.%s is %v", name, category, form)
		}
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ parameter, header, want string }{
		{"", "", "en"},
		{"de", "fr", "de"},
		{"", "fr-CH, fr;q=0.9, en;q=0.8", "fr"},
		{"", "pt-BR,pt;q=0.9", "pt"},
		{"", "ru, de-AT;q=0.7, en;q=0.3", "de"},
		{"", "en-GB,de;q=0.9", "en"},
		{"ru", "ja", "ja"},
		{"nonsense?!", "pl", "pl"},
		{"", "*", "en"},
		{"", "\xff;;q=,", "en"},
		{"ar-EG", "", "ar"},
		{"", strings.Repeat("ru,", 4000), "en"},
	} {
		if got := Choose(c.parameter, c.header).Tag; got != c.want {
			t.Errorf("lang=%q, Accept-Language %.40q: %s, not %s", c.parameter, c.header, got, c.want)
		}
	}
	if got := Choose("ar").Dir + Choose("de").Dir; got != "rtlltr" {
		t.Errorf("the directions are %s", got)
	}
	if got := Choose("en").Text("title"); got != "Chat with us" {
		t.Errorf("the title is %q; the integration guide says \"Chat with us\"", got)
	}
}
