package services

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/models"
)

const (
	maxRules    = 100
	maxKeywords = 50 // of one rule
	maxKeyword  = 80 // characters
)

// BotForm contains what the dashboard can edit of a bot. The buttons of a rich greeting or fallback stay as they are.
type BotForm struct {
	Name      string
	Greeting  string // may be empty
	Rules     []PlainRule
	Fallback  string    // may be empty
	UpdatedAt time.Time // of the bot when the form was loaded

	RichGreeting, RichFallback bool // whether buttons are shown below the text; not part of the form
}

// PlainRule is a rule with a plain text answer. A stored rule that the form cannot edit has Keep, its number from 1
// among the stored rules: it stays as it is, and Keywords and Answer are for display.
type PlainRule struct {
	Keywords []string
	Answer   string
	Keep     int
}

// Keywords splits a text at commas and line breaks.
func Keywords(text string) (keywords []string) {
	for keyword := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == '\n' }) {
		if keyword = trim(keyword); keyword != "" && !slices.Contains(keywords, keyword) {
			keywords = append(keywords, keyword)
		}
	}
	return keywords
}

// Answers returns what the bot would say if the form were saved. stored may be a zero bot. Error: Invalid.
func (f BotForm) Answers(stored models.Bot) (*BotAnswers, error) {
	if Blank(f.Name) {
		f.Name = firstOf(stored.Name, "Bot") // its name does not change what a bot says
	}
	err := f.write(&stored)
	return ReadBotAnswers(stored), err
}

// formOf returns the form of a stored bot.
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

// storedRules returns the rules as stored, so that those that are kept do not change by a byte.
func storedRules(bot models.Bot) (rules []json.RawMessage) {
	if json.Unmarshal([]byte(bot.Rules), &rules) != nil {
		return nil // rules that cannot be read do nothing
	}
	return rules
}

// readRule decodes a rule. plain means that the form can edit all of it.
func readRule(raw json.RawMessage) (rule BotRule, plain bool) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&rule)
	media := rule.Reply.RichMedia
	return rule, err == nil && rule.Value == "" && len(rule.Keywords) > 0 &&
		(rule.Reply.ContentType == "" || rule.Reply.ContentType == models.TypeText) &&
		(len(media) == 0 || bytes.Equal(media, []byte("null")))
}

// write validates the form and copies it to bot. Errors are Invalid and name the field: name, greeting, fallback,
// rules.N.keywords or rules.N.answer, with N from 0.
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

// writeReply replaces the text of a stored reply and keeps the rest.
func writeReply(field, text, stored string) (string, error) {
	text = trim(strings.ReplaceAll(text, "\r\n", "\n"))
	if problem := checkText(field, "The text", text, maxContent); problem != nil {
		return "", problem
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

// rules returns the rules to store: those of the form, and the stored ones that it cannot edit, in their places.
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
		return nil, refuseField(fmt.Sprintf("rules.%d.keywords", len(f.Rules)-1), "A bot can have at most %d rules.",
			maxRules)
	}
	return rules, nil
}

// write returns the rule to store, or nothing for an empty row.
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
	if len(keywords) == 0 {
		return nil, refuseField(field, "Add at least one keyword.")
	}
	if len(keywords) > maxKeywords {
		return nil, refuseField(field, "Use at most %d keywords.", maxKeywords)
	}
	for _, keyword := range keywords {
		if !hasLength(keyword, maxKeyword) || inWords(keyword) == "" {
			return nil, refuseField(field, "A keyword needs a letter or a digit, and at most %d characters.",
				maxKeyword)
		}
	}
	if _, err := ParseBody(models.TypeText, answer, nil); err != nil {
		return nil, refuseField(fmt.Sprintf("rules.%d.answer", i), "Enter an answer of at most %d characters.",
			maxContent)
	}
	return json.RawMessage(mustJSON(BotRule{
		Keywords: keywords,
		Reply:    BotReply{Content: answer},
	})), nil
}

// sameJSON reports whether two lists of rules differ in white space at most.
func sameJSON(a, b string) bool {
	var left, right bytes.Buffer
	return json.Compact(&left, []byte(a)) == nil && json.Compact(&right, []byte(b)) == nil &&
		left.String() == right.String()
}
