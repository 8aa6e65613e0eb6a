package realtime_test

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/gofiber/fiber/v2"

	"parley/handlers/realtime"
	"parley/handlers/socketio"
	"parley/models"
	"parley/models/modelstest"
	"parley/services"
	"parley/services/state"
)

// patience is how long a test waits for what must happen; nothing waits for as long when all is well. It is shorter
// than the interval of pings, which would carry along a packet that nobody flushed.
const patience = 10 * time.Second

// world is the demo organization behind a server that listens on loopback. Its bot answers any text. Presence does not
// run, and nothing is announced at an interval: what a socket hears, the test has caused.
type world struct {
	*testing.T
	*services.Services
	db        *models.DB
	publisher *realtime.Publisher
	live      *realtime.Server
	seeded    services.Seeded
	addr      string

	address string // that sockets come from, for limits
}

// each runs test in a world on every database.
func each(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) { test(newWorld(t, db, services.Rate{})) })
}

// newWorld starts a server. rate limits end users' messages.
func newWorld(t *testing.T, db *models.DB, rate services.Rate) *world {
	t.Helper()
	return newLimitedWorld(t, db, rate, services.AddressLimits{})
}

// newLimitedWorld is newWorld with limits on what an address does.
func newLimitedWorld(t *testing.T, db *models.DB, rate services.Rate, limits services.AddressLimits) *world {
	t.Helper()
	w, serve := newNode(t, db, nil, rate, limits)
	var err error
	w.seeded, err = w.Organizations.Seed(t.Context(), false)
	w.ok(err)
	serve()
	return w
}

// newNode makes a node of an installation, which serve starts. broker connects the nodes, and may be nil.
func newNode(t *testing.T, db *models.DB, broker socketio.Broker, rate services.Rate,
	limits services.AddressLimits) (w *world, serve func()) {
	t.Helper()
	socket := socketio.New(socketio.Options{
		Broker: broker,
		Log:    slog.New(slog.DiscardHandler),
		Request: func(c *fiber.Ctx) any {
			return realtime.Request{
				WebSessionToken: c.Get("Web-Session"),
				UserAgent:       c.Get(fiber.HeaderUserAgent),
				Address:         services.AddressKey(c.Get("Address")),
			}
		},
		AllowOrigin: func(string) bool { return true },
	})
	io := socket.Of("/")
	publisher := realtime.NewPublisher(io)
	all, err := services.New(services.Dependencies{
		DB:        db,
		Limiter:   state.NewMemoryLimiter(models.Now),
		Presence:  state.NewMemoryPresence(),
		Openings:  state.NewMemoryOpenings(models.Now),
		Publisher: publisher,
		Clock:     models.Now,
		SecretKey: make([]byte, 32),
		SecretBox: services.NewSecretBox(make([]byte, 32)),
		PasswordCost: argon2id.Params{
			Memory:      8,
			Iterations:  1,
			Parallelism: 1,
			SaltLength:  16,
			KeyLength:   16,
		},
		WidgetRate:    rate,
		AddressLimits: limits,
	})
	if err != nil {
		t.Fatal(err)
	}
	w = &world{T: t, Services: all, db: db, publisher: publisher, address: "192.0.2.1"}
	w.live = realtime.New(io, all, false)
	w.live.SetRhythm(time.Hour, time.Millisecond, 1)
	return w, func() { w.listen(socket) }
}

// listen serves until the test ends, and then ends in the order of the program.
func (w *world) listen(socket *socketio.Server) {
	w.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	w.ok(err)
	w.addr = listener.Addr().String()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.All("/socket.io/*", socket.Handler())
	background, stop := context.WithCancel(context.Background())
	ended := make(chan struct{}, 3)
	go func() { w.Visits.Run(background); ended <- struct{}{} }()
	go func() { w.live.Run(background); ended <- struct{}{} }()
	go func() { app.Listener(listener); ended <- struct{}{} }()
	w.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		socket.Drain()
		w.Services.Close()
		socket.Shutdown(ctx)
		stop()
		app.ShutdownWithContext(ctx)
		for range cap(ended) {
			<-ended
		}
		w.Wait()
	})
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// exec runs SQL that may differ between the databases.
func (w *world) exec(sqlite, postgres string) {
	w.Helper()
	sql := sqlite
	if w.db.Postgres() {
		sql = postgres
	}
	w.ok(w.db.Write.Exec(sql).Error)
}

