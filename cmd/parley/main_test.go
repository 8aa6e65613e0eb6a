package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/glebarez/go-sqlite" // the driver "sqlite"
	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"parley/models/modelstest"
	"parley/services"
)

// patience is how long a test waits for what must happen: long, because nothing waits that long when all is well.
const patience = 20 * time.Second

// What no log may ever hold. Every external id and message text of these tests has its mark in it.
var (
	run1       = uuid.NewString()[:8]
	xidMark    = "xid-" + run1
	textMark   = "text-" + run1
	secrets    = &secretList{}
	logged     = &lockedBuffer{}
	testSecret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

type secretList struct {
	mu   sync.Mutex
	list []string
}

// add notes a password, token or cookie.
func (s *secretList) add(secret string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(secret) >= 8 {
		s.list = append(s.list, secret)
	}
	return secret
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestMain keeps what every test's program logs, and looks through it at the end: for panics and failures that no test
// saw, and for what no log may hold.
func TestMain(m *testing.M) {
	if os.Getenv("PARLEY_TEST_PROGRAM") != "" { // a test runs this binary as the program, in a process of its own
		main()
		return
	}
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	real := os.Stderr
	os.Stderr = w
	read := make(chan struct{})
	go func() {
		defer close(read)
		io.Copy(logged, r)
	}()
	code := m.Run()
	w.Close()
	<-read
	os.Stderr = real
	problems := logProblems(logged.String())
	for _, problem := range problems {
		fmt.Println("log:", problem)
	}
	if len(problems) > 0 && code == 0 {
		code = 1
	}
	if path := os.Getenv("TEST_LOG"); path != "" {
		os.WriteFile(path, []byte(logged.String()), 0o600)
	}
	os.Exit(code)
}

func logProblems(log string) (problems []string) {
	secrets.add(xidMark)
	secrets.add(textMark)
	secrets.add(testSecret)
	for line := range strings.SplitSeq(log, "\n") {
		for _, failure := range []string{"msg=panic", `msg="request failed"`, `msg="event failed"`,
			`msg="store messages"`, "goroutine "} {
			if strings.Contains(line, failure) {
				problems = append(problems, "a failure: "+line)
			}
		}
		for _, secret := range secrets.list {
			if strings.Contains(line, secret) {
				problems = append(problems, "a secret: "+line)
				break
			}
		}
	}
	return problems
}

// node is one running program.
type node struct {
	url     string
	end     context.CancelFunc
	done    chan error
	printed lockedBuffer // after the URL
}

// stop ends a node as SIGTERM does.
func (n *node) stop(t testing.TB) {
	t.Helper()
	n.end()
	select {
	case err := <-n.done:
		n.done <- err
		if err != nil {
			t.Errorf("run returned %v", err)
		}
	case <-time.After(shutdownTimeout + patience):
		t.Error("the program does not end")
	}
}

// world is an installation with a demo organization, and one node or more.
type world struct {
	t      testing.TB
	env    map[string]string
	nodes  []*node
	seeded services.Seeded
	db     *sql.DB
}

// each runs test on SQLite with one node, and on PostgreSQL and Redis with two. settings are NAME=value.
func each(t *testing.T, test func(t *testing.T, w *world), settings ...string) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, sqliteEnv(t, settings...), 1))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, postgresEnv(t, settings...), 2))
	})
}

func sqliteEnv(t testing.TB, settings ...string) map[string]string {
	return environment(append([]string{"DATA_DIR=" + t.TempDir()}, settings...))
}

// postgresEnv makes a database that lives as long as the test, and takes a logical database of Redis for it.
func postgresEnv(t testing.TB, settings ...string) map[string]string {
	t.Helper()
	server, redisURL := modelstest.ServerURL(t, "TEST_DATABASE_URL"), modelstest.ServerURL(t, "TEST_REDIS_URL")
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := "parley_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := admin.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		admin.Close()
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return environment(append([]string{"DATA_DIR=" + t.TempDir(), "DATABASE_URL=" + u.String(), "REDIS_URL=" + redisURL,
		"SECRET_KEY=" + testSecret}, settings...))
}

func environment(settings []string) map[string]string {
	env := map[string]string{
		"ADDR":          "127.0.0.1:0",
		"PASSWORD_COST": "64,1",
		"LOG_LEVEL":     "debug",
		// the tests that run at once share one address, and those on PostgreSQL one Redis
		"ADDRESS_LIMITS": "pages=1000000/60s,conversations=1000000/60s,sockets=100000",
	}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		env[name] = value
	}
	return env
}

