package modelstest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parley/migrations"
)

const (
	templateLock = 0x7061726c6579 // held while the template is created
	patience     = time.Minute
)

// PostgresURL returns the URL of a migrated database for this test alone. After the test the database is emptied for
// the next test of the process, which is much faster than creating one. If the test changed more than rows, it is
// dropped.
func PostgresURL(t *testing.T, server string) string {
	t.Helper()
	databases, err := databasesOf(server)
	if err != nil {
		t.Fatalf("prepare %s: %v", server, err)
	}
	name, err := databases.take()
	if err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := databases.giveBack(name); err != nil {
			t.Errorf("clean up the database: %v", err)
		}
	})
	return databases.url(name)
}

// PostgresURLWith is PostgresURL for a database with its own default settings, such as "timezone = 'Asia/Tokyo'".
func PostgresURLWith(t *testing.T, server string, defaults ...string) string {
	t.Helper()
	url := PostgresURL(t, server)
	alter := func(change string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		conn, err := pgx.Connect(ctx, server)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		name := url[strings.LastIndex(url, "/")+1:]
		name, _, _ = strings.Cut(name, "?")
		if _, err := conn.Exec(ctx, "ALTER DATABASE "+name+" "+change); err != nil {
			t.Fatal(err)
		}
	}
	for _, setting := range defaults {
		alter("SET " + setting)
	}
	t.Cleanup(func() { alter("RESET ALL") })
	return url
}

// databases are the databases of this process on one server. Their names contain a number. The process holds a lock on
// that number, so that a later process can drop what is left of processes that ended.
type databases struct {
	server   *url.URL
	template string
	schema   string // hash of the template's schema
	process  int64

	mu    sync.Mutex
	admin *pgx.Conn
	made  int
	free  []string
}

var servers sync.Map // func() (*databases, error) by URL

func databasesOf(server string) (*databases, error) {
	once, _ := servers.LoadOrStore(server, sync.OnceValues(func() (*databases, error) { return prepare(server) }))
	return once.(func() (*databases, error))()
}

func prepare(server string) (*databases, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	parsed, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	d := &databases{server: parsed, process: rand.Int64()}
	if d.admin, err = pgx.Connect(ctx, server); err != nil { // stays open, because the process's lock ends with it
		return nil, err
	}
	if _, err := d.admin.Exec(ctx, "SELECT pg_advisory_lock($1)", d.process); err != nil {
		return nil, err
	}
	if _, err := d.admin.Exec(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
		return nil, err
	}
	defer d.admin.Exec(ctx, "SELECT pg_advisory_unlock($1)", templateLock)
	if err := d.dropLeftovers(ctx); err != nil {
		return nil, err
	}
	if err := d.makeTemplate(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// dropLeftovers drops the databases of processes that have ended.
func (d *databases) dropLeftovers(ctx context.Context) error {
	rows, err := d.admin.Query(ctx, `SELECT datname FROM pg_database WHERE datname LIKE 'parley\_test\_%'`)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, "parley_test_"), "_")
		process, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			continue // not a database of ours
		}
		var ended bool
		if err := d.admin.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", process).Scan(&ended); err != nil {
			return err
		}
		if !ended {
			continue
		}
		if _, err := d.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			return err
		}
		if _, err := d.admin.Exec(ctx, "SELECT pg_advisory_unlock($1)", process); err != nil {
			return err
		}
	}
	return nil
}

// makeTemplate creates the database that the others are copied from, unless an earlier process did. It gets its final
// name when it is complete.
func (d *databases) makeTemplate(ctx context.Context) error {
	fingerprint, err := migrations.Fingerprint()
	if err != nil {
		return err
	}
	d.template = "parley_template_" + fingerprint
	var exists bool
	err = d.admin.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", d.template).
		Scan(&exists)
	if err != nil {
		return err
	}
	unfinished := "parley_template_unfinished"
	if exists {
		unfinished = d.template
	} else {
		for _, sql := range []string{"DROP DATABASE IF EXISTS " + unfinished + " WITH (FORCE)",
			"CREATE DATABASE " + unfinished + " TEMPLATE template0"} {
			if _, err := d.admin.Exec(ctx, sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		if err := migrate(ctx, d.url(unfinished), ""); err != nil {
			return err
		}
	}
	if err := d.on(ctx, unfinished, func(conn *pgx.Conn) (err error) {
		d.schema, err = schemaOf(ctx, conn)
		return err
	}); err != nil || exists {
		return err
	}
	_, err = d.admin.Exec(ctx, "ALTER DATABASE "+unfinished+" RENAME TO "+d.template)
	return err
}

func (d *databases) url(name string) string {
	u := *d.server
	u.Path = "/" + name
	return u.String()
}

func (d *databases) on(ctx context.Context, name string, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, d.url(name))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return do(conn)
}

func (d *databases) take() (name string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d.mu.Lock()
	defer d.mu.Unlock()
	if last := len(d.free) - 1; last >= 0 {
		name, d.free = d.free[last], d.free[:last]
		return name, nil
	}
	d.made++
	name = fmt.Sprintf("parley_test_%d_%d", d.process, d.made)
	_, err = d.admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+d.template)
	return name, err
}

func (d *databases) giveBack(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var asBefore bool
	err := d.on(ctx, name, func(conn *pgx.Conn) (err error) {
		asBefore, err = d.empty(ctx, conn)
		return err
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil && asBefore {
		d.free = append(d.free, name)
		return nil
	}
	_, err = d.admin.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
	return err
}

// empty deletes all rows. It reports whether the schema is still the template's.
func (d *databases) empty(ctx context.Context, conn *pgx.Conn) (asBefore bool, err error) {
	if _, err := conn.Exec(ctx, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = "+
		"current_database() AND pid <> pg_backend_pid()"); err != nil {
		return false, err
	}
	schema, err := schemaOf(ctx, conn)
	if err != nil || schema != d.schema {
		return false, err
	}
	var deletes string
	err = conn.QueryRow(ctx, `SELECT string_agg('DELETE FROM ' || quote_ident(tablename), ';') FROM pg_tables
		WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%'`).Scan(&deletes)
	if err != nil {
		return false, err
	}
	// Without checks of foreign keys, any order works.
	_, err = conn.Exec(ctx, "SET session_replication_role = replica;"+deletes)
	return err == nil, err
}

// schemaOf hashes everything that a test may change besides rows.
func schemaOf(ctx context.Context, conn *pgx.Conn) (hash string, err error) {
	err = conn.QueryRow(ctx, `SELECT md5(string_agg(line, ';' ORDER BY line COLLATE "C")) FROM (
			SELECT concat_ws(' ', c.relname, a.attname, a.attnum, a.atttypid, a.attnotnull, c.relkind) AS line
			FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
		UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
		UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
		UNION ALL SELECT concat_ws(' ', version_id, is_applied) FROM goose_db_version) AS s`).Scan(&hash)
	return hash, err
}
