package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/alexedwards/argon2id"
	"github.com/caarlos0/env/v11"

	"parley/services"
)

// Config is every setting: its variable, its default.
type Config struct {
	Addr            string       `env:"ADDR" envDefault:":8080"`
	BaseURL         string       `env:"BASE_URL"`
	DataDir         string       `env:"DATA_DIR" envDefault:"./data"`
	DatabaseURL     string       `env:"DATABASE_URL"`
	RedisURL        string       `env:"REDIS_URL"`
	SecretKey       secretKey    `env:"SECRET_KEY"`
	SecretKeyOld    secretKeys   `env:"SECRET_KEY_OLD"`
	SMTPURL         string       `env:"SMTP_URL"`
	MailFrom        string       `env:"MAIL_FROM"`
	WidgetRateLimit rate         `env:"WIDGET_RATE_LIMIT" envDefault:"10/10s"`
	TrustedProxies  prefixes     `env:"TRUSTED_PROXIES"`
	LogLevel        slog.Level   `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat       string       `env:"LOG_FORMAT" envDefault:"text"`
	PasswordCost    passwordCost `env:"PASSWORD_COST" envDefault:"19456,2"`
}

// LoadConfig reads the settings from getenv. The error is one line that names the variable.
func LoadConfig(getenv func(string) string) (Config, error) {
	var config Config
	environment := map[string]string{}
	for _, name := range settings {
		if value := getenv(name); value != "" {
			environment[name] = value
		}
	}
	if err := env.ParseWithOptions(&config, env.Options{Environment: environment}); err != nil {
		return config, invalidVariable(err)
	}
	return config, config.check()
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
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return fmt.Errorf("ADDR: must be a host and port like 127.0.0.1:8080 or :8080")
	}
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" ||
			strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			return fmt.Errorf("BASE_URL: must be a URL like https://chat.example.com, without a path")
		}
		c.BaseURL = u.Scheme + "://" + u.Host
	}
	if c.DatabaseURL != "" {
		if u, err := url.Parse(c.DatabaseURL); err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
			return fmt.Errorf("DATABASE_URL: must be a URL like postgres://user:password@host:5432/parley")
		}
		if c.SecretKey == nil {
			return fmt.Errorf("SECRET_KEY: is required with DATABASE_URL; make one with: openssl rand -base64 32")
		}
	}
	if c.RedisURL != "" {
		if u, err := url.Parse(c.RedisURL); err != nil || (u.Scheme != "redis" && u.Scheme != "rediss") ||
			u.Host == "" {
			return fmt.Errorf("REDIS_URL: must be a URL like redis://host:6379/0")
		}
	}
	if err := c.checkMail(); err != nil {
		return err
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		return fmt.Errorf("LOG_FORMAT: must be text or json")
	}
	return nil
}

func (c *Config) checkMail() error {
	if c.SMTPURL == "" && c.MailFrom == "" {
		return nil
	}
	if c.SMTPURL == "" {
		return fmt.Errorf("SMTP_URL: is required with MAIL_FROM")
	}
	if _, err := services.NewSMTP(c.SMTPURL, c.MailFrom); err != nil {
		return fmt.Errorf("SMTP_URL: %w", err)
	}
	if !services.ValidSender(c.MailFrom) {
		return fmt.Errorf("MAIL_FROM: must be an address like Parley <parley@example.com>, and is required with " +
			"SMTP_URL")
	}
	return nil
}

// mailer sends mail, if SMTP_URL says how.
func (c *Config) mailer() services.Mailer {
	if c.SMTPURL == "" {
		return nil
	}
	mailer, err := services.NewSMTP(c.SMTPURL, c.MailFrom)
	if err != nil {
		panic(err) // checked before
	}
	return mailer
}

// secretBox seals with SECRET_KEY and opens what older keys have sealed.
func (c *Config) secretBox() *services.SecretBox {
	return services.NewSecretBox(slices.Insert([][]byte(c.SecretKeyOld), 0, []byte(c.SecretKey))...)
}

// logger is what LOG_LEVEL and LOG_FORMAT ask for, on standard error: standard output is for results.
func (c *Config) logger() *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// loadSecretKey takes the key from the data directory, or makes one there, when no variable gives it.
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
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("DATA_DIR: %w", err)
	}
	if err := c.SecretKey.UnmarshalText(text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// invalidVariable makes one line of what the env package collects.
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

// secretKey is SECRET_KEY: 32 bytes in base64.
type secretKey []byte

func (k *secretKey) UnmarshalText(text []byte) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		return fmt.Errorf("must be 32 bytes in base64; make one with: openssl rand -base64 32")
	}
	*k = key
	return nil
}

// secretKeys is SECRET_KEY_OLD: keys that came before, separated by commas.
type secretKeys [][]byte

func (k *secretKeys) UnmarshalText(text []byte) error {
	for part := range strings.SplitSeq(string(text), ",") {
		var key secretKey
		if err := key.UnmarshalText([]byte(part)); err != nil {
			return fmt.Errorf("must be keys of 32 bytes in base64, separated by commas")
		}
		*k = append(*k, key)
	}
	return nil
}

// rate is WIDGET_RATE_LIMIT.
type rate struct{ services.Rate }

func (r *rate) UnmarshalText(text []byte) (err error) {
	r.Rate, err = services.ParseRate(string(text))
	return err
}

// prefixes is TRUSTED_PROXIES: CIDRs or addresses, separated by commas.
type prefixes []netip.Prefix

func (p *prefixes) UnmarshalText(text []byte) error {
	for part := range strings.SplitSeq(string(text), ",") {
		part = strings.TrimSpace(part)
		prefix, err := parsePrefix(part)
		if err != nil {
			return fmt.Errorf("must be addresses or CIDRs separated by commas, like 10.0.0.0/8")
		}
		*p = append(*p, prefix)
	}
	return nil
}

// parsePrefix reads a CIDR or an address. IPv4 in IPv6 form, like ::ffff:10.0.0.0/104, becomes IPv4: addresses are
// compared in that form.
func parsePrefix(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		address = address.Unmap().WithZone("")
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil || !prefix.Addr().Is4In6() {
		return prefix.Masked(), err
	}
	return prefix.Addr().Unmap().Prefix(prefix.Bits() - 96)
}

// passwordCost is PASSWORD_COST: the memory of one argon2id hash in KiB, and its iterations.
type passwordCost struct{ argon2id.Params }

func (c *passwordCost) UnmarshalText(text []byte) error {
	c.Params = argon2id.Params{Parallelism: 1, SaltLength: 16, KeyLength: 32}
	if _, err := fmt.Sscanf(string(text), "%d,%d", &c.Memory, &c.Iterations); err != nil || c.Memory < 8 ||
		c.Iterations < 1 {
		return fmt.Errorf("must be KiB of memory and iterations, like 19456,2")
	}
	return nil
}
