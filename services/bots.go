package services

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"parley/models"
)

const (
	maxRules    = 100
	maxKeywords = 50 // of one rule
	maxKeyword  = 80 // characters
)

// Bots is what admins do with bots; what a bot says to whom is Script's.
type Bots struct {
	db     *models.DB
	photos *Photos
	audit  *Audit
	clock  Clock
}

// NewBots makes the service.
func NewBots(db *models.DB, photos *Photos, audit *Audit, clock Clock) *Bots {
	return &Bots{db: db, photos: photos, audit: audit, clock: clock}
}

// BotDetails is a bot, the channels that use it, and its form.
type BotDetails struct {
	Bot      models.Bot
	Channels []models.Channel
	Form     BotForm
}

// BotForm is what can be edited of a bot. Greeting and Fallback are texts; the buttons of a rich one stay as they are.
type BotForm struct {
	Name      string
	Greeting  string // empty: none
	Rules     []PlainRule
	Fallback  string    // empty: none
	UpdatedAt time.Time // of the bot that the form was made from

	RichGreeting, RichFallback bool // shown only: there are buttons below the text
}

// PlainRule is a rule whose answer is a text, or one that is more than that and stays as it is: Keep is then its number among the
// stored rules, 1 for the first, and Keywords and Answer are only shown.
type PlainRule struct {
	Keywords []string
	Answer   string
	Keep     int
}

// Keywords reads keywords that are separated by commas or lines.
func Keywords(text string) (keywords []string) {
	for keyword := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == '\n' }) {
		if keyword = strings.TrimSpace(keyword); keyword != "" && !slices.Contains(keywords, keyword) {
			keywords = append(keywords, keyword)
		}
	}
	return keywords
}

// List returns the bots of the organization, by name. Error: Forbidden.
func (s *Bots) List(ctx context.Context, actor models.User) ([]BotDetails, error) {
	if err := mustBeAdmin(actor); err != nil {
		return nil, err
	}
	var bots []models.Bot
	if err := s.db.Read.WithContext(ctx).Where("organization_id = ?", actor.OrganizationID).Order("name, id").Find(&bots).Error; err != nil {
		return nil, fmt.Errorf("list bots: %w", err)
	}
	var channels []models.Channel
	if err := s.db.Read.WithContext(ctx).Where("organization_id = ?", actor.OrganizationID).Order("type DESC, id").Find(&channels).Error; err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	list := make([]BotDetails, len(bots))
	for i, bot := range bots {
		list[i] = BotDetails{Bot: bot, Form: formOf(bot)}
		for _, channel := range channels {
			if channel.BotID == bot.ID {
				list[i].Channels = append(list[i].Channels, channel)
			}
		}
	}
	return list, nil
}

// Get returns a bot. Errors: Forbidden, NotFound.
func (s *Bots) Get(ctx context.Context, actor models.User, id string) (BotDetails, error) {
	if err := mustBeAdmin(actor); err != nil {
		return BotDetails{}, err
	}
	bot, err := botOf(s.db.Read.WithContext(ctx), actor.OrganizationID, id)
	if err != nil {
		return BotDetails{}, err
	}
	details := BotDetails{Bot: bot, Form: formOf(bot)}
	err = s.db.Read.WithContext(ctx).Where("organization_id = ? AND bot_id = ?", actor.OrganizationID, id).Order("type DESC, id").Find(&details.Channels).Error
	return details, err
}

// Create makes a bot. The name is its own within the organization, so that a form that is sent twice makes one. Errors: Forbidden,
// Invalid, Conflict for the name.
func (s *Bots) Create(ctx context.Context, actor models.User, form BotForm) (models.Bot, error) {
	if err := mustBeAdmin(actor); err != nil {
		return models.Bot{}, err
	}
	now := s.clock()
	bot := models.Bot{ID: models.NewID(), OrganizationID: actor.OrganizationID, Rules: "[]", CreatedAt: now, UpdatedAt: now}
	if err := form.write(&bot); err != nil {
		return models.Bot{}, err
	}
	err := s.db.Write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := lockOrganization(tx, s.db, actor.OrganizationID); err != nil {
			return err
		}
		if err := nameIsFree(tx, bot); err != nil {
			return err
		}
		if err := tx.Create(&bot).Error; err != nil {
			return err
		}
		return s.audit.Note(tx, actor, BotCreated, bot.Name, "")
	})
	if err != nil {
		return models.Bot{}, err
	}
	return bot, nil
}

