package services_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parley/models"
	"parley/services"
)

// media makes documents: %s marks where a test puts its value.
func media(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// quoted is text as JSON.
func quoted(text string) string {
	document, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(document)
}

func chars(n int) string { return strings.Repeat("ä", n) }

// list is a JSON list of n choices with values v0, v1 …
func list(n int) string {
	choices := make([]string, n)
	for i := range choices {
		choices[i] = fmt.Sprintf(`{"label":"L%d","value":"v%d"}`, i, i)
	}
	return "[" + strings.Join(choices, ",") + "]"
}

func cards(n int) string {
	return "[" + strings.TrimSuffix(strings.Repeat(`{"title":"T"},`, n), ",") + "]"
}

func TestParseBody_storesTheGuidesKeysAndNoOthers(t *testing.T) {
	t.Parallel()
	id := models.NewID()
	for _, test := range []struct{ name, contentType, content, given, stored string }{
		{"text", "text", "Hello", "", ""},
		{"no content_type is text", "", "Hello", "", ""},
		{"null", "text", "Hello", "null", ""},
		{"an empty object", "text", "Hello", "{}", ""},
		{"text has no other keys", "text", "Hello",
			`{"buttons":[{"label":"A","value":"a"}],"url":"https://x.example/"}`, ""},
		{"an answer", "text", "Yes",
			media(`{"selected":{"message_id":%q,"label":"Yes","value":"yes","price":1},"x":1}`, id),
			media(`{"selected":{"message_id":%q,"label":"Yes","value":"yes"}}`, id)},
		{"image", "image", "Caption", `{"url":"https://example.com/photo.jpg","alt":"A <b> view","x":{"y":1}}`,
			`{"url":"https://example.com/photo.jpg","alt":"A <b> view"}`},
		{"image without alt and caption", "image", "", `{"url":"http://example.com/photo.jpg"}`,
			`{"url":"http://example.com/photo.jpg"}`},
		{"file", "file", "invoice.pdf", `{"url":"https://example.com/invoice.pdf","filename":"invoice.pdf","size":204800,"mime_type":"application/pdf","exec":true}`,
			`{"url":"https://example.com/invoice.pdf","filename":"invoice.pdf","size":204800,"mime_type":"application/pdf"}`},
		{"an empty file", "file", "", `{"url":"https://example.com/x","filename":"x","size":0}`,
			`{"url":"https://example.com/x","filename":"x","size":0}`},
		{"a file of unknown size", "file", "", `{"url":"https://example.com/x","filename":"x"}`,
			`{"url":"https://example.com/x","filename":"x"}`},
		{"quick buttons", "quick_button", "Choose an option:",
			`{"buttons":[{"label":"Yes","value":"yes","onclick":"x"},{"label":"No","value":"no"}]}`,
			`{"buttons":[{"label":"Yes","value":"yes"},{"label":"No","value":"no"}]}`},
		{"carousel", "carousel", "", `{"cards":[{"image_url":"https://x.example/a.png","title":"Product A","subtitle":"Short","buttons":[{"label":"Buy now","value":"buy_A"}],"href":"x"}]}`,
			`{"cards":[{"image_url":"https://x.example/a.png","title":"Product A","subtitle":"Short","buttons":[{"label":"Buy now","value":"buy_A"}]}]}`},
		{"a bare card", "carousel", "", `{"cards":[{"title":"T"}]}`, `{"cards":[{"title":"T"}]}`},
		{"dropdown", "dropdown", "Select your region:",
			`{"placeholder":"-- pick one --","options":[{"label":"Asia Pacific","value":"apac"}],"multiple":true}`,
			`{"placeholder":"-- pick one --","options":[{"label":"Asia Pacific","value":"apac"}]}`},
	} {
		body, err := services.ParseBody(test.contentType, test.content, json.RawMessage(test.given))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if string(body.JSON()) != test.stored || body.Content != test.content || body.ContentType == "" {
			t.Errorf("%s: stored\n%s, not\n%s", test.name, body.JSON(), test.stored)
		}
	}
}

// Each limit of contract section 7, and the first value beyond it.
func TestParseBody_holdsTheLimits(t *testing.T) {
	t.Parallel()
	const url = "https://example.com/"
	id := models.NewID()
	for _, test := range []struct{ name, contentType, content, at, beyond string }{
		{"selected: message_id", "text", "x", media(`{"selected":{"message_id":%q,"label":"L","value":"v"}}`, id),
			`{"selected":{"message_id":"7","label":"L","value":"v"}}`},
		{"selected: a label", "text", "x",
			media(`{"selected":{"message_id":%q,"label":%q,"value":"v"}}`, id, chars(80)),
			media(`{"selected":{"message_id":%q,"label":%q,"value":"v"}}`, id, chars(81))},
		{"selected: a value", "text", "x",
			media(`{"selected":{"message_id":%q,"label":"L","value":%q}}`, id, chars(256)),
			media(`{"selected":{"message_id":%q,"label":"L","value":%q}}`, id, chars(257))},
		{"selected: no value", "text", "x", media(`{"selected":{"message_id":%q,"label":"L","value":"v"}}`, id),
			media(`{"selected":{"message_id":%q,"label":"L"}}`, id)},
		{"url: length", "image", "", media(`{"url":%q}`, url+strings.Repeat("x", 2048-len(url))),
			media(`{"url":%q}`, url+strings.Repeat("x", 2049-len(url)))},
		{"url: length in characters", "image", "", media(`{"url":%q}`, url+chars(2048-len(url))),
			media(`{"url":%q}`, url+chars(2049-len(url)))},
		{"alt", "image", "", media(`{"url":%q,"alt":%q}`, url, chars(300)),
			media(`{"url":%q,"alt":%q}`, url, chars(301))},
		{"filename", "file", "", media(`{"url":%q,"filename":%q}`, url, chars(255)),
			media(`{"url":%q,"filename":%q}`, url, chars(256))},
		{"size", "file", "", media(`{"url":%q,"filename":"x","size":0}`, url),
			media(`{"url":%q,"filename":"x","size":-1}`, url)},
		{"size: whole", "file", "", media(`{"url":%q,"filename":"x","size":9007199254740993}`, url),
			media(`{"url":%q,"filename":"x","size":1.5}`, url)},
		{"size: a number", "file", "", media(`{"url":%q,"filename":"x","size":null}`, url),
			media(`{"url":%q,"filename":"x","size":"1"}`, url)},
		{"mime_type", "file", "", media(`{"url":%q,"filename":"x","mime_type":"image/svg+xml"}`, url),
			media(`{"url":%q,"filename":"x","mime_type":"image"}`, url)},
		{"mime_type: no parameters", "file", "", media(`{"url":%q,"filename":"x","mime_type":"text/plain"}`, url),
			media(`{"url":%q,"filename":"x","mime_type":"text/plain; x=<y>"}`, url)},
		{"buttons: some", "quick_button", "", media(`{"buttons":%s}`, list(1)), `{"buttons":[]}`},
		{"buttons: not too many", "quick_button", "", media(`{"buttons":%s}`, list(13)),
			media(`{"buttons":%s}`, list(14))},
		{"label", "quick_button", "", media(`{"buttons":[{"label":%q,"value":"v"}]}`, chars(80)),
			media(`{"buttons":[{"label":%q,"value":"v"}]}`, chars(81))},
		{"label: not blank", "quick_button", "", `{"buttons":[{"label":"L","value":"v"}]}`,
			`{"buttons":[{"label":" ","value":"v"}]}`},
		{"value", "quick_button", "", media(`{"buttons":[{"label":"L","value":%q}]}`, chars(256)),
			media(`{"buttons":[{"label":"L","value":%q}]}`, chars(257))},
		{"value: there", "quick_button", "", `{"buttons":[{"label":"L","value":"v"}]}`, `{"buttons":[{"label":"L"}]}`},
		{"cards: some", "carousel", "", media(`{"cards":%s}`, cards(1)), `{"cards":[]}`},
		{"cards: not too many", "carousel", "", media(`{"cards":%s}`, cards(10)), media(`{"cards":%s}`, cards(11))},
		{"card title", "carousel", "", media(`{"cards":[{"title":%q}]}`, chars(80)),
			media(`{"cards":[{"title":%q}]}`, chars(81))},
		{"card title: there", "carousel", "", `{"cards":[{"title":"T"}]}`, `{"cards":[{"subtitle":"S"}]}`},
		{"subtitle", "carousel", "", media(`{"cards":[{"title":"T","subtitle":%q}]}`, chars(200)),
			media(`{"cards":[{"title":"T","subtitle":%q}]}`, chars(201))},
		{"card buttons", "carousel", "", media(`{"cards":[{"title":"T","buttons":%s}]}`, list(3)),
			media(`{"cards":[{"title":"T","buttons":%s}]}`, list(4))},
		{"card button: label", "carousel", "", media(`{"cards":[{"title":"T","buttons":%s}]}`, list(1)),
			`{"cards":[{"title":"T","buttons":[{"label":"","value":"v"}]}]}`},
		{"image_url", "carousel", "", `{"cards":[{"title":"T","image_url":"https://x.example/a.png"}]}`,
			`{"cards":[{"title":"T","image_url":"data:image/png;base64,x"}]}`},
		{"options: some", "dropdown", "", media(`{"options":%s}`, list(1)), `{"placeholder":"-"}`},
		{"options: not too many", "dropdown", "", media(`{"options":%s}`, list(100)),
			media(`{"options":%s}`, list(101))},
		{"options: values differ", "dropdown", "", `{"options":[{"label":"A","value":"a"},{"label":"A","value":"b"}]}`,
			`{"options":[{"label":"A","value":"a"},{"label":"B","value":"a"}]}`},
		{"placeholder", "dropdown", "", media(`{"options":%s,"placeholder":%q}`, list(1), chars(80)),
			media(`{"options":%s,"placeholder":%q}`, list(1), chars(81))},
		{"form: an object", "quick_button", "", media(`{"buttons":%s}`, list(1)), list(1)},
		{"form: a list of buttons", "quick_button", "", media(`{"buttons":%s}`, list(1)),
			`{"buttons":{"label":"L","value":"v"}}`},
		{"form: JSON", "image", "", media(`{"url":%q}`, url), media(`{"url":%q`, url)},
		{"form: there", "image", "", media(`{"url":%q}`, url), ""},
		{"32 KiB", "text", "x", padded(32 * 1024), padded(32*1024 + 1)},
	} {
		if _, err := services.ParseBody(test.contentType, test.content, json.RawMessage(test.at)); err != nil {
			t.Errorf("%s, at the limit: %v", test.name, err)
		}
		_, err := services.ParseBody(test.contentType, test.content, json.RawMessage(test.beyond))
		if services.KindOf(err) != services.Invalid || err == nil {
			t.Errorf("%s, beyond the limit: %v", test.name, err)
		}
	}
}

func TestParseBody_namesTheFieldThatIsWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ contentType, content, given, field string }{
		{"text", " ", "", "content"},
		{"text", chars(10_001), "", "content"},
		{"image", "", `{"url":"x"}`, "url"},
		{"file", "", `{"url":"https://x.example/","filename":"a/b"}`, "filename"},
		{"quick_button", "", `{"buttons":[]}`, "buttons"},
		{"quick_button", "", `{"buttons":[{"label":"L","value":"v"},{"label":"","value":"v"}]}`, "buttons.1.label"},
		{"carousel", "", `{"cards":[{"title":"T"},{"title":"T","image_url":"x"}]}`, "cards.1.image_url"},
		{"carousel", "", `{"cards":[{"title":"T","buttons":[{"label":"L"}]}]}`, "cards.0.buttons.0.value"},
		{"dropdown", "", `{"options":[{"label":"L","value":"v"},{"label":"M","value":"v"}]}`, "options.1.value"},
		{"video", "", "", ""},
	} {
		_, err := services.ParseBody(test.contentType, test.content, json.RawMessage(test.given))
		if field := services.AsError(err).Field; err == nil || field != test.field {
			t.Errorf("%s %s is wrong at %q, not %q", test.contentType, test.given, field, test.field)
		}
	}
}

