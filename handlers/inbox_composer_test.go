package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// richForms is a form of every type as it is posted, and what the thread shows of it.
var richForms = map[string]struct {
	form  url.Values
	shows []string
}{
	"image": {url.Values{"url": {"https://a.example/x.png"}, "alt": {"A fern"}, "content": {"Look"}},
		[]string{`src="https://a.example/x.png"`, `alt="A fern"`, ">Look<"}},
	"file": {url.Values{"url": {"https://a.example/x.pdf"}, "filename": {"offer.pdf"}},
		[]string{`href="https://a.example/x.pdf"`, "offer.pdf", "PDF"}},
	"quick_button": {url.Values{"content": {"Shall we?"}, "choice_label": {"Yes", "", "No"},
		"choice_value": {"", "", "n"}}, []string{`data-value="Yes"`, `data-value="n"`}},
	"dropdown": {url.Values{"content": {"Where?"}, "placeholder": {"Pick"}, "choice_label": {"Here", "There"},
		"choice_value": {"h", "t"}}, []string{`<option value="h"`, "Pick"}},
	"carousel": {url.Values{"content": {"Plans"}, "card_title": {"One", "", "Two"}, "card_subtitle": {"First", "", ""},
		"card_image_url":    {"", "", "https://a.example/two.png"},
		"card_button_label": {"", "Take one", "", "", "", "", "Take two", "", ""},
		"card_button_value": {"", "one", "", "", "", "", "", "", ""}},
		[]string{">One<", ">Two<", `data-value="one"`, `data-value="Take two"`, "two.png"}},
}

func TestEditor_sendsEveryType(t *testing.T) {
	d := newDesk(t)
	for kind, rich := range richForms {
		for _, htmx := range []bool{false, true} {
			id := d.conversation(kind, "Hello")
			d.has(d.ok(d.page("/inbox/"+id+"/compose?type="+kind)), `id="rich-media-form"`,
				`<option value="`+kind+`" selected`, "<!doctype html>")
			editor := d.ok(d.part("/inbox/" + id + "/compose?type=" + kind))
			d.has(editor, `id="rich-media-form"`, "The preview appears here as you write.")
			d.lacks(editor, "<html")
			rich.form.Set("content_type", kind)
			rich.form.Del("edit")
			d.has(d.ok(d.post("/inbox/"+id+"/preview", rich.form, true)), rich.shows...)
			response, body := d.post("/inbox/"+id+"/messages?filter=all", rich.form, htmx)
			if htmx && (response.StatusCode != http.StatusOK || strings.TrimSpace(body) != "") {
				t.Errorf("%s: %d %.200s", kind, response.StatusCode, body)
			} else if !htmx {
				d.went(response, "/inbox/"+id+"?filter=all")
			}
			d.has(d.ok(d.part("/inbox/"+id+"/messages")), rich.shows...)
		}
	}
}

func TestEditor_saysWhatIsWrongBesideItsField(t *testing.T) {
	d := newDesk(t)
	id := d.conversation("Mara", "Hello")
	for _, test := range []struct {
		form  url.Values
		field string
		kept  string
	}{
		{url.Values{"content_type": {"image"}, "url": {"javascript:alert(1)"}}, "url", `value="javascript:alert(1)"`},
		{url.Values{"content_type": {"file"}, "url": {"https://a.example/x"}, "filename": {"a/b"}}, "filename",
			`value="a/b"`},
		{url.Values{"content_type": {"quick_button"}, "content": {"<b>Which?</b>"}}, "choices",
			"&lt;b&gt;Which?&lt;/b&gt;"},
		{url.Values{"content_type": {"quick_button"}, "choice_label": {"", "A", ""}, "choice_value": {"", "", "b"}},
			"choices.1.label", `value="b"`},
		{url.Values{"content_type": {"dropdown"}, "choice_label": {"A", "B"}, "choice_value": {"x", "x"}},
			"choices.1.value", `value="x"`},
		{url.Values{"content_type": {"carousel"}, "card_title": {"One", ""}, "card_subtitle": {"", "two"}},
			"cards.1.title", `value="two"`},
		{url.Values{"content_type": {"carousel"}, "card_title": {"One"},
			"card_button_label": {strings.Repeat("x", 81)}}, "cards.0.buttons.0.label", strings.Repeat("x", 81)},
	} {
		for _, htmx := range []bool{false, true} {
			response, body := d.post("/inbox/"+id+"/messages", test.form, htmx)
			if response.StatusCode != http.StatusBadRequest || strings.Contains(body, "<html") == htmx {
				t.Errorf("%s: %d", test.field, response.StatusCode)
			}
			if htmx && (response.Header.Get("HX-Retarget") != "#rich-media" ||
				response.Header.Get("HX-Reselect") != "#rich-media-form") {
				t.Errorf("%s is drawn elsewhere: %v", test.field, response.Header)
			}
			d.has(body, `id="rich-`+test.field+`-error"`, test.kept)
			if test.field != "choices" {
				d.has(body, `aria-describedby="rich-`+test.field+`-error"`)
			}
		}
	}
	d.lacks(d.ok(d.part("/inbox/"+id+"/messages")), "javascript:", "Which?", `>One<`)
}

func TestEditor_addsAndRemovesRows(t *testing.T) {
	d := newDesk(t)
	id := d.conversation("Mara", "Hello")
	form := func(edit string) url.Values {
		return url.Values{"content_type": {"carousel"}, "card_title": {"One", "Two", "Three"},
			"choice_label": {"A", "B"}, "choice_value": {"a", "b"}, "edit": {edit}}
	}
	for edit, cards := range map[string]int{"add.card": 4, "remove.card.1": 2, "remove.card.9": 3, "remove.card.-1": 3,
		"remove.card.x": 3, "nonsense": 3} {
		for _, htmx := range []bool{false, true} {
			body := d.ok(d.post("/inbox/"+id+"/preview", form(edit), htmx))
			if got := strings.Count(body, `name="card_title"`); got != cards ||
				strings.Contains(body, "<html") == htmx {
				t.Errorf("%s leaves %d cards", edit, got)
			}
		}
	}
	body := d.ok(d.post("/inbox/"+id+"/preview", form("remove.card.1"), true))
	d.has(body, `value="One"`, `value="Three"`)
	d.lacks(body, `value="Two"`)
	full := url.Values{"content_type": {"quick_button"}, "edit": {"add.choice"}}
	for range 12 {
		full.Add("choice_label", "x")
	}
	d.lacks(d.ok(d.post("/inbox/"+id+"/preview", full, true)), "Add a button")
	switched := url.Values{"content_type": {"dropdown"}, "edit": {"type"}, "choice_label": {"Kept"},
		"content": {"Also kept"}}
	d.has(d.ok(d.post("/inbox/"+id+"/preview", switched, true)), `value="Kept"`, "Also kept", "Add an option")
	unknown, body := d.post("/inbox/"+id+"/preview", url.Values{"content_type": {"<x>"}, "edit": {"type"}}, true)
	if unknown.StatusCode != http.StatusOK {
		t.Errorf("an unknown type is answered %d", unknown.StatusCode)
	}
	d.lacks(body, "<x>")
	if closed := d.ok(d.part("/inbox/" + id + "/compose")); strings.TrimSpace(closed) != "" {
		t.Errorf("the closed editor is %.200s", closed)
	}
}
