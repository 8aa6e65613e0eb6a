// Parley is a self-hosted customer chat: a widget for any web page or app, an inbox for agents, bots that help
// meanwhile.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"parley/models"
	"parley/services"
)

// commands is the command line. Serve is the default.
type commands struct {
	Serve   serveCommand   `cmd:"" default:"withargs" help:"Run the server (the default)."`
	Migrate migrateCommand `cmd:"" help:"Change the database's schema."`
	Org     orgCommand     `cmd:"" help:"Make organizations."`
	Seed    seedCommand    `cmd:"" help:"Make a demo organization with bot, channels, users and a fresh embed token."`
	User    userCommand    `cmd:"" help:"Help people who cannot log in."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// program is what a command runs with.
type program struct {
	ctx    context.Context
	config Config
	stdin  io.Reader
	stdout io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "parley:", err)
		os.Exit(1)
	}
}

// run is the whole program: main without the process around it.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout io.Writer) error {
	var cli commands
	helped := false
	parser, err := kong.New(&cli, kong.Name("parley"),
		kong.Description("Self-hosted customer chat. Settings are environment variables: see docs/operations.md."),
		kong.Writers(stdout, stdout), kong.Exit(func(int) { helped = true }))
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if helped { // printed, and whatever else is missing does not matter
		return nil
	}
	if err != nil {
		return err
	}
	config, err := LoadConfig(getenv)
	if err != nil {
		return err
	}
	slog.SetDefault(config.logger())
	return command.Run(&program{ctx: ctx, config: config, stdin: stdin, stdout: stdout})
}

// password reads the one that a command is given on standard input, where no other process sees it.
func (p *program) password() (string, error) {
	input, err := io.ReadAll(io.LimitReader(p.stdin, 4096))
	if err != nil {
		return "", err
	}
	password := strings.TrimRight(string(input), "\r\n")
	if password == "" {
		return "", errors.New("standard input holds no password")
	}
	return password, nil
}

// open opens the database for the commands that work beside a server, with the services they need. close must follow.
func (p *program) open() (graph *services.Services, close func(), err error) {
	db, err := openDatabase(p.ctx, p.config)
	if err != nil {
		return nil, nil, err
	}
	if err = p.config.loadSecretKey(); err == nil {
		graph, err = services.New(services.Dependencies{
			DB:           db,
			Clock:        models.Now,
			SecretKey:    p.config.SecretKey,
			SecretBox:    p.config.secretBox(),
			PasswordCost: p.config.PasswordCost.Params,
		})
	}
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	return graph, func() { graph.Close(); db.Close() }, nil
}