// visitor is an end user's one conversation.
type visitor struct{ conversationID, externalID string }

// visit opens the demo's widget for an end user who has not written yet.
func (w *world) visit(externalID string) visitor {
	w.Helper()
	return w.visitWith(w.seeded.EmbedToken, externalID, "")
}

func (w *world) visitWith(embedToken, externalID, displayName string) visitor {
	w.Helper()
	opened, err := w.Widget.Open(w.Context(), services.WidgetRequest{
		EmbedToken:  embedToken,
		ExternalID:  externalID,
		DisplayName: displayName,
	})
	w.ok(err)
	return visitor{opened.ConversationID, externalID}
}

// user is a demo user of the database.
func (w *world) user(who services.Credentials) (user models.User) {
	w.Helper()
	w.ok(w.db.Read.Where("email = ?", who.Email).Take(&user).Error)
	return user
}

// newToken is one more embed token of the demo's web chat, and its secret.
func (w *world) newToken() (models.EmbedToken, string) {
	w.Helper()
	return w.newTokenOn(w.seeded.BotID, models.ChannelWebchat)
}

func (w *world) newTokenOn(botID, channel string) (models.EmbedToken, string) {
	w.Helper()
	token, secret, err := w.EmbedTokens.Create(w.Context(), w.user(w.seeded.Admin), services.NewEmbedToken{
		BotID:   botID,
		Channel: channel,
		Name:    "Another site",
	})
	w.ok(err)
	return token, secret
}

// rows counts the rows of every table but those of migrations.
func (w *world) rows() (total int64) {
	w.Helper()
	tables, err := w.db.Read.Migrator().GetTables()
	w.ok(err)
	for _, table := range tables {
		if strings.HasPrefix(table, "goose") || strings.HasPrefix(table, "sqlite") {
			continue
		}
		var n int64
		w.ok(w.db.Read.Table(table).Count(&n).Error)
		total += n
	}
	return total
}

// say is a send_message of the end user.
func (v visitor) say(content string) object {
	return object{"conversation_id": v.conversationID, "external_id": v.externalID, "sender_type": "end_user",
		"content": content}
}

// proof is what an end user joins with.
func (v visitor) proof() object {
	return object{"conversation_id": v.conversationID, "external_id": v.externalID}
}

// id is what an agent joins with.
func (v visitor) id() object { return object{"conversation_id": v.conversationID} }

// answer is a send_message of an agent.
func (v visitor) answer(content string) object {
	return object{"conversation_id": v.conversationID, "sender_type": "agent", "content": content}
}

// with is o with one more field.
func with(o object, key string, value any) object {
	changed := maps.Clone(o)
	changed[key] = value
	return changed
}

// messages are those of a conversation, in their order.
func (w *world) messages(v visitor) (messages []models.Message) {
	w.Helper()
	w.ok(w.db.Read.Where("conversation_id = ?", v.conversationID).Order("seq").Find(&messages).Error)
	return messages
}

// elsewhere is the owner of another organization.
func (w *world) elsewhere() services.Credentials {
	w.Helper()
	owner := services.Credentials{Email: "owner@elsewhere.example", Password: "the owner elsewhere"}
	_, err := w.Organizations.Create(w.Context(), services.NewOrganization{
		Name:       "Elsewhere",
		AdminEmail: owner.Email,
		AdminName:  "Olga Owner",
		Password:   owner.Password,
	})
	w.ok(err)
	return owner
}

// endUser is a socket that has joined v.
func (w *world) endUser(v visitor) *socket {
	w.Helper()
	s := w.connect("")
	s.ok("join_conversation", v.proof())
	return s
}

// agent is a socket of a demo user's login.
func (w *world) agent(who services.Credentials) *socket {
	w.Helper()
	login, err := w.WebSessions.LogIn(w.Context(), who.Email, who.Password, services.Client{})
	w.ok(err)
	return w.connect(login.Token)
}
