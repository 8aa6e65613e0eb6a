package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"parley/e2e/link"
)

// serverPatience is how long a server may take to start or stop.
const serverPatience = 60 * time.Second

// A Postgres is a PostgreSQL server as durable as in production.
type Postgres struct {
	Address  string
	folder   string
	log      string
	password string
	process  *process
	paused   []int
}

const postgresSettings = `
listen_addresses = '127.0.0.1'
port = %s
unix_socket_directories = ''
max_connections = 200
fsync = on
synchronous_commit = on
full_page_writes = on
wal_level = replica
hot_standby = on
max_wal_senders = 5
checkpoint_timeout = 30min
restart_after_crash = on
`

// startPostgres creates a server whose files are in folder, but for its log of changes, which is in wal.
func startPostgres(ctx context.Context, folder, wal string) (*Postgres, error) {
	address, err := link.FreeAddress()
	if err != nil {
		return nil, err
	}
	p := &Postgres{
		Address:  address,
		folder:   folder,
		log:      wal + ".postgres.log",
		password: password(),
	}
	for _, path := range []string{folder, wal} {
		if err := p.makeFolder(path); err != nil {
			return nil, err
		}
	}
	secret := filepath.Join(wal, "..", "password")
	if err := os.WriteFile(secret, []byte(p.password+"\n"), 0o644); err != nil {
		return nil, err
	}
	defer os.Remove(secret)
	if err := p.tool(ctx, "initdb", "-D", folder, "--waldir", wal, "-U", "postgres", "-E", "UTF8", "--locale=C",
		"--auth=scram-sha-256", "--pwfile="+secret); err != nil {
		return nil, err
	}
	if err := p.configure(postgresSettings); err != nil {
		return nil, err
	}
	if err := p.Start(ctx); err != nil {
		return nil, err
	}
	return p, p.SQL(ctx, "postgres", "CREATE DATABASE parley")
}