// Save changes a bot. A form that changes nothing, like one that is sent twice, is accepted. Errors: Forbidden, NotFound, Invalid,
// Conflict for the name or when somebody else has changed the bot since the form was made.
func (s *Bots) Save(ctx context.Context, actor models.User, id string, form BotForm) (bot models.Bot, err error) {
	err = s.change(ctx, actor, id, func(tx *gorm.DB, stored models.Bot) error {
		bot = stored
		if err := form.write(&bot); err != nil {
			return err
		}
		if bot == stored {
			return nil
		}
		if !form.UpdatedAt.Equal(stored.UpdatedAt) {
			return Refuse(Conflict, "Somebody else has changed this bot meanwhile. Load the page again and repeat your changes.")
		}
		if bot.Name != stored.Name {
			if err := nameIsFree(tx, bot); err != nil {
				return err
			}
		}
		if err := s.update(tx, &bot, map[string]any{"name": bot.Name, "greeting": bot.Greeting, "rules": bot.Rules, "fallback": bot.Fallback}); err != nil {
			return err
		}
		return s.audit.Note(tx, actor, BotChanged, bot.Name, changes(map[string]bool{"name": bot.Name != stored.Name, "greeting": bot.Greeting != stored.Greeting,
			"rules": bot.Rules != stored.Rules, "fallback": bot.Fallback != stored.Fallback}))
	})
	if err != nil {
		return models.Bot{}, err
	}
	return bot, nil
}

// changes names what was changed, for the audit log.
func changes(changed map[string]bool) string {
	var names []string
	for name, is := range changed {
		if is {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// SetPhoto gives a bot a picture. Errors: Forbidden, NotFound, Invalid, TooLarge.
func (s *Bots) SetPhoto(ctx context.Context, actor models.User, id string, upload []byte) error {
	if err := mustBeAdmin(actor); err != nil {
		return err
	}
	if _, err := botOf(s.db.Read.WithContext(ctx), actor.OrganizationID, id); err != nil { // before a picture is worked on
		return err
	}
	photo, err := s.photos.read(ctx, actor.OrganizationID, upload)
	if err != nil {
		return err
	}
	return s.replacePhoto(ctx, actor, id, &photo)
}

// RemovePhoto takes it away. Errors: Forbidden, NotFound.
func (s *Bots) RemovePhoto(ctx context.Context, actor models.User, id string) error {
	return s.replacePhoto(ctx, actor, id, nil)
}

func (s *Bots) replacePhoto(ctx context.Context, actor models.User, id string, photo *models.Photo) error {
	return s.change(ctx, actor, id, func(tx *gorm.DB, bot models.Bot) error {
		photoID, err := replacePhoto(tx, bot.OrganizationID, bot.PhotoID, photo)
		if err != nil || photoID == bot.PhotoID {
			return err
		}
		// Forms that are open stay good: a picture is none of their business.
		if err := tx.Model(&models.Bot{}).Where("organization_id = ? AND id = ?", bot.OrganizationID, bot.ID).UpdateColumn("photo_id", photoID).Error; err != nil {
			return err
		}
		return s.audit.Note(tx, actor, BotChanged, bot.Name, "photo")
	})
}

// Remove deletes a bot that no channel uses. Errors: Forbidden, NotFound, Conflict while one does.
func (s *Bots) Remove(ctx context.Context, actor models.User, id string) error {
	return s.change(ctx, actor, id, func(tx *gorm.DB, bot models.Bot) error {
		var channels []models.Channel
		if err := tx.Where("organization_id = ? AND bot_id = ?", bot.OrganizationID, bot.ID).Limit(1).Find(&channels).Error; err != nil {
			return err
		}
		used := Refuse(Conflict, "A channel uses this bot: its conversations would be left without it.")
		if len(channels) > 0 {
			return used
		}
		err := tx.Where("organization_id = ? AND id = ?", bot.OrganizationID, bot.ID).Delete(&models.Bot{}).Error
		if errors.Is(err, gorm.ErrForeignKeyViolated) {
			return used // made this very moment
		} else if err != nil {
			return err
		}
		if _, err := replacePhoto(tx, bot.OrganizationID, bot.PhotoID, nil); err != nil {
			return err
		}
		return s.audit.Note(tx, actor, BotRemoved, bot.Name, "")
	})
}

// Try is what the bot of a form would answer to text, without saving it; id is the bot that the form was made from, or empty for a
// new one. It reports whether the bot says anything. Errors: Forbidden, NotFound, Invalid.
func (s *Bots) Try(ctx context.Context, actor models.User, id string, form BotForm, text string) (Body, bool, error) {
	if err := mustBeAdmin(actor); err != nil {
		return Body{}, false, err
	}
	bot := models.Bot{Rules: "[]"}
	if id != "" {
		stored, err := botOf(s.db.Read.WithContext(ctx), actor.OrganizationID, id)
		if err != nil {
			return Body{}, false, err
		}
		bot = stored
	}
	script, err := form.Script(bot)
	if err != nil {
		return Body{}, false, err
	}
	said, err := ParseBody(TypeText, text, nil)
	if err != nil {
		return Body{}, false, err
	}
	answer, any := script.Answer(said)
	return answer, any, nil
}

// Script is what stored would say if the form were saved; it may be a zero bot. Error: Invalid.
func (f BotForm) Script(stored models.Bot) (*Script, error) {
	if strings.TrimSpace(f.Name) == "" {
		f.Name = firstOf(stored.Name, "Bot") // what a bot is called does not change what it says
	}
	err := f.write(&stored)
	return ReadScript(stored), err
}

// change runs change on the bot, which nobody else changes meanwhile.
func (s *Bots) change(ctx context.Context, actor models.User, id string, change func(*gorm.DB, models.Bot) error) error {
	if err := mustBeAdmin(actor); err != nil {
		return err
	}
	return s.db.Write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := lockOrganization(tx, s.db, actor.OrganizationID); err != nil {
			return err
		}
		bot, err := botOf(tx, actor.OrganizationID, id)
		if err != nil {
			return err
		}
		return change(tx, bot)
	})
}

// update stores columns of a bot. The time of the change grows even when the clock does not: it is what tells two states of a bot
// apart.
func (s *Bots) update(tx *gorm.DB, bot *models.Bot, columns map[string]any) error {
	now := s.clock()
	if !now.After(bot.UpdatedAt) {
		now = bot.UpdatedAt.Add(time.Microsecond)
	}
	bot.UpdatedAt, columns["updated_at"] = now, now
	return tx.Model(&models.Bot{}).Where("organization_id = ? AND id = ?", bot.OrganizationID, bot.ID).Updates(columns).Error
}

func nameIsFree(tx *gorm.DB, bot models.Bot) error {
	var others []models.Bot
	if err := tx.Select("id", "name").Where("organization_id = ? AND id <> ?", bot.OrganizationID, bot.ID).Find(&others).Error; err != nil {
		return err
	}
	for _, other := range others {
		if strings.EqualFold(other.Name, bot.Name) {
			return &Error{Kind: Conflict, Message: "There is a bot of this name already.", Field: "name"}
		}
	}
	return nil
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
	return body.Content, ok && body.ContentType != TypeText
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
	return rule, err == nil && rule.Value == "" && len(rule.Keywords) > 0 && (rule.Reply.ContentType == "" || rule.Reply.ContentType == TypeText) &&
		(len(media) == 0 || bytes.Equal(media, []byte("null")))
}

// write checks the form and puts it into bot. Errors are Invalid and name the field: name, greeting, fallback, and rules.N.keywords or
// rules.N.answer, N from 0.
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
	bot.Name, bot.Greeting, bot.Fallback = name, greeting, fallback
	if text := mustJSON(rules); !sameJSON(text, bot.Rules) {
		bot.Rules = text
	}
	return nil
}

