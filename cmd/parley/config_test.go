package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"parley/services"
)

// load reads the settings from pairs of a variable and its value.
func load(pairs ...string) (Config, error) {
	environment := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		environment[pairs[i]] = pairs[i+1]
	}
	return LoadConfig(func(name string) string { return environment[name] })
}

func TestConfig_trustedProxiesMayBeWrittenInIPv6Form(t *testing.T) {
	t.Parallel()
	config, err := load("TRUSTED_PROXIES", "10.0.0.9/8, ::ffff:192.0.2.1, ::ffff:172.16.0.0/108 ,2001:DB8::/32,fe80::1%eth0")
	if err != nil {
		t.Fatal(err)
	}
	want := "[10.0.0.0/8 192.0.2.1/32 172.16.0.0/12 2001:db8::/32 fe80::1/128]"
	if got := fmt.Sprint(config.TrustedProxies); got != want {
		t.Errorf("the proxies are %s, want %s", got, want)
	}
}

func TestConfig_addressLimits(t *testing.T) {
	t.Parallel()
	usual := services.DefaultAddressLimits
	few := services.Rate{Count: 5, Window: time.Minute}
	limits := func(pages, conversations services.Rate, sockets int) services.AddressLimits {
		return services.AddressLimits{Pages: pages, Conversations: conversations, Sockets: sockets}
	}
	off := services.Rate{}
	for text, want := range map[string]services.AddressLimits{
		"":                             usual,
		"sockets=7":                    limits(usual.Pages, usual.Conversations, 7),
		"pages=5/60s":                  limits(few, usual.Conversations, usual.Sockets),
		"sockets = off":                limits(usual.Pages, usual.Conversations, 0),
		"pages=off, conversations=off": limits(off, off, usual.Sockets),
		"conversations=5/1m,pages=5/1m ,\nsockets=2\n": limits(few, few, 2),
	} {
		config, err := load("ADDRESS_LIMITS", text)
		if err != nil || config.AddressLimits.AddressLimits != want {
			t.Errorf("%q is %+v, %v", text, config.AddressLimits, err)
		}
	}
	config, err := load("WIDGET_RATE_LIMIT", "off", "ADDRESS_LIMITS", "sockets=7")
	if err != nil || config.AddressLimits.AddressLimits != (services.AddressLimits{}) {
		t.Errorf("with WIDGET_RATE_LIMIT=off the limits are %+v, %v", config.AddressLimits, err)
	}
}

func TestConfig_baseURLIsAnOriginAsBrowsersSendIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://chat.example.com":        "https://chat.example.com",
		"https://chat.example.com/":       "https://chat.example.com",
		"HTTPS://Chat.Example.COM:443":    "https://chat.example.com",
		"http://chat.example.com:80//":    "http://chat.example.com",
		"https://chat.example.com:8443":   "https://chat.example.com:8443",
		"http://localhost:8080":           "http://localhost:8080",
		"https://chät.example":            "https://xn--cht-rla.example",
		"http://[2001:DB8:0:0::1]:8080":   "http://[2001:db8::1]:8080",
		"http://[::1]":                    "http://[::1]",
		" https://chat.example.com \n":    "https://chat.example.com",
		"http://parley_server:8080":       "http://parley_server:8080",
		"https://chat.example.com.":       "https://chat.example.com.",
		"http://127.0.0.1:8080":           "http://127.0.0.1:8080",
		"https://xn--cht-rla.example:443": "https://xn--cht-rla.example",
	} {
		config, err := load("BASE_URL", text)
		if err != nil || config.BaseURL != want {
			t.Errorf("%q is %q, %v", text, config.BaseURL, err)
		}
	}
}