func (p *Postgres) configure(settings string) error {
	_, port, err := net.SplitHostPort(p.Address)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(p.folder, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = fmt.Fprintf(file, settings, port)
	return err
}

// Follow starts a replica in folder. From then on a commit waits for it, so that a failover loses nothing.
func (p *Postgres) Follow(ctx context.Context, folder string) (*Postgres, error) {
	address, err := link.FreeAddress()
	if err != nil {
		return nil, err
	}
	r := &Postgres{
		Address:  address,
		folder:   folder,
		log:      folder + ".postgres.log",
		password: p.password,
	}
	os.RemoveAll(folder)
	if err := r.makeFolder(folder); err != nil {
		return nil, err
	}
	source := p.URL("postgres") + "&application_name=standby"
	if err := r.tool(ctx, "pg_basebackup", "-d", source, "-D", folder, "-R", "-c", "fast"); err != nil {
		return nil, err
	}
	if err := r.configure("\nport = %s\n"); err != nil {
		return nil, err
	}
	if err := r.Start(ctx); err != nil {
		return nil, err
	}
	if err := p.waitFor(ctx, "standby"); err != nil {
		return nil, err
	}
	return r, p.inSync(ctx)
}

// inSync returns when commits wait for the replica and it has what was committed before.
func (p *Postgres) inSync(ctx context.Context) error {
	// Commits wait once the checkpointer has read the setting, which it does before it begins a checkpoint.
	if err := p.SQL(ctx, "postgres", "CHECKPOINT"); err != nil {
		return err
	}
	return p.Query(ctx, "postgres", func(conn *pgx.Conn) error {
		var end string
		if err := conn.QueryRow(ctx, "SELECT pg_current_wal_lsn()::text").Scan(&end); err != nil {
			return err
		}
		return eventually(ctx, serverPatience, func() error {
			var synced bool
			err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_stat_replication
				WHERE sync_state = 'sync' AND state = 'streaming' AND flush_lsn >= $1::pg_lsn)`, end).Scan(&synced)
			if err == nil && !synced {
				err = errors.New("the replica is not in sync")
			}
			return err
		})
	})
}

// waitFor names the replica that a commit waits for.
func (p *Postgres) waitFor(ctx context.Context, replica string) error {
	statements := []string{"ALTER SYSTEM SET synchronous_standby_names = '" + replica + "'", "SELECT pg_reload_conf()"}
	for _, statement := range statements {
		err := eventually(ctx, serverPatience, func() error { return p.SQL(ctx, "postgres", statement) })
		if err != nil {
			return err
		}
	}
	// A new connection has the setting once the server has read it.
	return eventually(ctx, serverPatience, func() error {
		return p.Query(ctx, "postgres", func(conn *pgx.Conn) error {
			var name string
			err := conn.QueryRow(ctx, "SHOW synchronous_standby_names").Scan(&name)
			if err == nil && name != replica {
				err = errors.New("the server has not read its settings")
			}
			return err
		})
	})
}

// Promote makes a replica a primary that waits for nobody.
func (p *Postgres) Promote(ctx context.Context) error {
	if err := p.SQL(ctx, "postgres", "SELECT pg_promote()"); err != nil {
		return err
	}
	return p.waitFor(ctx, "")
}

// Start starts the server and waits until it answers.
func (p *Postgres) Start(ctx context.Context) (err error) {
	programs, err := postgresPrograms()
	if err != nil {
		return err
	}
	command := exec.Command(filepath.Join(programs, "postgres"), "-D", p.folder)
	if err := asPostgres(command); err != nil {
		return err
	}
	if p.process, err = run(command, p.log); err != nil {
		return err
	}
	err = eventually(ctx, serverPatience, func() error { return p.SQL(ctx, "postgres", "SELECT 1") })
	if err != nil {
		return fmt.Errorf("PostgreSQL does not start: %w: %s", err, lastLines(p.log))
	}
	return nil
}

// Running reports whether the server's process has not ended.
func (p *Postgres) Running() bool { return p.process.running() }

// Kill ends the server without a checkpoint, as a crash does.
func (p *Postgres) Kill() {
	p.Resume()
	p.process.end(syscall.SIGQUIT, serverPatience)
}

// Pause stops every process of the server. Its connections stay open and nothing answers.
func (p *Postgres) Pause() {
	p.paused = family(p.process.pid())
	for _, pid := range p.paused {
		syscall.Kill(pid, syscall.SIGSTOP)
	}
}

// Resume ends Pause.
func (p *Postgres) Resume() {
	for _, pid := range slices.Backward(p.paused) {
		syscall.Kill(pid, syscall.SIGCONT)
	}
	p.paused = nil
}

// URL returns the address of a database, past all links.
func (p *Postgres) URL(database string) string { return p.urlAt(p.Address, database) }

func (p *Postgres) urlAt(address, database string) string {
	return fmt.Sprintf("postgres://postgres:%s@%s/%s?sslmode=disable", p.password, address, database)
}

// SQL runs a statement on a connection of its own.
func (p *Postgres) SQL(ctx context.Context, database, statement string, values ...any) error {
	return p.Query(ctx, database, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement, values...)
		return err
	})
}

// Query runs do on a connection of its own.
func (p *Postgres) Query(ctx context.Context, database string, do func(*pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.URL(database))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return do(conn)
}

// tool runs one of PostgreSQL's programs to its end.
func (p *Postgres) tool(ctx context.Context, name string, arguments ...string) error {
	programs, err := postgresPrograms()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, filepath.Join(programs, name), arguments...)
	if err := asPostgres(command); err != nil {
		return err
	}
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %.500s", name, err, out)
	}
	return nil
}

func (p *Postgres) makeFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	id, found, err := postgresUser()
	if err != nil || !found {
		return err
	}
	return os.Chown(path, int(id.Uid), int(id.Gid))
}

// postgresUser returns the user postgres if we are root, because the server refuses to run as root.
func postgresUser() (id syscall.Credential, found bool, err error) {
	if os.Getuid() != 0 {
		return id, false, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return id, false, err
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return id, false, err
	}
	gid, err := strconv.Atoi(account.Gid)
	return syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, true, err
}

func asPostgres(command *exec.Cmd) error {
	command.Dir = "/"
	id, found, err := postgresUser()
	if found {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &id}
	}
	return err
}

// postgresPrograms finds the server where Debian installs it, which is not in PATH, or in PATH.
func postgresPrograms() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(found) > 0 {
		return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("PostgreSQL is missing: run make setup")
	}
	return filepath.Dir(path), nil
}

func version(path string) int {
	number, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
	return number
}