// writeReply puts text into a stored reply and leaves the rest of it as it is.
func writeReply(field, text, stored string) (string, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if !storable(text) || utf8.RuneCountInString(text) > maxContent {
		return "", refuseField(field, "This must be text of at most %d characters.", maxContent)
	}
	body, ok := readReply([]byte(stored))
	if ok && body.Content == text {
		return stored, nil
	}
	if ok && body.ContentType != TypeText {
		return mustJSON(BotReply{ContentType: body.ContentType, Content: text, RichMedia: json.RawMessage(body.JSON())}), nil
	}
	if text == "" {
		return "", nil
	}
	return mustJSON(BotReply{Content: text}), nil
}

// rules are the rules to store: those of the form, and those of stored that it keeps, or has no word of, in their place.
func (f BotForm) rules(stored []json.RawMessage) ([]json.RawMessage, error) {
	rules, kept := []json.RawMessage{}, map[int]bool{}
	for i, rule := range f.Rules {
		if rule.Keep != 0 {
			if rule.Keep < 1 || rule.Keep > len(stored) {
				return nil, refuseField(fmt.Sprintf("rules.%d.keywords", i), "This rule is not there any more. Load the page again.")
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
		return nil, refuseField(fmt.Sprintf("rules.%d.keywords", len(f.Rules)-1), "A bot has at most %d rules.", maxRules)
	}
	return rules, nil
}

// write is the rule to store, or nothing for a row that was left empty.
func (r PlainRule) write(i int) (json.RawMessage, error) {
	var keywords []string
	for _, keyword := range r.Keywords {
		if keyword = strings.TrimSpace(keyword); keyword != "" {
			keywords = append(keywords, keyword)
		}
	}
	answer := strings.TrimSpace(strings.ReplaceAll(r.Answer, "\r\n", "\n"))
	if len(keywords) == 0 && answer == "" {
		return nil, nil
	}
	field := fmt.Sprintf("rules.%d.keywords", i)
	if len(keywords) == 0 || len(keywords) > maxKeywords {
		return nil, refuseField(field, "A rule needs 1 to %d keywords.", maxKeywords)
	}
	for _, keyword := range keywords {
		if !within(keyword, maxKeyword) || inWords(keyword) == "" {
			return nil, refuseField(field, "A keyword has 1 to %d characters, with a letter or digit among them.", maxKeyword)
		}
	}
	if _, err := ParseBody(TypeText, answer, nil); err != nil {
		return nil, refuseField(fmt.Sprintf("rules.%d.answer", i), "An answer must have 1 to %d characters.", maxContent)
	}
	return json.RawMessage(mustJSON(BotRule{Keywords: keywords, Reply: BotReply{Content: answer}})), nil
}

// sameJSON reports whether two lists of rules differ in nothing but their spelling.
func sameJSON(a, b string) bool {
	var left, right bytes.Buffer
	return json.Compact(&left, []byte(a)) == nil && json.Compact(&right, []byte(b)) == nil && left.String() == right.String()
}