// Every piece of a password that a character cuts in two.
func TestConfig_errorsNameTheWrongPartAndRepeatNothing(t *testing.T) {
	t.Parallel()
	scheme := map[string]string{"DATABASE_URL": "postgres", "REDIS_URL": "redis", "SMTP_URL": "smtp"}
	for rest, want := range map[string]string{
		"user:hush/lock@server.example/1":            "must be written as its code",
		"user:hush?lock@server.example/1":            "must be written as its code",
		"user:hush#lock@server.example/1":            "must be written as its code",
		"user:hush lock@server.example/1":            "must be written as its code",
		"user:hush[lock@server.example/1":            "must be written as its code",
		"user:hush\\lock@server.example/1":           "must be written as its code",
		"user:hush\nlock@server.example/1":           "must be written as its code",
		"user:hushß@server.example/1":                "must be written as its code",
		"user:hush%lock@server.example/1":            "a % must be followed by",
		"user:hush@server.example:port/1":            "the port must be",
		"user:hush@server.example:99999/1":           "the port must be",
		"user:hush@server.example:0/1":               "the port must be",
		"user:hush@server.example:/1":                "the port must be",
		"user:hush/1":                                "the port must be",
		"user:hush@[2001:db8::1/1":                   "IPv6",
		"user:hush@server.example/1#hush":            "must not have a #",
		"user:hush@server.example/ hush":             "must not have spaces",
		"user:hush@server.example/%hush":             "a % must be followed by",
		"user:hush%40lock@server.example/hush@other": "must be written as its code",
	} {
		for variable, name := range scheme {
			wrong(t, want, variable, name+"://"+rest)
		}
	}
	for variable, name := range scheme {
		for _, value := range []string{"user:hush@server.example", name + ":user:hush@server.example", "hush", "//hush",
			name + "//user:hush@server.example"} {
			wrong(t, "must be a URL like "+name+"://", variable, value)
		}
		wrong(t, "the scheme must be "+name, variable, "https://user:hush@server.example/1")
		wrong(t, "the scheme must be "+name, variable, "hush://server.example/1")
		wrong(t, "the scheme must be "+name, variable, strings.ToUpper(name)+"://user:hush@server.example/1")
	}
	wrong(t, "the host is missing", "REDIS_URL", "redis:///hush")
	wrong(t, "the path must be the number", "REDIS_URL", "redis://server.example/hush")
	wrong(t, "the path must be the number", "REDIS_URL", "redis://server.example/-1")
	for _, variable := range settings {
		if variable != "DATA_DIR" && variable != "SECRET_KEY_OLD" { // any text is a folder
			wrong(t, "", variable, "postgres://user:hush/lock@server.example/x")
		}
	}
}

// wrong fails unless a value is refused in one line that names the variable and says what is wrong, and repeats
// nothing.
func wrong(t *testing.T, want, variable, value string) {
	t.Helper()
	pairs := []string{variable, value}
	for name, other := range map[string]string{
		"SECRET_KEY": testSecret,
		"MAIL_FROM":  "parley@example.com",
		"SMTP_URL":   "smtp://mail.example",
	} {
		if name != variable {
			pairs = append(pairs, name, other)
		}
	}
	_, err := load(pairs...)
	if err == nil {
		t.Errorf("%s=%q is accepted", variable, value)
		return
	}
	text := err.Error()
	if !strings.HasPrefix(text, variable+": ") || !strings.Contains(text, want) || strings.Contains(text, "\n") {
		t.Errorf("%s=%q is answered %q, want %q", variable, value, text, want)
	}
	for _, piece := range []string{"hush", "lock", "server.example", "99999"} {
		if strings.Contains(text, piece) {
			t.Errorf("%s=%q is answered %q, which repeats %s", variable, value, text, piece)
		}
	}
}

func TestConfig_saysWhatAVariableRequires(t *testing.T) {
	t.Parallel()
	for variable, test := range map[string]struct{ value, want string }{
		"DATABASE_URL": {"postgres://server.example/parley",
			"SECRET_KEY is required with DATABASE_URL. Make one with: openssl rand -base64 32"},
		"MAIL_FROM": {"parley@example.com", "SMTP_URL is required with MAIL_FROM"},
		"SMTP_URL": {"smtp://server.example",
			"MAIL_FROM is required with SMTP_URL. Set an address like Parley <parley@example.com>"},
	} {
		if _, err := load(variable, test.value); err == nil || err.Error() != test.want {
			t.Errorf("%s alone is answered %v, not %s", variable, err, test.want)
		}
	}
}