// padded is a document of size bytes, with keys that are not stored.
func padded(size int) string {
	const around = `{"x":""}`
	return `{"x":"` + strings.Repeat("x", size-len(around)) + `"}`
}

func TestParseBody_checksContent(t *testing.T) {
	t.Parallel()
	image := json.RawMessage(`{"url":"https://example.com/photo.jpg"}`)
	for _, test := range []struct {
		name, contentType, content string
		raw                        json.RawMessage
		refused                    bool
	}{
		{"10,000 characters", "text", chars(10_000), nil, false},
		{"10,001 characters", "text", chars(10_001), nil, true},
		{"10,001 characters of caption", "image", chars(10_001), image, true},
		{"a blank text", "text", " \n\t\u00a0", nil, true},
		{"an empty text", "text", "", nil, true},
		{"an empty caption", "image", "", image, false},
		{"NUL", "text", "a\x00b", nil, true},
		{"broken UTF-8", "text", "a\xffb", nil, true},
		{"half a surrogate pair", "text", "a\xed\xa0\x80b", nil, true},
		{"several lines", "text", "a\r\n\tb", nil, false},
		{"markup, which is text", "text", "<script>alert(1)</script>", nil, false},
		{"an unknown type", "video", "x", nil, true},
		{"a type in capitals", "TEXT", "x", nil, true},
		{"an empty answer", "text", "", json.RawMessage(`{"selected":{"message_id":"` + models.NewID() +
			`","label":"L","value":"v"}}`), true},
	} {
		body, err := services.ParseBody(test.contentType, test.content, test.raw)
		switch {
		case test.refused && (err == nil || services.KindOf(err) != services.Invalid):
			t.Errorf("%s: %v", test.name, err)
		case !test.refused && (err != nil || body.Content != test.content):
			t.Errorf("%s: %v, %q", test.name, err, body.Content)
		}
	}
}

