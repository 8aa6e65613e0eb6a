package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"

	"parley/services"
)

// Config has every setting, with its environment variable and default.
type Config struct {
	Addr              string          `env:"ADDR" envDefault:":8080"`
	BaseURL           string          `env:"BASE_URL"`
	DataDir           string          `env:"DATA_DIR" envDefault:"./data"`
	DatabaseURL       string          `env:"DATABASE_URL"`
	RedisURL          string          `env:"REDIS_URL"`
	SecretKey         secretKey       `env:"SECRET_KEY"`
	SecretKeyOld      secretKeys      `env:"SECRET_KEY_OLD"`
	SMTPURL           string          `env:"SMTP_URL"`
	MailFrom          string          `env:"MAIL_FROM"`
	WidgetRateLimit   rate            `env:"WIDGET_RATE_LIMIT" envDefault:"10/10s"`
	AddressLimits     addressLimits   `env:"ADDRESS_LIMITS" envDefault:"pages=600/60s,conversations=120/60s,sockets=1000"`
	TrustedProxies    prefixes        `env:"TRUSTED_PROXIES"`
	MaxConnections    connectionCount `env:"MAX_CONNECTIONS"`
	SocketQueueBudget queueBudget     `env:"SOCKET_QUEUE_BUDGET" envDefault:"16777216"`
	LogLevel          logLevel        `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat         string          `env:"LOG_FORMAT" envDefault:"text"`
	PasswordCost      passwordCost    `env:"PASSWORD_COST" envDefault:"19456,2"`

	addrGiven bool // ADDR is set
}

// LoadConfig reads the settings from getenv. Its error is one line that names the variable and what is wrong with it,
// but never repeats a value: several hold passwords.
func LoadConfig(getenv func(string) string) (Config, error) {
	var config Config
	environment := map[string]string{}
	for _, name := range settings {
		if value := trimValue(getenv(name)); value != "" {
			environment[name] = value
		}
	}
	if err := env.ParseWithOptions(&config, env.Options{Environment: environment}); err != nil {
		return config, invalidVariable(err)
	}
	config.addrGiven = environment["ADDR"] != ""
	return config, config.check()
}

// trimValue removes what files and shells leave around a value: spaces, a newline at the end, a pair of quotes.
func trimValue(value string) string {
	value = strings.TrimSpace(value)
	if n := len(value); n >= 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
		value = strings.TrimSpace(value[1 : n-1])
	}
	return value
}

// settings are the names of Config's variables.
var settings = func() (names []string) {
	params, err := env.GetFieldParams(&Config{})
	if err != nil {
		panic(err) // a tag in this file is wrong
	}
	for _, param := range params {
		names = append(names, param.Key)
	}
	return names
}()

func (c *Config) check() error {
	_, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return fmt.Errorf("ADDR: must be a host and port like 127.0.0.1:8080 or :8080")
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("ADDR: the port must be a number from 0 to 65535")
	}
	if c.BaseURL != "" {
		origin, err := publicOrigin(c.BaseURL)
		if err != nil {
			return fmt.Errorf("BASE_URL: %w", err)
		}
		c.BaseURL = origin
	}
	if c.DatabaseURL != "" {
		_, err := serverURL(c.DatabaseURL, "postgres://user:password@host:5432/parley", "postgres", "postgresql")
		if err != nil {
			return fmt.Errorf("DATABASE_URL: %w", err)
		}
		if c.SecretKey == nil {
			return fmt.Errorf("SECRET_KEY is required with DATABASE_URL. Make one with: openssl rand -base64 32")
		}
	}
	if c.RedisURL != "" {
		u, err := serverURL(c.RedisURL, "redis://host:6379/0", "redis", "rediss")
		if err != nil {
			return fmt.Errorf("REDIS_URL: %w", err)
		}
		if number, err := strconv.Atoi(strings.Trim(u.Path, "/")); u.Hostname() == "" {
			return fmt.Errorf("REDIS_URL: the host is missing")
		} else if strings.Trim(u.Path, "/") != "" && (err != nil || number < 0) {
			return fmt.Errorf("REDIS_URL: the path must be the number of a database")
		}
	}
	if err := c.checkMail(); err != nil {
		return err
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		return fmt.Errorf("LOG_FORMAT: must be text or json")
	}
	if c.WidgetRateLimit.Off() {
		c.AddressLimits = addressLimits{}
	}
	return nil
}

func (c *Config) checkMail() error {
	if c.SMTPURL == "" && c.MailFrom == "" {
		return nil
	}
	if c.SMTPURL == "" {
		return fmt.Errorf("SMTP_URL is required with MAIL_FROM")
	}
	if c.MailFrom == "" {
		return fmt.Errorf("MAIL_FROM is required with SMTP_URL. Set an address like Parley <parley@example.com>")
	}
	_, err := serverURL(c.SMTPURL, "smtp://user:password@host:587", "smtp", "smtps")
	if err == nil {
		_, err = services.NewSMTP(c.SMTPURL, c.MailFrom)
	}
	if err != nil {
		return fmt.Errorf("SMTP_URL: %w", err)
	}
	if !services.ValidSender(c.MailFrom) {
		return fmt.Errorf("MAIL_FROM: must be an address like Parley <parley@example.com>")
	}
	return nil
}

// mailer returns a mailer for SMTP_URL, or nil without one.
func (c *Config) mailer() services.Mailer {
	if c.SMTPURL == "" {
		return nil
	}
	mailer, err := services.NewSMTP(c.SMTPURL, c.MailFrom)
	if err != nil {
		panic(err) // checkMail has accepted the same values
	}
	return mailer
}

// secretBox encrypts with SECRET_KEY, and decrypts with it or a key in SECRET_KEY_OLD.
func (c *Config) secretBox() *services.SecretBox {
	return services.NewSecretBox(slices.Insert([][]byte(c.SecretKeyOld), 0, []byte(c.SecretKey))...)
}

// logger returns the logger that LOG_LEVEL and LOG_FORMAT describe. It writes to standard error, because standard
// output is for the results of commands.
func (c *Config) logger() *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel.Level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// loadSecretKey reads the key from the data directory if SECRET_KEY is not set. If there is none, it creates one there.
func (c *Config) loadSecretKey() error {
	if c.SecretKey != nil {
		return nil
	}
	path := filepath.Join(c.DataDir, "secret_key")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		key := make([]byte, 32)
		rand.Read(key)
		text = []byte(base64.StdEncoding.EncodeToString(key) + "\n")
		err = writeDurably(path, text)
	}
	if err != nil {
		return fmt.Errorf("DATA_DIR: %w", err)
	}
	if err := c.SecretKey.UnmarshalText(text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// writeDurably writes a new file that survives a loss of power: what is encrypted with a lost key is lost too.
func writeDurably(path string, text []byte) error {
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	_ = folder.Sync() // some systems cannot
	return nil
}

// invalidVariable turns the errors of the env package into one line about the first wrong variable.
func invalidVariable(err error) error {
	var all env.AggregateError
	if errors.As(err, &all) && len(all.Errors) > 0 {
		err = all.Errors[0]
	}
	var field env.ParseError
	if errors.As(err, &field) {
		if where, ok := reflect.TypeFor[Config]().FieldByName(field.Name); ok {
			return fmt.Errorf("%s: %w", where.Tag.Get("env"), field.Err)
		}
	}
	return err
}