func TestConfig_acceptsURLs(t *testing.T) {
	t.Parallel()
	for variable, values := range map[string][]string{
		"DATABASE_URL": {"postgres://user:p%40ss%2Fword@server.example:5432/parley?sslmode=disable", "postgresql:///parley",
			"postgres://server.example", "postgres://[2001:db8::1]:5432/parley", "postgres://a.example:1,b.example:2/parley",
			"postgres://user:a@b@server.example/parley", "postgres:///parley?host=/var/run/postgresql",
			"postgres://u:a!$&'()*+,;=-._~@server.example/x", "\n postgres://server.example/parley \n",
			`"postgres://server.example/parley"`},
		"REDIS_URL": {"redis://127.0.0.1:6379/0", "rediss://user:p%40ss@server.example", "redis://:pass@server.example:6379/",
			"redis://[::1]:6379/3", "'redis://server.example'"},
		"SMTP_URL": {"smtp://user:p%40ss@server.example:587", "smtps://server.example", "smtp://127.0.0.1:25/"},
	} {
		for _, value := range values {
			config, err := load(variable, value, "SECRET_KEY", testSecret, "MAIL_FROM", "parley@example.com", "SMTP_URL",
				map[bool]string{
					true:  value,
					false: "smtp://server.example",
				}[variable == "SMTP_URL"])
			if err != nil {
				t.Errorf("%s=%q: %v", variable, value, err)
			}
			if config.DatabaseURL != strings.Trim(config.DatabaseURL, " \n\"'") {
				t.Errorf("%s=%q is read as %q", variable, value, config.DatabaseURL)
			}
		}
	}
}

// A server that is not there, or that refuses: the reason, and nothing of the URL.
func TestServe_saysWhyAServerCannotBeUsed(t *testing.T) {
	t.Parallel()
	closed := freeAddress(t)
	rude := redisThatRepeats(t)
	for _, test := range []struct{ variable, value, want string }{
		{"DATABASE_URL", "postgres://user:hush@" + closed + "/x", "PostgreSQL does not answer: connection refused"},
		{"DATABASE_URL", "postgres://user:hush@nowhere.invalid/x", "PostgreSQL does not answer: its host name"},
		{"DATABASE_URL", "postgres://user:hush@" + closed + "/x?sslmode=hush", "a parameter after the ? is not valid"},
		{"REDIS_URL", "redis://user:hush@" + closed, "Redis does not answer: connection refused"},
		{"REDIS_URL", "redis://user:hush@nowhere.invalid", "Redis does not answer: its host name"},
		{"REDIS_URL", "redis://user:hush@" + rude, "Redis does not answer: it refuses the user name"},
		{"REDIS_URL", "redis://user:hush@" + closed + "?dial_timeout=hush", "a parameter after the ? is not valid"},
	} {
		w := &world{t: t, env: sqliteEnv(t, test.variable+"="+test.value, "SECRET_KEY="+testSecret)}
		_, err := w.command("", "serve")
		if err == nil || !strings.HasPrefix(err.Error(), test.variable+": ") || !strings.Contains(err.Error(), test.want) ||
			strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s is answered %v, want %s", test.variable, err, test.want)
		}
	}
}

func TestServe_saysHowToListenElsewhere(t *testing.T) {
	t.Parallel()
	taken := redisThatRepeats(t)
	w := &world{t: t, env: sqliteEnv(t, "ADDR="+taken)}
	want := "cannot listen on " + taken + ": address already in use. Set ADDR to another address, such as " +
		"ADDR=127.0.0.1:8090"
	if _, err := w.command("", "serve"); err == nil || err.Error() != want {
		t.Errorf("it says %v, not %s", err, want)
	}
}

// redisThatRepeats answers every command with what was sent, as old servers do with commands they do not know.
func redisThatRepeats(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				sent := make([]byte, 4096)
				for {
					n, err := conn.Read(sent)
					if err != nil {
						return
					}
					words := strings.Join(strings.Fields(string(sent[:n])), " ")
					fmt.Fprintf(conn, "-ERR unknown command, with args beginning with: %s\r\n", words)
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func TestServe_aDemoListensOnThisMachineUnlessADDRSaysOtherwise(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		demo       bool
		addr, want string
	}{
		{true, "", "127.0.0.1:8080"},
		{true, ":8080", ":8080"},
		{true, "0.0.0.0:9000", "0.0.0.0:9000"},
		{false, "", ":8080"},
	} {
		config, err := load("ADDR", test.addr)
		if err != nil {
			t.Fatal(err)
		}
		command := serveCommand{Demo: test.demo}
		if got := command.addr(config); got != test.want {
			t.Errorf("with --demo=%v and ADDR=%q it listens on %s, want %s", test.demo, test.addr, got, test.want)
		}
	}
}
