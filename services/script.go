package services

import (
	"encoding/json"
	"strings"
	"sync"
	"time"
	"unicode"

	"parley/models"
)

// BotReply is what a bot says: the content of a message, as in send_message.
type BotReply struct {
	ContentType string          `json:"content_type,omitempty"`
	Content     string          `json:"content"`
	RichMedia   json.RawMessage `json:"rich_media,omitempty"`
}

// BotRule answers a message that picks the button or option Value, or whose text has one of Keywords in it as whole
// words, in any case.
type BotRule struct {
	Keywords []string `json:"keywords,omitempty"`
	Value    string   `json:"value,omitempty"`
	Reply    BotReply `json:"reply"`
}

// Script is a bot's row, read: what it says to whom. A bot without rules and fallback is silent.
type Script struct {
	Greeting Body
	rules    []scriptRule
	fallback *Body
}

type scriptRule struct {
	keywords []string // each " in words " between single spaces
	value    string
	reply    Body
}

// ReadScript reads a bot's row. Parts that cannot be read or break the rules for messages are left out: a bot that says
// less is better than a conversation that fails.
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

// Answer is what the bot says to body: the rule for the value it picked, else the first rule with a keyword in its
// text, else the fallback. The greeting is shown before anything is stored, so a tap on one of its choices comes as
// plain text: the label stands for the value.
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

// inWords is text in lower case with one space before, between and after its words, or nothing if it has none.
func inWords(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if len(words) == 0 {
		return ""
	}
	return " " + strings.Join(words, " ") + " "
}

// scripts keeps what ReadScript made of each bot until its row changes.
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
