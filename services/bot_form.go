package services

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"parley/models"
)

const (
	maxRules    = 100
	maxKeywords = 50 // of one rule
	maxKeyword  = 80 // characters
)

// BotForm is what can be edited of a bot. Greeting and Fallback are texts; the buttons of a rich one stay as they are.
type BotForm struct {
	Name      string
	Greeting  string // empty: none
	Rules     []PlainRule
	Fallback  string    // empty: none
	UpdatedAt time.Time // of the bot that the form was made from

	RichGreeting, RichFallback bool // shown only: there are buttons below the text
}

// PlainRule is a rule whose answer is a text, or one that is more than that and stays as it is: Keep is then its number
// among the stored rules, 1 for the first, and Keywords and Answer are only shown.
type PlainRule struct {
	Keywords []string
	Answer   string
	Keep     int
}

// Keywords reads keywords that are separated by commas or lines.
func Keywords(text string) (keywords []string) {
	for keyword := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == '\n' }) {
		if keyword = trim(keyword); keyword != "" && !slices.Contains(keywords, keyword) {
			keywords = append(keywords, keyword)
		}
	}
	return keywords
}

// Script is what stored would say if the form were saved; it may be a zero bot. Error: Invalid.
func (f BotForm) Script(stored models.Bot) (*Script, error) {
	if Blank(f.Name) {
		f.Name = firstOf(stored.Name, "Bot") // what a bot is called does not change what it says
	}
	err := f.write(&stored)
	return ReadScript(stored), err
}

// formOf is the form of a stored bot.
func formOf(bot models.Bot) BotForm {
	form := BotForm{Name: bot.Name, UpdatedAt: bot.UpdatedAt}
	form.Greeting, form.RichGreeting = replyText(bot.Greeting)
	form.Fallback, form.RichFallback = replyText(bot.Fallback)
	for i, raw := range storedRules(bot) {
		rule, plain := readRule(raw)
		shown := PlainRule{Keywords: rule.Keywords, Answer: rule.Reply.Content}
		if !plain {
			shown.Keep = i + 1
		}
		form.Rules = append(form.Rules, shown)
	}
	return form
}

func replyText(document string) (text string, rich bool) {
	body, ok := readReply([]byte(document))
	return body.Content, ok && body.ContentType != models.TypeText
}

// storedRules are the rules as they are stored: what is kept is kept to the letter.
func storedRules(bot models.Bot) (rules []json.RawMessage) {
	if json.Unmarshal([]byte(bot.Rules), &rules) != nil {
		return nil // rules that cannot be read answer nothing
	}
	return rules
}

// readRule also says whether the form can hold the whole of the rule.
func readRule(raw json.RawMessage) (rule BotRule, plain bool) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&rule)
	media := rule.Reply.RichMedia
	return rule, err == nil && rule.Value == "" && len(rule.Keywords) > 0 &&
		(rule.Reply.ContentType == "" || rule.Reply.ContentType == models.TypeText) &&
		(len(media) == 0 || bytes.Equal(media, []byte("null")))
}

// write checks the form and puts it into bot. Errors are Invalid and name the field: name, greeting, fallback, and
// rules.N.keywords or rules.N.answer, N from 0.
func (f BotForm) write(bot *models.Bot) error {
	name, err := properName("name", "name", f.Name)
	if err != nil {
		return err
	}
	greeting, err := writeReply("greeting", f.Greeting, bot.Greeting)
	if err != nil {
		return err
	}
	fallback, err := writeReply("fallback", f.Fallback, bot.Fallback)
	if err != nil {
		return err
	}
	rules, err := f.rules(storedRules(*bot))
	if err != nil {
		return err
	}
	bot.Name = name
	bot.Greeting = greeting
	bot.Fallback = fallback
	if text := mustJSON(rules); !sameJSON(text, bot.Rules) {
		bot.Rules = text
	}
	return nil
}

// writeReply puts text into a stored reply and leaves the rest of it as it is.
func writeReply(field, text, stored string) (string, error) {
	text = trim(strings.ReplaceAll(text, "\r\n", "\n"))
	if !storable(text) || utf8.RuneCountInString(text) > maxContent {
		return "", refuseField(field, "This must be text of at most %d characters.", maxContent)
	}
	body, ok := readReply([]byte(stored))
	if ok && body.Content == text {
		return stored, nil
	}
	if ok && body.ContentType != models.TypeText {
		return mustJSON(BotReply{
			ContentType: body.ContentType,
			Content:     text,
			RichMedia:   json.RawMessage(body.JSON()),
		}), nil
	}
	if text == "" {
		return "", nil
	}
	return mustJSON(BotReply{Content: text}), nil
}

// rules are the rules to store: those of the form, and those of stored that it keeps, or has no word of, in their
// place.
func (f BotForm) rules(stored []json.RawMessage) ([]json.RawMessage, error) {
	rules, kept := []json.RawMessage{}, map[int]bool{}
	for i, rule := range f.Rules {
		if rule.Keep != 0 {
			if rule.Keep < 1 || rule.Keep > len(stored) {
				return nil, refuseField(fmt.Sprintf("rules.%d.keywords", i),
					"This rule no longer exists. Reload the page.")
			}
			if !kept[rule.Keep] {
				kept[rule.Keep] = true
				rules = append(rules, stored[rule.Keep-1])
			}
			continue
		}
		raw, err := rule.write(i)
		if err != nil {
			return nil, err
		}
		if raw != nil {
			rules = append(rules, raw)
		}
	}
	for i, raw := range stored {
		if _, plain := readRule(raw); !plain && !kept[i+1] {
			rules = slices.Insert(rules, min(i, len(rules)), raw)
		}
	}
	if len(rules) > maxRules {
		return nil, refuseField(fmt.Sprintf("rules.%d.keywords", len(f.Rules)-1), "A bot has at most %d rules.",
			maxRules)
	}
	return rules, nil
}

// write is the rule to store, or nothing for a row that was left empty.
func (r PlainRule) write(i int) (json.RawMessage, error) {
	var keywords []string
	for _, keyword := range r.Keywords {
		if keyword = trim(keyword); keyword != "" {
			keywords = append(keywords, keyword)
		}
	}
	answer := trim(strings.ReplaceAll(r.Answer, "\r\n", "\n"))
	if len(keywords) == 0 && answer == "" {
		return nil, nil
	}
	field := fmt.Sprintf("rules.%d.keywords", i)
	if len(keywords) == 0 || len(keywords) > maxKeywords {
		return nil, refuseField(field, "A rule needs 1 to %d keywords.", maxKeywords)
	}
	for _, keyword := range keywords {
		if !hasLength(keyword, maxKeyword) || inWords(keyword) == "" {
			return nil, refuseField(field, "A keyword has 1 to %d characters, with a letter or digit among them.",
				maxKeyword)
		}
	}
	if _, err := ParseBody(models.TypeText, answer, nil); err != nil {
		return nil, refuseField(fmt.Sprintf("rules.%d.answer", i), "An answer must have 1 to %d characters.",
			maxContent)
	}
	return json.RawMessage(mustJSON(BotRule{
		Keywords: keywords,
		Reply:    BotReply{Content: answer},
	})), nil
}

// sameJSON reports whether two lists of rules differ in nothing but their spelling.
func sameJSON(a, b string) bool {
	var left, right bytes.Buffer
	return json.Compact(&left, []byte(a)) == nil && json.Compact(&right, []byte(b)) == nil &&
		left.String() == right.String()
}
