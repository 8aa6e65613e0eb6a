package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/handlers"
	"parley/handlers/realtime"
	"parley/handlers/socketio"
	"parley/models"
	"parley/services"
)

// shutdownTimeout is how long a clean shutdown may take before the process ends anyway.
const shutdownTimeout = 20 * time.Second

// requestGrace is how long requests in flight may run after the sockets have closed.
const requestGrace = 2 * time.Second

// demoAddr is where a demo listens unless ADDR says otherwise: on this machine only, because everybody knows its
// logins.
const demoAddr = "127.0.0.1:8080"

type serveCommand struct {
	Demo bool `help:"Create a demo organization if the database is empty, and serve /demo, a page with the widget."`
}

func (s *serveCommand) addr(config Config) string {
	if s.Demo && !config.addrGiven {
		return demoAddr
	}
	return config.Addr
}

// server is a running node.
type server struct {
	config   Config
	backend  *backend
	services *services.Services
	http     *fiber.App
	socket   *socketio.Server
	listener *listener
	ending   atomic.Bool
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// Run serves until the context ends. Then it shuts down cleanly: see shutDown.
func (s *serveCommand) Run(p *program) error {
	p.config.Addr = s.addr(p.config)
	node, demo, err := newServer(p, s.Demo)
	if err != nil {
		return err
	}
	listener, err := node.listen()
	if err != nil {
		node.backend.shut()
		return err
	}
	url := node.url(listener.Addr())
	slog.Info("listening", "url", url)
	fmt.Fprintf(p.stdout, "Parley is running at %s\n", url)
	if demo != nil {
		printDemo(p, url, demo)
	}
	if setup := node.services.Setup; setup.Needed(p.ctx) {
		printSetup(p, url, setup.Token())
	}
	failed := make(chan error, 1)
	go func() { failed <- node.http.Listener(listener) }()
	select {
	case err = <-failed:
		return errors.Join(err, node.shutDown())
	case <-p.ctx.Done():
		slog.Info("shutting down")
		return node.shutDown()
	}
}

// listen opens ADDR, with limits on the connections it accepts.
func (s *server) listen() (*listener, error) {
	inner, err := net.Listen("tcp", s.config.Addr)
	if err != nil {
		host, _, _ := net.SplitHostPort(s.config.Addr) // LoadConfig has checked it
		return nil, fmt.Errorf("cannot listen on %s: %s. Set ADDR to another address, such as ADDR=%s", s.config.Addr,
			models.ConnectReason(err), net.JoinHostPort(host, "8090"))
	}
	s.listener = newListener(inner, s.config.connectionLimits())
	return s.listener, nil
}

func newServer(p *program, withDemo bool) (*server, *services.Seeded, error) {
	backend, err := openBackend(p.ctx, p.config)
	if err != nil {
		return nil, nil, err
	}
	if err := p.config.loadSecretKey(); err != nil {
		backend.shut()
		return nil, nil, err
	}
	node := &server{config: p.config, backend: backend}
	demo, err := node.assemble(p.ctx, withDemo)
	if err != nil {
		backend.shut()
		return nil, nil, err
	}
	return node, demo, nil
}

// assemble puts the parts together: sockets, services, handlers.
func (s *server) assemble(ctx context.Context, withDemo bool) (*services.Seeded, error) {
	config := s.config
	app := &handlers.App{
		Limiter:        s.backend.limiter,
		MailsLinks:     config.SMTPURL != "",
		BaseURL:        config.BaseURL,
		TrustedProxies: config.TrustedProxies,
		AddressLimits:  config.AddressLimits.AddressLimits,
		Ready:          s.ready,
	}
	s.socket = socketio.New(socketio.Options{
		Broker:      s.backend.broker,
		QueueBudget: int(config.SocketQueueBudget),
		Log:         slog.Default(),
		Request: func(c *fiber.Ctx) any {
			return realtime.Request{
				WebSessionToken: app.WebSessionToken(c),
				UserAgent:       c.Get(fiber.HeaderUserAgent),
				Address:         app.AddressKey(c),
			}.Bounded()
		},
		// End users come from anywhere. An agent's cookie counts from our own origin only: see WebSessionToken.
		AllowOrigin: func(string) bool { return true },
		Admit:       app.AdmitSocket,
	})
	app.Socket = s.socket.Handler()
	io := s.socket.Of("/")
	graph, err := services.New(s.dependencies(realtime.NewPublisher(io)))
	if err != nil {
		return nil, err
	}
	s.services, app.Services = graph, graph
	if err := rotateSecrets(ctx, s.backend.db, config); err != nil {
		return nil, err
	}
	if withDemo {
		if app.Demo, err = seedDemo(ctx, graph.Organizations); err != nil {
			return nil, err
		}
	}
	s.http = handlers.New(app)
	s.http.Server().ConnState = stateChanged
	s.start(ctx, realtime.New(io, graph, !config.WidgetRateLimit.Off()))
	return app.Demo, nil
}

func (s *server) dependencies(publisher services.Publisher) services.Dependencies {
	return services.Dependencies{
		DB:            s.backend.db,
		Limiter:       s.backend.limiter,
		Presence:      s.backend.presence,
		Openings:      s.backend.openings,
		Publisher:     publisher,
		Mailer:        s.config.mailer(),
		Clock:         models.Now,
		SecretKey:     s.config.SecretKey,
		SecretBox:     s.config.secretBox(),
		PasswordCost:  s.config.PasswordCost.Params,
		WidgetRate:    s.config.WidgetRateLimit.Rate,
		AddressLimits: s.config.AddressLimits.AddressLimits,
	}
}

// start runs the background jobs until shutDown.
func (s *server) start(ctx context.Context, live *realtime.Server) {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	tune := func(ctx context.Context) { tuneMemory(ctx, s.services.Messages.Stored) }
	for _, run := range []func(context.Context){tune, live.Run, s.services.Presence.Run, s.services.Visits.Run,
		s.backend.db.Upkeep} {
		s.running.Go(func() { run(background) })
	}
}

// rotateSecrets re-encrypts stored secrets with SECRET_KEY if SECRET_KEY_OLD is set.
func rotateSecrets(ctx context.Context, db *models.DB, config Config) error {
	if len(config.SecretKeyOld) == 0 {
		return nil
	}
	reencrypted, lost, err := services.RotateSecrets(ctx, db, config.secretBox())
	if err != nil {
		return err
	}
	slog.Info("SECRET_KEY_OLD can be removed once every node has started with the new SECRET_KEY",
		"reencrypted", reencrypted, "lost", lost)
	return nil
}

// seedDemo seeds an empty database, or refreshes a demo. It does not touch a database with other organizations.
func seedDemo(ctx context.Context, organizations *services.Organizations) (*services.Seeded, error) {
	empty, err := organizations.Empty(ctx)
	if err != nil {
		return nil, err
	}
	demo, err := organizations.Demo(ctx)
	if err != nil {
		return nil, err
	}
	if !empty && !demo {
		slog.Warn("--demo: the database has organizations of its own; no demo is made")
		return nil, nil
	}
	seeded, err := organizations.SeedDemo(ctx)
	return &seeded, err
}

// ready is the check behind /readyz. It does not ask Redis, without which this node still stores and delivers.
func (s *server) ready(ctx context.Context) error {
	if s.ending.Load() {
		return services.Refuse(services.Unavailable, "The server is shutting down.")
	}
	return s.backend.db.Writable(ctx)
}

// shutDown ends the server, within shutdownTimeout whatever hangs.
func (s *server) shutDown() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		err := s.finish(ctx)
		s.backend.shut()
		ended <- err
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return errors.New("shutting down took too long: something was left unfinished")
	}
}

