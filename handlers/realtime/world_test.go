package realtime_test

import (
	"context"
	"log/slog"
	"maps"
	"net"
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
// run: what a socket hears, the test has caused.
type world struct {
	*testing.T
	*services.Services
	db        *models.DB
	publisher *realtime.Publisher
	seeded    services.Seeded
	addr      string
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
	socket := socketio.New(socketio.Options{
		Log: slog.New(slog.DiscardHandler),
		Request: func(c *fiber.Ctx) any {
			return realtime.Request{
				WebSessionToken: c.Get("Web-Session"),
				UserAgent:       c.Get(fiber.HeaderUserAgent),
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
		WidgetRate: rate,
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, Services: all, db: db, publisher: publisher}
	w.seeded, err = all.Organizations.Seed(t.Context(), false)
	w.ok(err)
	w.listen(socket, realtime.New(io, all, false))
	return w
}

// listen serves until the test ends, and then ends in the order of the program.
func (w *world) listen(socket *socketio.Server, live *realtime.Server) {
	w.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	w.ok(err)
	w.addr = listener.Addr().String()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.All("/socket.io/*", socket.Handler())
	background, stop := context.WithCancel(context.Background())
	ended := make(chan struct{}, 2)
	go func() { live.Run(background); ended <- struct{}{} }()
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
	opened, _, err := w.Widget.CreateOrGetConversation(w.Context(), w.seeded.OrganizationID, w.seeded.ChannelID,
		externalID, "")
	w.ok(err)
	return visitor{opened.ID, externalID}
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
