// Parley is a self-hosted customer chat: a widget for any web page or app, an inbox for agents, and bots that answer
// until an agent does.
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

// commands are the commands of the command line.
type commands struct {
	Serve   serveCommand   `cmd:"" default:"withargs" help:"Start the server. This is the default command."`
	Migrate migrateCommand `cmd:"" help:"Update the database schema, undo the last update, or show its state."`
	Org     orgCommand     `cmd:"" help:"Create an organization."`
	Seed    seedCommand    `cmd:"" help:"Create or reset a demo organization, and print its logins and a new embed token."`
	User    userCommand    `cmd:"" help:"Reset the password of a person who cannot log in."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// program is the environment in which a command runs.
type program struct {
	ctx    context.Context
	config Config
	stdin  io.Reader
	stdout io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process immediately
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "parley:", err)
		os.Exit(1)
	}
}

// run is the program without the process around it, for tests.
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
	if helped { // the help was printed; a missing argument does not matter
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

// password reads a password from standard input, where other processes cannot see it, unlike an argument.
func (p *program) password() (string, error) {
	input, err := io.ReadAll(io.LimitReader(p.stdin, 4096))
	if err != nil {
		return "", err
	}
	password := strings.TrimRight(string(input), "\r\n")
	if password == "" {
		return "", errors.New("no password on standard input: pipe it to the command")
	}
	return password, nil
}

// open opens the database and the services for a command. The caller must call close.
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
