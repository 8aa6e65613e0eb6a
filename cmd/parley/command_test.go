package main

import (
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"parley/services"
)

func TestSeed_twice(t *testing.T) {
	check := func(t *testing.T, w *world) {
		again := w.seed()
		if again.EmbedToken == w.seeded.EmbedToken || !strings.HasPrefix(again.EmbedToken, "ew_") {
			t.Errorf("the embed token of a second run is %s", again.EmbedToken[:3])
		}
		again.EmbedToken = w.seeded.EmbedToken
		if again != w.seeded {
			t.Error("a second run prints something else")
		}
		for _, table := range []string{"organizations", "bots"} {
			if n := w.count("SELECT COUNT(*) FROM " + table); n != 1 {
				t.Errorf("there are %d %s", n, table)
			}
		}
		if n := w.count("SELECT COUNT(*) FROM users"); n != 2 {
			t.Errorf("there are %d users", n)
		}
		out, err := w.command("", "seed")
		if err != nil || !strings.Contains(out, w.seeded.Agent.Email) {
			t.Errorf("seed without --json prints %d bytes, %v", len(out), err)
		}
	}
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); check(t, newWorld(t, sqliteEnv(t), 0)) })
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, postgresEnv(t), 2) // while serve runs
		check(t, w)
		w.login(0, w.seeded.Agent)
		readVisit(t, w.browser(1).get("/chat-widget?embed_token="+w.seed().EmbedToken))
	})
}

func TestOrgCreate_refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t), 0)
	create := func(stdin string, args ...string) (string, error) {
		return w.command(stdin, append([]string{"org", "create"}, args...)...)
	}
	all := []string{"--name", "Acme", "--admin-email", "a@acme.example", "--admin-name", "Ada", "--password-stdin"}
	for stdin, args := range map[string][]string{
		"":              all,
		"short\n":       all,
		"long enough 1": {"--name", "Acme", "--admin-email", "a@acme.example", "--admin-name", "Ada"},
		"long enough 2": {"--name", "Acme", "--admin-name", "Ada", "--password-stdin"},
		"long enough 3": {"--name", " ", "--admin-email", "a@acme.example", "--admin-name", "Ada", "--password-stdin"},
		"long enough 4": {"--name", "Acme", "--admin-email", "no address", "--admin-name", "Ada", "--password-stdin"},
		"long enough 5": {"--name", "Acme", "--admin-email", w.seeded.Admin.Email, "--admin-name", "Ada",
			"--password-stdin"},
		"\xff\xff\xff\n": {"--name", "Acme\x00", "--admin-email", "a@acme.example", "--admin-name", "Ada",
			"--password-stdin"},
	} {
		if out, err := create(stdin, args...); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("org create %q is answered %q, %v", args, out, err)
		}
	}
	if n := w.count("SELECT COUNT(*) FROM organizations"); n != 1 {
		t.Errorf("there are %d organizations", n)
	}
	if _, err := create("long enough 6\n", all...); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.login(0, services.Credentials{Email: "a@acme.example", Password: "long enough 6"})
}

func TestMigrate(t *testing.T) {
	check := func(t *testing.T, env map[string]string) {
		w := &world{t: t, env: env}
		status := func(want string) {
			t.Helper()
			out, err := w.command("", "migrate", "status")
			if err != nil || !strings.Contains(out, want+"  0001_") || strings.Contains(out, "\x00") {
				t.Errorf("migrate status prints %q, %v; want %s", out, err, want)
			}
		}
		status("pending")
		if out, err := w.command("", "migrate", "up"); err != nil || strings.Contains(out, "pending") {
			t.Errorf("migrate up prints %q, %v", out, err)
		}
		status("applied")
		if _, err := w.command("", "migrate", "up"); err != nil {
			t.Errorf("migrate up again: %v", err)
		}
		for strings.Contains(first(w.command("", "migrate", "status")), "applied") {
			if _, err := w.command("", "migrate", "down"); err != nil {
				t.Fatalf("migrate down: %v", err)
			}
		}
		w.seed() // migrates by itself
		status("applied")
	}
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); check(t, sqliteEnv(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); check(t, postgresEnv(t)) })
}

func first(text string, _ error) string { return text }

func TestVersionAndHelp(t *testing.T) {
	t.Parallel()
	w := &world{t: t, env: sqliteEnv(t)}
	if out, err := w.command("", "version"); err != nil || !strings.HasPrefix(out, "parley ") {
		t.Errorf("version prints %q, %v", out, err)
	}
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"migrate", "--help"}, {"org", "create", "--help"},
		{"seed", "--help"}} {
		if out, err := w.command("", args...); err != nil || !strings.Contains(out, "Usage: parley") {
			t.Errorf("%v prints %q, %v", args, out, err)
		}
	}
	for _, args := range [][]string{{"nonsense"}, {"serve", "--nonsense"}, {"org", "create"}, {"migrate", "sideways"}} {
		if _, err := w.command("", args...); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
}