// finish ends what runs in an order that loses nothing: it reads no more events, stores and acknowledges what it has
// accepted, then closes sockets and connections.
func (s *server) finish(ctx context.Context) error {
	s.ending.Store(true)
	s.socket.Drain()
	stored := make(chan struct{})
	go func() { defer close(stored); s.services.Close() }()
	select {
	case <-stored:
	case <-ctx.Done():
		slog.Error("messages were left unstored: the database does not answer")
	}
	err := s.socket.Shutdown(ctx)
	s.stop()
	s.running.Wait()
	defer time.AfterFunc(requestGrace, s.listener.cutAll).Stop()
	err = errors.Join(err, s.http.ShutdownWithContext(ctx))
	finished := make(chan struct{})
	go func() { defer close(finished); s.services.Wait() }()
	select {
	case <-finished:
	case <-ctx.Done():
		slog.Error("mail was left unsent: the server does not answer")
	}
	return err
}

// url returns the address at which a person on this machine opens the server.
func (s *server) url(address net.Addr) string {
	if s.config.BaseURL != "" {
		return s.config.BaseURL
	}
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return "http://" + address.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return "http://" + host + ":" + port
}

// printSetup prints to standard output and not to the log, because logs are stored and read by more people.
func printSetup(p *program, url, token string) {
	fmt.Fprintf(p.stdout, "\n  Set up Parley at %s/setup\n  Setup token: %s\n\n", url, token)
}

func printDemo(p *program, url string, demo *services.Seeded) {
	fmt.Fprintf(p.stdout, `
  As a customer    %s/demo
  As an agent      %s/inbox
                   %s   %s
                   %s   %s (owner)

`, url, url, demo.Agent.Email, demo.Agent.Password, demo.Admin.Email, demo.Admin.Password)
}