// A name that reads as that of a harmless file must not open another.
func TestParseBody_takesFileNamesThatReadAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]string{
		"invoice.pdf":            "",
		"Rechnung März (2).pdf":  "",
		"نامه\u200cها.pdf":       "", // Persian needs the joiner
		"👩\u200d💻.png":           "",
		"invoice\u202efdp.exe":   "change how it reads",
		"a\u2067b.pdf":           "change how it reads",
		"a\u200fb.pdf":           "change how it reads",
		"a\u2028b.pdf":           "change how it reads",
		"a\u0085b.pdf":           "change how it reads",
		"a\nb.pdf":               "change how it reads",
		"../a.pdf":               "without a path",
		`C:\a.pdf`:               "without a path",
		"":                       "without a path",
		"..":                     "without a path",
		strings.Repeat("x", 256): "at most 255",
		"\u200c":                 "without a path", // blank
		"a\u202e/\u202eb":        "without a path",
	} {
		_, err := services.ParseBody("file", "", json.RawMessage(`{"url":"https://example.com/x","filename":`+quoted(name)+`}`))
		if refusal == "" && err != nil || refusal != "" && (services.AsError(err).Field != "filename" ||
			!strings.Contains(err.Error(), refusal)) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestParseBody_takesAbsoluteWebAddressesOnly(t *testing.T) {
	t.Parallel()
	for url, valid := range map[string]bool{
		"https://example.com/photo.jpg": true, "http://example.com": true, "HTTPS://EXAMPLE.COM/x": true,
		"https://example.com:8443/a?b=c#d": true,
		"https://münchen.example/ä":        true, "https://[2001:db8::1]/x": true, "http://127.0.0.1/x": true,
		"https://my_bucket.example.com./x": true, "https://نامه\u200cای.example/نامه\u200cای": true,
		"https://xn--i-7iq.example/": true, "https://example.com:65535/": true, "https://example.com:/": true,
		"https://example.com/\u202efdp.exe":   false, // reads exe.pdf
		"https://example.com/\u2028":          false,
		"https://bank.example\u2044x.example": false, // slashes that are none
		"https://bank.example\u2215x.example": false,
		"https://bank.example／x.example":      false,
		"https://bank.example╱x.example":      false,
		"https://exa\u00admple.com/":          false,
		"https://exam ple.com/":               false,
		"https://a..example/":                 false,
		"https://127.1/":                      false,
		"https://[fe80::1%25eth0]/":           false,
		"https://[::1/":                       false,
		"https://example.com:99999/":          false,
		"https://example.com:0/":              false,
		"https://example.com:x/":              false,

		"":                                  false,
		"javascript:alert(1)":               false,
		"JaVaScRiPt:alert(1)":               false,
		"java\nscript:alert(1)":             false,
		" https://example.com/":             false,
		"https://example.com/a b":           false,
		"data:text/html,<script>":           false,
		"vbscript:x":                        false,
		"file:///etc/passwd":                false,
		"ftp://example.com/x":               false,
		"//example.com/x":                   false,
		"/uploads/x.png":                    false,
		"photo.jpg":                         false,
		"https:example.com":                 false,
		"https://":                          false,
		"https:///x":                        false,
		"http://:80/":                       false,
		"https://user@example.com/":         false,
		"https://user:secret@example.com/":  false,
		"https://@example.com/":             false,
		"https://bank.example@evil.example": false,
		`https:\\example.com\x`:             false,
		`https://example.com\@evil.example`: false,
		"https://example.com/\x00":          false,
		"https://example.com/\u0085":        false,
		"https://exa mple.com/":             false,
		"https://example.com:port/":         false,
		"https://[::1":                      false,
		"blob:https://example.com/x":        false,
	} {
		for contentType, document := range map[string]string{
			"image": `{"url":%s}`, "file": `{"url":%s,"filename":"x"}`,
			"carousel": `{"cards":[{"title":"T","image_url":%s}]}`,
		} {
			if contentType == "carousel" && url == "" {
				continue // a card needs no image
			}
			_, err := services.ParseBody(contentType, "", json.RawMessage(media(document, quoted(url))))
			if (err == nil) != valid {
				t.Errorf("%s of %q: %v", contentType, url, err)
			}
		}
	}
}

func TestParseBody_takesFilenamesWithoutAPath(t *testing.T) {
	t.Parallel()
	for name, valid := range map[string]bool{
		"invoice.pdf": true, "Rechnung März.pdf": true, ".profile": true, "a..b": true,
		"": false, " ": false, ".": false, "..": false, "../x": false, "a/b": false, `a\b`: false, "a\nb": false,
		"a\x00b": false,
	} {
		_, err := services.ParseBody("file", "",
			json.RawMessage(media(`{"url":"https://example.com/x","filename":%s}`, quoted(name))))
		if (err == nil) != valid {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// PostgreSQL would refuse NUL anywhere, and with it the whole batch.
func TestParseBody_letsNoNULThrough(t *testing.T) {
	t.Parallel()
	const nul = `"a\u0000b"`
	for contentType, documents := range map[string][]string{
		"text": {`{"selected":{"message_id":"` + models.NewID() + `","label":%s,"value":"v"}}`,
			`{"selected":{"message_id":"` + models.NewID() + `","label":"L","value":%s}}`,
			`{"selected":{"message_id":%s,"label":"L","value":"v"}}`},
		"image": {`{"url":%s}`, `{"url":"https://example.com/","alt":%s}`},
		"file": {`{"url":"https://example.com/","filename":%s}`,
			`{"url":"https://example.com/","filename":"x","mime_type":%s}`},
		"quick_button": {`{"buttons":[{"label":%s,"value":"v"}]}`, `{"buttons":[{"label":"L","value":%s}]}`},
		"carousel": {`{"cards":[{"title":%s}]}`, `{"cards":[{"title":"T","subtitle":%s}]}`,
			`{"cards":[{"title":"T","buttons":[{"label":"L","value":%s}]}]}`},
		"dropdown": {`{"options":[{"label":%s,"value":"v"}]}`, `{"options":[{"label":"L","value":%s}]}`,
			`{"options":[{"label":"L","value":"v"}],"placeholder":%s}`},
	} {
		for _, document := range documents {
			if body, err := services.ParseBody(contentType, "x", json.RawMessage(media(document, nul))); err == nil {
				t.Errorf("%s: %s is stored as %s", contentType, document, body.JSON())
			}
		}
	}
}

func TestParseBody_storesNoBrokenUTF8(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"{\"url\":\"https://example.com/\",\"alt\":\"a\xffb\"}",
		`{"url":"https://example.com/","alt":"a\ud800b"}`} {
		body, err := services.ParseBody("image", "", json.RawMessage(raw))
		if err == nil && strings.ToValidUTF8(string(body.JSON()), "?") != string(body.JSON()) {
			t.Errorf("stored %q", body.JSON())
		}
	}
}

func TestOffers_findsTheChoiceInEveryControl(t *testing.T) {
	t.Parallel()
	for contentType, document := range map[string]string{
		"quick_button": `{"buttons":[{"label":"A","value":"a"},{"label":"B","value":"b"}]}`,
		"dropdown":     `{"options":[{"label":"A","value":"a"},{"label":"B","value":"b"}]}`,
		"carousel":     `{"cards":[{"title":"1","buttons":[{"label":"A","value":"a"}]},{"title":"2","buttons":[{"label":"B","value":"b"}]}]}`,
	} {
		body, err := services.ParseBody(contentType, "", json.RawMessage(document))
		if err != nil {
			t.Fatal(err)
		}
		if choice, ok := body.Media.Offers("b"); !ok || choice.Label != "B" {
			t.Errorf("%s offers %+v, %t", contentType, choice, ok)
		}
		if _, ok := body.Media.Offers("B"); ok {
			t.Errorf("%s offers a label for a value", contentType)
		}
	}
}

func TestPlainText_putsEveryTypeIntoWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ contentType, content, media, text string }{
		{"text", " Hello \n", "", "Hello"},
		{"image", "Caption", `{"url":"https://x.example/","alt":"A view"}`, "Caption"},
		{"image", "", `{"url":"https://x.example/","alt":"A view"}`, "A view"},
		{"image", "", `{"url":"https://x.example/"}`, "Image"},
		{"file", "", `{"url":"https://x.example/","filename":"invoice.pdf"}`, "invoice.pdf"},
		{"quick_button", "", `{"buttons":[{"label":"Yes","value":"yes"},{"label":"No","value":"no"}]}`, "Yes · No"},
		{"quick_button", "Sure?", `{"buttons":[{"label":"Yes","value":"yes"}]}`, "Sure?"},
		{"dropdown", "", `{"options":[{"label":"A","value":"a"},{"label":"B","value":"b"}]}`, "A · B"},
		{"dropdown", "", `{"placeholder":"Pick one","options":[{"label":"A","value":"a"}]}`, "Pick one"},
		{"carousel", "", `{"cards":[{"title":"One"},{"title":"Two"}]}`, "One · Two"},
		{"carousel", "", `broken`, ""},
	} {
		message := models.Message{
			ContentType: test.contentType,
			Content:     test.content,
			RichMedia:   models.JSON(test.media),
		}
		if text := services.PlainText(message); text != test.text {
			t.Errorf("%s %s reads %q, not %q", test.contentType, test.media, text, test.text)
		}
	}
}

// The API's documents are made from the tags of models.RichMedia: each content type takes what they say.
func TestRichMedia_hasTheFieldsOfItsTags(t *testing.T) {
	t.Parallel()
	all := map[string]any{"url": "https://example.com/a", "alt": "An image", "filename": "a.pdf", "size": 1,
		"mime_type": "application/pdf", "buttons": []any{map[string]any{"label": "A", "value": "a"}},
		"cards": []any{map[string]any{"title": "A"}}, "placeholder": "Pick one",
		"options":  []any{map[string]any{"label": "A", "value": "a"}},
		"selected": map[string]any{"message_id": models.NewID(), "label": "A", "value": "a"}}
	required, allowed := map[string][]string{}, map[string][]string{}
	fields := reflect.TypeFor[models.RichMedia]()
	for i := range fields.NumField() {
		tag := fields.Field(i).Tag
		name, _, _ := strings.Cut(tag.Get("json"), ",")
		for _, contentType := range strings.Fields(strings.ReplaceAll(tag.Get("required"), ",", " ")) {
			required[contentType] = append(required[contentType], name)
			allowed[contentType] = append(allowed[contentType], name)
		}
		for _, contentType := range strings.Fields(strings.ReplaceAll(tag.Get("optional"), ",", " ")) {
			allowed[contentType] = append(allowed[contentType], name)
		}
	}
	if len(allowed) != 6 {
		t.Fatalf("the tags name the content types %v", slices.Sorted(maps.Keys(allowed)))
	}
	for contentType, names := range allowed {
		body, err := services.ParseBody(contentType, "A", encoded(t, all))
		if err != nil {
			t.Errorf("%s: %v", contentType, err)
			continue
		}
		var stored map[string]any
		if err := json.Unmarshal(body.JSON(), &stored); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(names)), slices.Sorted(maps.Keys(stored))); diff != "" {
			t.Errorf("%s (-tags +stored):\n%s", contentType, diff)
		}
		for _, name := range required[contentType] {
			without := maps.Clone(all)
			delete(without, name)
			if _, err := services.ParseBody(contentType, "A", encoded(t, without)); err == nil && name != "selected" {
				t.Errorf("%s does without %s", contentType, name)
			}
		}
	}
}

func encoded(t *testing.T, value any) json.RawMessage {
	t.Helper()
	document, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return document
}