func TestConfig_invalidValueIsOneLine(t *testing.T) {
	t.Parallel()
	for variable, values := range map[string][]string{
		"ADDR": {"nonsense", "127.0.0.1", "127.0.0.1:99999", "256.0.0.1:80"},
		"BASE_URL": {"nonsense", "ftp://x", "https://", "https://x/path", "https://u:p@x", "https://x:0",
			"https://x:99999", "https://x:", "https://x?", "https://x#y", "https://[fe80::1%25eth0]", "https://a b", "https://a_b%"},
		"DATABASE_URL": {"nonsense", "mysql://x/y", "postgres://127.0.0.1:notaport/x"},
		"REDIS_URL": {"nonsense", "http://x", "redis://", "redis://127.0.0.1:1/0",
			"redis://127.0.0.1:6379/notanumber"},
		"SECRET_KEY":        {"nonsense", "c2hvcnQ="},
		"SECRET_KEY_OLD":    {"nonsense", "c2hvcnQ=", testSecret + ",", testSecret + "," + "c2hvcnQ="},
		"SMTP_URL":          {"nonsense", "http://x", "smtp://", "smtp://x:99999", "smtp://x/path"},
		"MAIL_FROM":         {"", "nonsense", "a@b.example, c@d.example"},
		"WIDGET_RATE_LIMIT": {"nonsense", "10", "0/10s", "-1/10s", "10/10", "10/-1s", "ten/10s"},
		"ADDRESS_LIMITS": {"nonsense", "pages", "pages=", "pages=0/60s", "pages=600", "pages=600/60s,", "=5", "Pages=1/1s",
			"sockets=0", "sockets=-1", "sockets=1e3", "sockets=10/10s", "sockets=9999999", "sockets=5,sockets=5",
			"pages=1/1s,other=2", "conversations=1/1s;sockets=5", "conversations=1/48h", "pages=1/1s,,sockets=5"},
		"TRUSTED_PROXIES":     {"nonsense", "10.0.0.0/33", "10.0.0.0/8,x", "::ffff:10.0.0.0/95", ","},
		"LOG_LEVEL":           {"nonsense"},
		"LOG_FORMAT":          {"xml"},
		"PASSWORD_COST":       {"nonsense", "1,1", "64,0"},
		"SOCKET_QUEUE_BUDGET": {"nonsense", "0", "-1", "1024", "16MB", "99999999999999999999"},
		"DATA_DIR":            {"/dev/null/x"},
	} {
		for _, value := range values {
			settings := []string{variable + "=" + value}
			if variable == "MAIL_FROM" {
				settings = append(settings, "SMTP_URL=smtp://mail.example")
			}
			if variable == "DATABASE_URL" {
				settings = append(settings, "SECRET_KEY="+testSecret)
			}
			w := &world{t: t, env: sqliteEnv(t, settings...)}
			_, err := w.command("", "serve")
			if err == nil {
				t.Errorf("%s=%s is accepted", variable, value)
			} else if !strings.Contains(err.Error(), variable) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s=%s is answered: %v", variable, value, err)
			}
		}
	}
	w := &world{t: t, env: sqliteEnv(t, "DATABASE_URL=postgres://127.0.0.1/x")}
	if _, err := w.command("", "serve"); err == nil || !strings.HasPrefix(err.Error(), "SECRET_KEY") {
		t.Errorf("DATABASE_URL without SECRET_KEY is answered: %v", err)
	}
}

