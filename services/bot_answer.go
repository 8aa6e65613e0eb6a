package services

import (
	"encoding/json"
	"strings"
	"sync"
	"time"
	"unicode"

	"parley/models"
)

// BotReply is a bot's message, in the form of send_message.
type BotReply struct {
	ContentType string          `json:"content_type,omitempty"`
	Content     string          `json:"content"`
	RichMedia   json.RawMessage `json:"rich_media,omitempty"`
}

// BotRule answers a message that picks the button or option Value, or that contains one of Keywords as whole words, in
// upper or lower case.
type BotRule struct {
	Keywords []string `json:"keywords,omitempty"`
	Value    string   `json:"value,omitempty"`
	Reply    BotReply `json:"reply"`
}

// BotAnswers is what a bot says, read from its row. A bot without rules and fallback answers nothing.
type BotAnswers struct {
	Greeting Body
	rules    []answerRule
	fallback *Body
}

type answerRule struct {
	keywords []string // as from inWords
	value    string
	reply    Body
}

// ReadBotAnswers reads a bot's row. It skips replies and rules that are not valid, so that a damaged bot says less and
// does not stop the conversation.
func ReadBotAnswers(bot models.Bot) *BotAnswers {
	answers := &BotAnswers{}
	if greeting, ok := readReply([]byte(bot.Greeting)); ok {
		answers.Greeting = greeting
	}
	if fallback, ok := readReply([]byte(bot.Fallback)); ok {
		answers.fallback = &fallback
	}
	var rules []BotRule
	if json.Unmarshal([]byte(bot.Rules), &rules) != nil {
		return answers
	}
	for _, rule := range rules {
		reply, err := ParseBody(rule.Reply.ContentType, rule.Reply.Content, rule.Reply.RichMedia)
		if err != nil {
			continue
		}
		read := answerRule{value: rule.Value, reply: reply}
		for _, keyword := range rule.Keywords {
			if words := inWords(keyword); words != "" {
				read.keywords = append(read.keywords, words)
			}
		}
		answers.rules = append(answers.rules, read)
	}
	return answers
}

func readReply(document []byte) (Body, bool) {
	var reply BotReply
	if len(document) == 0 || json.Unmarshal(document, &reply) != nil {
		return Body{}, false
	}
	body, err := ParseBody(reply.ContentType, reply.Content, reply.RichMedia)
	return body, err == nil
}

// Answer returns the bot's answer to a message: of the rule for the picked value, else of the first rule with a
// matching keyword, else the fallback. A tap on a choice of the greeting is sent as plain text, because the greeting is
// not a stored message, so its label counts as the value.
func (a *BotAnswers) Answer(body Body) (Body, bool) {
	if len(a.rules) == 0 && a.fallback == nil {
		return Body{}, false
	}
	picked := ""
	if body.Media.Selected != nil {
		picked = body.Media.Selected.Value
	} else {
		for _, choice := range a.Greeting.Media.Choices() {
			if strings.EqualFold(strings.TrimSpace(choice.Label), strings.TrimSpace(body.Content)) {
				picked = choice.Value
			}
		}
	}
	if picked != "" {
		for _, rule := range a.rules {
			if rule.value == picked {
				return rule.reply, true
			}
		}
	}
	text := inWords(body.Content)
	for _, rule := range a.rules {
		for _, keyword := range rule.keywords {
			if strings.Contains(text, keyword) {
				return rule.reply, true
			}
		}
	}
	if a.fallback == nil {
		return Body{}, false
	}
	return *a.fallback, true
}

// inWords returns text in lower case with one space around each word, or nothing if it has no words. A keyword in this
// form matches whole words only.
func inWords(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if len(words) == 0 {
		return ""
	}
	return " " + strings.Join(words, " ") + " "
}

// answerCache has the BotAnswers of each bot until its row changes.
type answerCache struct {
	mu   sync.Mutex
	read map[string]readAnswers
}

type readAnswers struct {
	updatedAt time.Time
	answers   *BotAnswers
}

func (c *answerCache) of(bot models.Bot) *BotAnswers {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.read[bot.ID]; ok && known.updatedAt.Equal(bot.UpdatedAt) {
		return known.answers
	}
	if c.read == nil || len(c.read) > 1000 {
		c.read = map[string]readAnswers{}
	}
	answers := ReadBotAnswers(bot)
	c.read[bot.ID] = readAnswers{updatedAt: bot.UpdatedAt, answers: answers}
	return answers
}
