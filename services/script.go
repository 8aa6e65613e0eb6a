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

// Script is what a bot says, read from its row. A bot without rules and fallback says nothing.
type Script struct {
	Greeting Body
	rules    []scriptRule
	fallback *Body
}

type scriptRule struct {
	keywords []string // as from inWords
	value    string
	reply    Body
}

// ReadScript reads a bot's row. It skips replies and rules that are not valid, so that a damaged bot says less and does
// not stop the conversation.
func ReadScript(bot models.Bot) *Script {
	script := &Script{}
	if greeting, ok := readReply([]byte(bot.Greeting)); ok {
		script.Greeting = greeting
	}
	if fallback, ok := readReply([]byte(bot.Fallback)); ok {
		script.fallback = &fallback
	}
	var rules []BotRule
	if json.Unmarshal([]byte(bot.Rules), &rules) != nil {
		return script
	}
	for _, rule := range rules {
		reply, err := ParseBody(rule.Reply.ContentType, rule.Reply.Content, rule.Reply.RichMedia)
		if err != nil {
			continue
		}
		read := scriptRule{value: rule.Value, reply: reply}
		for _, keyword := range rule.Keywords {
			if words := inWords(keyword); words != "" {
				read.keywords = append(read.keywords, words)
			}
		}
		script.rules = append(script.rules, read)
	}
	return script
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
func (s *Script) Answer(body Body) (Body, bool) {
	if len(s.rules) == 0 && s.fallback == nil {
		return Body{}, false
	}
	picked := ""
	if body.Media.Selected != nil {
		picked = body.Media.Selected.Value
	} else {
		for _, choice := range s.Greeting.Media.Choices() {
			if strings.EqualFold(strings.TrimSpace(choice.Label), strings.TrimSpace(body.Content)) {
				picked = choice.Value
			}
		}
	}
	if picked != "" {
		for _, rule := range s.rules {
			if rule.value == picked {
				return rule.reply, true
			}
		}
	}
	text := inWords(body.Content)
	for _, rule := range s.rules {
		for _, keyword := range rule.keywords {
			if strings.Contains(text, keyword) {
				return rule.reply, true
			}
		}
	}
	if s.fallback == nil {
		return Body{}, false
	}
	return *s.fallback, true
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

// scripts caches the Script of each bot until its row changes.
type scripts struct {
	mu   sync.Mutex
	read map[string]readScript
}

type readScript struct {
	updatedAt time.Time
	script    *Script
}

func (s *scripts) of(bot models.Bot) *Script {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.read[bot.ID]; ok && known.updatedAt.Equal(bot.UpdatedAt) {
		return known.script
	}
	if s.read == nil || len(s.read) > 1000 {
		s.read = map[string]readScript{}
	}
	script := ReadScript(bot)
	s.read[bot.ID] = readScript{updatedAt: bot.UpdatedAt, script: script}
	return script
}