func TestSetup_onceWithTheToken(t *testing.T) {
	each := func(t *testing.T, w *world) {
		w.start()
		w.openDB()
		b := w.browser(0)
		if to := b.get("/").status(t, 303).Header.Get("Location"); to != "/setup" {
			t.Errorf("/ leads to %s", to)
		}
		b.get("/setup").status(t, 200)
		fields := []string{"organization_name", "Acme", "name", "Ada", "email", "ada@acme.example", "password",
			secrets.add("a good password")}
		b.form("/setup", append(fields, "setup_token", "guess")...).status(t, 403)
		a := b.form("/setup", append(fields, "setup_token", "guess", "organization_name", " ", "name", "", "email", "ada",
			"password", "short")...).status(t, 403)
		for _, field := range []string{"setup_token", "organization_name", "name", "email", "password"} {
			if !strings.Contains(a.body, `id="`+field+`-error"`) {
				t.Errorf("the form does not say what is wrong with %s", field)
			}
		}
		if !strings.Contains(a.body, "Copy it from the output of the server") {
			t.Error("the form does not say where to find the setup token")
		}
		b.form("/setup", fields...).status(t, 403)
		token := w.setupToken(t)
		a = b.form("/setup", append(fields, "setup_token", token, "password", "short")...).status(t, 400)
		for _, want := range []string{"at least 10 characters", `value="Acme"`, `value="Ada"`, `value="ada@acme.example"`,
			`value="` + token + `"`, "Enter it again."} {
			if !strings.Contains(a.body, want) {
				t.Errorf("the form that comes back lacks %s: %.1500s", want, a.body)
			}
		}
		for _, wrong := range [][]string{{"email", "nonsense"}, {"name", " "}, {"organization_name", ""},
			{"organization_name", "a\x00"}} {
			b.form("/setup", append(append(fields, "setup_token", token), wrong...)...).status(t, 400)
		}
		if n := w.count("SELECT COUNT(*) FROM organizations"); n != 0 {
			t.Fatalf("a refused form made %d organizations", n)
		}
		without := b.csrf
		b.csrf = ""
		b.form("/setup", append(fields, "setup_token", token)...).status(t, 403)
		b.csrf = without
		a = b.form("/setup", append(fields, "setup_token", token)...).status(t, http.StatusSeeOther)
		if to := a.Header.Get("Location"); to != "/welcome" {
			t.Errorf("setup leads to %s", to)
		}
		b.get("/inbox").status(t, 200)
		stranger := w.browser(0)
		if to := stranger.get("/setup").status(t, 303).Header.Get("Location"); to != "/auth/login" {
			t.Errorf("a second /setup leads to %s", to)
		}
		stranger.get("/auth/login")
		stranger.form("/setup", append(fields, "setup_token", token, "email", "eve@acme.example")...).status(t, 303)
		if n := w.count("SELECT COUNT(*) FROM users WHERE role = 'owner'"); n != 1 {
			t.Errorf("there are %d owners", n)
		}
		if to := stranger.get("/").status(t, 303).Header.Get("Location"); to != "/inbox" {
			t.Errorf("/ leads to %s", to)
		}
	}
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); each(t, &world{t: t, env: sqliteEnv(t)}) })
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		each(t, &world{
			t:   t,
			env: postgresEnv(t),
		})
	})
}

// setupToken reads what the server prints for the person who installs it: where to go, and the token.
func (w *world) setupToken(t *testing.T) string {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < patience; runtime.Gosched() {
		printed := w.nodes[0].printed.String()
		_, token, found := strings.Cut(printed, "Setup token: ")
		if !found || !strings.Contains(token, "\n") {
			continue
		}
		if !strings.Contains(printed, " "+w.nodes[0].url+"/setup\n") {
			t.Errorf("it does not say where to go: %q", printed)
		}
		return secrets.add(strings.Fields(token)[0]) // no log holds it
	}
	t.Fatal("no setup token is printed")
	return ""
}

func TestDemo(t *testing.T) {
	t.Parallel()
	w := &world{t: t, env: sqliteEnv(t)}
	w.start("--demo")
	page := w.browser(0).get("/demo").status(t, 200)
	for _, want := range []string{"/chat-widget/embed.js", `data-embed-token="ew_`, "agent@demo.parley.example"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("/demo does not hold %s", want)
		}
	}
	_, token, _ := strings.Cut(page.body, `data-embed-token="`)
	token, _, _ = strings.Cut(token, `"`)
	readVisit(t, w.browser(0).get("/chat-widget?embed_token="+secrets.add(token)).status(t, 200))
	if to := w.browser(0).get("/").status(t, 303).Header.Get("Location"); to != "/inbox" {
		t.Errorf("/ leads to %s", to)
	}
}

func TestUserPassword_letsSomebodyInAgain(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, w *world) {
		agent := services.Credentials{
			Email:    w.seeded.Agent.Email,
			Password: secrets.add("a password after a reset"),
		}
		for _, args := range [][]string{{"--email", "nobody@demo.parley.example", "--password-stdin"},
			{"--email", agent.Email}, {"--password-stdin"}} {
			if out, err := w.command(agent.Password+"\n",
				append([]string{"user", "password"}, args...)...); err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("user password %q is answered %q, %v", args, out, err)
			}
		}
		if out, err := w.command("short\n", "user", "password", "--email", agent.Email,
			"--password-stdin"); err == nil {
			t.Errorf("a short password is answered %q", out)
		}
		if out, err := w.command(agent.Password+"\n", "user", "password", "--email", agent.Email, "--password-stdin",
			"--without-second-factor"); err != nil || out != "Password changed.\n" {
			t.Fatalf("%q, %v", out, err)
		}
		if len(w.nodes) == 0 {
			w.start()
		}
		w.login(0, agent)
		if !w.postgres() {
			return // the server owns the database now
		}
		// Terminals and browsers compose letters and write addresses differently.
		agent.Password = secrets.add("Schlüssel für später")
		if out, err := w.command(norm.NFD.String(agent.Password)+"\r\n", "user", "password", "--email",
			" "+strings.ToUpper(agent.Email), "--password-stdin"); err != nil || out != "Password changed.\n" {
			t.Fatalf("%q, %v", out, err)
		}
		w.login(0, agent)
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); check(t, newWorld(t, sqliteEnv(t), 0)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); check(t, newWorld(t, postgresEnv(t), 1)) })
}
