package services_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"parley/models"
	"parley/models/modelstest"
	"parley/services"
	"parley/services/state"
)

// world is an organization with a bot, two agents and a widget, and every service around it.
type world struct {
	*testing.T
	db     *models.DB
	clock  *clock
	events *recorder
	tenant

	limits services.AddressLimits
	tokens map[string]string // the first embed token of each channel
	mailer *mailer
	box    *services.SecretBox
	*services.Services
}

// tenant is an organization and what it has.
type tenant struct {
	organization    models.Organization
	owner, ann, ben models.User
	bot             models.Bot
	webchat, mobile models.Channel
	token           string
}

// each runs test in a world on every database.
func each(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		modelstest.FailFirstCommits(db)
		test(newWorld(t, db, services.Rate{}))
	})
}

// cheap is a password hash that costs nothing, for tests.
var cheap = argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 16}

func newWorld(t *testing.T, db *models.DB, rate services.Rate) *world {
	t.Helper()
	w := &world{T: t, db: db, clock: newClock(), events: newRecorder()}
	w.tenant = w.newTenant("Acme", silent)
	w.newServices(rate)
	return w
}

// newServices gives the world its services. rate limits end users' messages.
func (w *world) newServices(rate services.Rate) {
	w.Helper()
	w.newServicesAt(rate, cheap)
}

// newServicesAt is newServices with another cost of a password hash.
func (w *world) newServicesAt(rate services.Rate, cost argon2id.Params) {
	w.Helper()
	w.mailer = &mailer{}
	w.box = services.NewSecretBox(sealKey("a"))
	all, err := services.New(services.Dependencies{
		DB:            w.db,
		Limiter:       state.NewMemoryLimiter(w.clock.Now),
		Presence:      state.NewMemoryPresence(),
		Openings:      state.NewMemoryOpenings(w.clock.Now),
		Publisher:     w.events,
		Mailer:        w.mailer,
		Clock:         w.clock.Now,
		SecretKey:     []byte("a secret of thirty-two bytes, yes"),
		SecretBox:     w.box,
		PasswordCost:  cost,
		WidgetRate:    rate,
		AddressLimits: w.limits,
	})
	w.ok(err)
	w.Services = all
	w.Cleanup(all.Close)
	w.Cleanup(all.Wait)
}

// newTenant makes an organization; another one is a stranger to the first.
func (w *world) newTenant(name string, bot models.Bot) tenant {
	w.Helper()
	now := w.clock.Now()
	var h tenant
	h.organization = models.Organization{
		ID:        models.NewID(),
		Name:      name,
		CreatedAt: now,
		UpdatedAt: now,
	}
	w.create(&h.organization)
	for user, role := range map[*models.User]models.Role{&h.owner: models.RoleOwner, &h.ann: models.RoleAgent,
		&h.ben: models.RoleAgent} {
		id := models.NewID()
		*user = models.User{
			ID:             id,
			OrganizationID: h.organization.ID,
			Email:          id + "@acme.example",
			Role:           role,
			LoginVersion:   1,
			CreatedAt:      now,
			UpdatedAt:      now,
		}
	}
	h.owner.Name = "Olga"
	h.ann.Name = "Ann"
	h.ben.Name = "Ben"
	w.create(&h.owner)
	w.create(&h.ann)
	w.create(&h.ben)
	bot.ID = models.NewID()
	bot.OrganizationID = h.organization.ID
	bot.Name = "Pip"
	bot.CreatedAt = now
	bot.UpdatedAt = now
	h.bot = bot
	w.create(&h.bot)
	for channel, kind := range map[*models.Channel]string{&h.webchat: models.ChannelWebchat,
		&h.mobile: models.ChannelMobileSDK} {
		*channel = models.Channel{
			ID:             models.NewID(),
			OrganizationID: h.organization.ID,
			BotID:          bot.ID,
			Type:           kind,
			Name:           kind,
			CreatedAt:      now,
			UpdatedAt:      now,
		}
		w.create(channel)
	}
	h.token = w.newToken(h.webchat)
	return h
}