// newWorld seeds and starts nodes.
func newWorld(t testing.TB, env map[string]string, nodes int) *world {
	t.Helper()
	w := &world{t: t, env: env}
	w.seeded = w.seed()
	for range nodes {
		w.start()
	}
	w.openDB()
	return w
}

func (w *world) getenv(name string) string { return w.env[name] }

// command runs a subcommand and returns what it printed.
func (w *world) command(stdin string, args ...string) (string, error) {
	var out bytes.Buffer
	err := run(context.Background(), args, w.getenv, strings.NewReader(stdin), &out)
	return out.String(), err
}

func (w *world) seed(args ...string) (seeded services.Seeded) {
	w.t.Helper()
	out, err := w.command("", append([]string{"seed", "--json"}, args...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &seeded); err != nil {
		w.t.Fatalf("the last line of seed --json is %q: %v", lines[len(lines)-1], err)
	}
	secrets.add(seeded.Admin.Password)
	secrets.add(seeded.Agent.Password)
	secrets.add(seeded.EmbedToken)
	return seeded
}

// start runs one more node and waits until it says where it listens.
func (w *world) start(args ...string) *node {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	n := &node{end: cancel, done: make(chan error, 1)}
	r, out := io.Pipe()
	go func() {
		err := run(ctx, append([]string{"serve"}, args...), w.getenv, strings.NewReader(""), out)
		out.CloseWithError(io.EOF)
		n.done <- err
	}()
	printed := bufio.NewScanner(r)
	for printed.Scan() {
		if _, at, ok := strings.Cut(printed.Text(), "running at "); ok {
			w.t.Cleanup(func() { n.stop(w.t) })
			n.url = at
			go io.Copy(&n.printed, r)
			w.nodes = append(w.nodes, n)
			return n
		}
	}
	w.t.Fatalf("serve did not start: %v", <-n.done)
	return nil
}

// node is one by number; with one node every number is that one.
func (w *world) node(i int) *node { return w.nodes[i%len(w.nodes)] }

func (w *world) postgres() bool { return w.env["DATABASE_URL"] != "" }

// openDB looks into the database while the program runs.
func (w *world) openDB() {
	driver, source := "sqlite", "file:"+w.env["DATA_DIR"]+"/parley.db?_pragma=busy_timeout(10000)"
	if w.postgres() {
		driver, source = "pgx", w.env["DATABASE_URL"]
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		w.t.Fatal(err)
	}
	db.SetMaxOpenConns(2)
	w.db = db
	w.t.Cleanup(func() { db.Close() })
}

// statement turns ? into what the database calls a parameter.
func (w *world) statement(query string) string {
	if !w.postgres() {
		return query
	}
	parts := strings.Split(query, "?")
	for i := range parts[1:] {
		parts[i] += "$" + strconv.Itoa(i+1)
	}
	return strings.Join(parts, "")
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := w.db.Exec(w.statement(query), args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.QueryRow(w.statement(query), args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// rows counts what a client could have stored.
func (w *world) rows() int {
	return w.count(`SELECT (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM conversation_sessions) + (SELECT COUNT(*) FROM message_reads)
		+ (SELECT COUNT(*) FROM conversation_sessions WHERE tags <> '[]' OR status <> 'open' OR assigned_agent_id IS NOT NULL)`)
}

// hire makes one more agent of the demo organization, whose password is the seeded agent's.
func (w *world) hire() services.Credentials {
	w.t.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	w.exec(`INSERT INTO users (id, organization_id, email, name, password_hash, role, login_version, created_at, updated_at)
		SELECT ?, organization_id, ?, 'Hired', password_hash, 'agent', 1, created_at, updated_at FROM users WHERE email = ?`,
		id, id+"@example.com", w.seeded.Agent.Email)
	return services.Credentials{Email: id + "@example.com", Password: w.seeded.Agent.Password}
}

func (w *world) userID(email string) (id string) {
	w.t.Helper()
	if err := w.db.QueryRow(w.statement("SELECT id FROM users WHERE email = ?"), email).Scan(&id); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// embedToken makes a token for origins, in addition to the seeded one.
func (w *world) embedToken(origins ...string) string {
	w.t.Helper()
	secret, hash := services.NewToken("ew_")
	list, _ := json.Marshal(origins)
	w.exec(`INSERT INTO embed_tokens (id, organization_id, channel_id, name, prefix, token_hash, allowed_origins, created_at)
		SELECT ?, organization_id, channel_id, 'Test', 'ew_', ?, ?, created_at FROM embed_tokens WHERE token_hash = ?`,
		uuid.NewString(), hash, string(list), services.HashToken(w.seeded.EmbedToken))
	return secrets.add(secret)
}
