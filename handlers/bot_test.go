package handlers

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"parley/services"
)

// fields returns what a browser would send of the form of a bot.
func fields(t *testing.T, page string) url.Values {
	t.Helper()
	form := url.Values{"name": {find(t, page, `value="([^"]*)"[^>]*name="name"|name="name"[^>]*value="([^"]*)"`)},
		"updated_at": {find(t, page, `name="updated_at" value="([^"]+)"`)}}
	for _, area := range regexp.MustCompile(`<textarea([^>]*)>([^<]*)</textarea>`).FindAllStringSubmatch(page, -1) {
		name := find(t, area[1], `name="([^"]+)"`)
		form.Add(name, strings.NewReplacer("&#39;", "'", "&amp;", "&").Replace(area[2]))
	}
	for _, input := range regexp.MustCompile(`<input[^>]*name="keywords"[^>]*>`).FindAllString(page, -1) {
		form.Add("keywords", find(t, input, `value="([^"]+)"`))
	}
	for _, rule := range regexp.MustCompile(`name="rule" value="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		form.Add("rule", rule[1])
	}
	return form
}

func TestBot_rulesThatTheFormCannotEditAreKept(t *testing.T) {
	server, app, _ := testApp(t)
	cookie := logIn(t, app, app.Demo.Admin)
	admin, err := app.WebSessions.Identify(t.Context(), cookie)
	if err != nil {
		t.Fatal(err)
	}
	path := "/bots/" + app.Demo.BotID
	stored := func() services.BotDetails {
		bot, err := app.Bots.Get(t.Context(), admin.User, app.Demo.BotID)
		if err != nil {
			t.Fatal(err)
		}
		return bot
	}
	before := stored()
	_, page := ask(t, server, "GET", path, cookie)
	form := fields(t, page)
	for field, value := range map[string]string{"rule": "plain", "keywords": "parcel", "answer": "On its way."} {
		form[field] = append([]string{value}, form[field]...)
	}
	if saved, body := post(t, server, app, path, cookie, form); saved.StatusCode != 303 {
		t.Fatalf("%d %.2000s", saved.StatusCode, body)
	}
	after := stored()
	if after.Bot.Greeting != before.Bot.Greeting || !strings.HasSuffix(after.Bot.Rules, before.Bot.Rules[1:]) ||
		after.Form.Rules[0].Answer != "On its way." {
		t.Errorf("was  %s\nis now %s", before.Bot.Rules, after.Bot.Rules)
	}

	// The same form again is of a bot that has changed since: what was typed comes back, and can be saved over it.
	form.Set("fallback", "Mine.")
	conflict, page := post(t, server, app, path, cookie, form)
	if conflict.StatusCode != 409 || !strings.Contains(page, "Someone else saved this bot while you were editing it.") ||
		!strings.Contains(page, ">Mine.</textarea>") {
		t.Errorf("%d %.300s", conflict.StatusCode, page)
	}
	form = fields(t, page)
	if saved, body := post(t, server, app, path, cookie, form); saved.StatusCode != 303 {
		t.Fatalf("%d %.2000s", saved.StatusCode, body)
	}
	if now := stored(); now.Form.Fallback != "Mine." || len(now.Form.Rules) != len(before.Form.Rules)+1 {
		t.Errorf("%d rules, otherwise %q", len(now.Form.Rules), now.Form.Fallback)
	}
}

func TestBot_tryingSavesNothing(t *testing.T) {
	server, app, _ := testApp(t)
	admin := logIn(t, app, app.Demo.Admin)
	path := "/bots/" + app.Demo.BotID
	form := url.Values{"name": {"Pip"}, "greeting": {"Hello <b>you</b>"}, "fallback": {"What?"}, "rule": {"plain"},
		"keywords": {"parcel"}, "answer": {"On its way."},
		"said": {"Hi"}, "say": {"My parcel?"}, "do": {"try"}}
	_, page := post(t, server, app, path+"/try", admin, form)
	for _, part := range []string{"<!doctype html>", "Hello &lt;b&gt;you&lt;/b&gt;", "What?", "On its way.",
		`name="said" value="My parcel?"`} {
		if !strings.Contains(page, part) {
			t.Errorf("no %s in the page", part)
		}
	}
	form.Set("do", "enter") // the form's own button, with something to say: Enter in that line, without a script
	if tried, page := post(t, server, app, path, admin, form); tried.StatusCode != 200 ||
		!strings.Contains(page, "On its way.") {
		t.Errorf("%d", tried.StatusCode)
	}
	if _, page := ask(t, server, "GET", path, admin); strings.Contains(page, "On its way.") {
		t.Error("it was saved")
	}
}

func TestBot_rowsMoveAndGo(t *testing.T) {
	rules := []services.PlainRule{{Answer: "a"}, {Answer: "b", Keep: 2}, {Answer: "c"}}
	for do, want := range map[string]string{"up-1": "bac do-down-0", "down-1": "acb do-up-2", "up-0": "abc ",
		"down-2": "abc ", "remove-0": "bc do-add", "remove-1": "abc ",
		"add": "abc keywords-3", "up-9": "abc ", "remove--1": "abc ", "": "abc "} {
		edited := editedBot{form: services.BotForm{Rules: append([]services.PlainRule{}, rules...)}}
		edited.changeRules(do)
		got := ""
		for _, rule := range edited.form.Rules {
			got += rule.Answer
		}
		if got += " " + edited.focus; got != want {
			t.Errorf("%s: %s, not %s", strconv.Quote(do), got, want)
		}
	}
}