// newToken adds an embed token to a channel.
func (w *world) newToken(channel models.Channel, allowedOrigins ...string) string {
	w.Helper()
	secret, hash := services.NewToken("ew_")
	w.create(&models.EmbedToken{
		ID:             models.NewID(),
		OrganizationID: channel.OrganizationID,
		ChannelID:      channel.ID,
		Name:           "Site",
		Prefix:         secret[:8],
		TokenHash:      hash,
		AllowedOrigins: append([]string{}, allowedOrigins...),
		CreatedAt:      w.clock.Now(),
	})
	if w.tokens == nil {
		w.tokens = map[string]string{}
	}
	if w.tokens[channel.ID] == "" {
		w.tokens[channel.ID] = secret
	}
	return secret
}

// from is the context of a request that comes from an address.
func (w *world) from(address string) context.Context {
	return services.WithAddress(w.Context(), address)
}

func (w *world) create(row any) {
	w.Helper()
	w.ok(w.db.Write.Create(row).Error)
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// refused fails unless err is a refusal of kind.
func (w *world) refused(kind services.Kind, err error) {
	w.Helper()
	if err == nil || services.KindOf(err) != kind {
		w.Errorf("%v, not a refusal of kind %s", err, kind)
	}
}

var silent = models.Bot{Rules: "[]"}

// talkative says "You said something." to everything, and Hi! to hello.
var talkative = models.Bot{
	Rules:    `[{"keywords":["hello"],"reply":{"content":"Hi!"}},{"value":"yes","reply":{"content":"Great."}}]`,
	Fallback: `{"content":"You said something."}`,
}

// setBot changes what the tenant's bot says.
func (w *world) setBot(bot models.Bot) {
	w.Helper()
	w.clock.advance(time.Second)
	w.ok(w.db.Write.Model(&models.Bot{}).Where("id = ?", w.bot.ID).
		Updates(map[string]any{"greeting": bot.Greeting, "rules": bot.Rules, "fallback": bot.Fallback,
			"updated_at": w.clock.Now()}).Error)
}

// conversation is the one of an end user on the web, who has opened the widget; a new one is not stored yet.
func (w *world) conversation(externalID string) services.Ref {
	w.Helper()
	return w.conversationOn(w.webchat, externalID)
}

func (w *world) conversationOn(channel models.Channel, externalID string) services.Ref {
	w.Helper()
	return w.openedAs(channel, externalID, "")
}

// openedAs is conversationOn for a page that names the end user.
func (w *world) openedAs(channel models.Channel, externalID, displayName string) services.Ref {
	w.Helper()
	token := w.tokens[channel.ID]
	if token == "" {
		token = w.newToken(channel)
	}
	return w.proven(w.open(services.WidgetRequest{
		EmbedToken:  token,
		ExternalID:  externalID,
		DisplayName: displayName,
	}))
}

// proven is the conversation of a widget, as its end user proves it.
func (w *world) proven(opened services.OpenedWidget) services.Ref {
	w.Helper()
	ref, err := w.Conversations.ForEndUser(w.Context(), services.EndUserProof{
		ConversationID: opened.ConversationID,
		ExternalID:     opened.ExternalID,
	})
	w.ok(err)
	return ref
}

// unwritten is a conversation of an older version, which stored it when the widget was opened. Nobody has written in
// it.
func (w *world) unwritten(externalID string) services.Ref {
	w.Helper()
	now := w.clock.Now()
	endUser := models.EndUser{
		ID:             models.NewID(),
		OrganizationID: w.organization.ID,
		ExternalID:     externalID,
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	w.create(&endUser)
	conversation := models.Conversation{
		ID:             models.NewID(),
		OrganizationID: w.organization.ID,
		ChannelID:      w.webchat.ID,
		EndUserID:      endUser.ID,
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	w.ok(w.db.Write.Omit("EndUser").Create(&conversation).Error)
	ref, err := w.Conversations.ForAgent(w.Context(), w.organization.ID, conversation.ID)
	w.ok(err)
	return ref
}

// opened is a conversation with an open session: its end user has said hello.
func (w *world) opened(externalID string) services.Ref {
	w.Helper()
	ref := w.conversation(externalID)
	w.says(ref, "Hello")
	return ref
}

func endUserOf(ref services.Ref) services.Sender {
	return services.Sender{Type: models.SenderEndUser, ID: ref.ExternalID}
}

func agent(user models.User) services.Sender {
	return services.Sender{Type: models.SenderAgent, ID: user.ID}
}

func text(ref services.Ref, sender services.Sender, content string) services.Draft {
	return services.Draft{
		Conversation: ref,
		Sender:       sender,
		ContentType:  models.TypeText,
		Content:      content,
	}
}

// named gives a draft a client_id.
func named(draft services.Draft, clientID string) services.Draft {
	draft.ClientID = clientID
	return draft
}

// picks is a tap on a choice of control.
func picks(ref services.Ref, control models.Message, label, value string) services.Draft {
	media, _ := json.Marshal(models.RichMedia{Selected: &models.Selected{
		MessageID: control.ID,
		Label:     label,
		Value:     value,
	}})
	draft := text(ref, endUserOf(ref), label)
	draft.RichMedia = media
	return draft
}

// send waits for the answer to a draft.
func (w *world) send(draft services.Draft) (services.Sent, error) {
	w.Helper()
	return send(w.Messages, draft)
}

func send(messages *services.Messages, draft services.Draft) (services.Sent, error) {
	return messages.SendAndWait(context.Background(), draft)
}

// onStored is a Receipt that calls a function.
type onStored func(*services.Sent, error)

func (f onStored) Stored(sent *services.Sent, err error) { f(sent, err) }
func (onStored) Delivered()                              {}

// reporting gives a draft a Receipt.
func reporting(draft services.Draft, receipt services.Receipt) services.Draft {
	draft.Receipt = receipt
	return draft
}

// says is a text of the end user; it must be stored.
func (w *world) says(ref services.Ref, content string) models.Message {
	w.Helper()
	return w.stored(text(ref, endUserOf(ref), content))
}

// writes is a text of an agent; it must be stored.
func (w *world) writes(ref services.Ref, user models.User, content string) models.Message {
	w.Helper()
	return w.stored(text(ref, agent(user), content))
}

func (w *world) stored(draft services.Draft) models.Message {
	w.Helper()
	sent, err := w.send(draft)
	w.ok(err)
	if sent.Duplicate {
		w.Fatal("was stored before")
	}
	return sent.Message
}

// asks is an agent's yes-or-no question with buttons.
func (w *world) asks(ref services.Ref, user models.User) models.Message {
	w.Helper()
	return w.stored(services.Draft{
		Conversation: ref,
		Sender:       agent(user),
		ContentType:  models.TypeQuickButton,
		RichMedia:    json.RawMessage(`{"buttons":[{"label":"Yes","value":"yes"},{"label":"No","value":"no"}]}`),
	})
}

// transcript is the stored conversation, one "seq sender: content" a message.
func (w *world) transcript(ref services.Ref) []string {
	w.Helper()
	var messages []models.Message
	w.ok(w.db.Read.Where("conversation_id = ?", ref.ID).Order("seq").Find(&messages).Error)
	lines := make([]string, len(messages))
	for i, m := range messages {
		lines[i] = fmt.Sprintf("%d %s: %s", m.Seq, m.SenderType, services.PlainText(m))
	}
	return lines
}

func (w *world) count(model any, where string, args ...any) int64 {
	w.Helper()
	var n int64
	w.ok(w.db.Read.Model(model).Where(where, args...).Count(&n).Error)
	return n
}

// equal compares slices.
func equal[T comparable](t testing.TB, got []T, want ...T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// clock stops until it is advanced.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
