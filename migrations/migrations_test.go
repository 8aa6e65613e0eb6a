package migrations_test

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parley/migrations"
	"parley/models"
	"parley/models/modelstest"
)

var update = flag.Bool("update", false, "rewrite the frozen schemas")

// each runs the test on every kind of database, without any schema.
func each(t *testing.T, test func(t *testing.T, db *models.DB, conn *sql.DB)) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		conn, err := db.SQL()
		if err != nil {
			t.Fatal(err)
		}
		downToNothing(t, db, conn)
		test(t, db, conn)
	})
}

func downToNothing(t *testing.T, db *models.DB, conn *sql.DB) {
	t.Helper()
	for range applied(t, db, conn) {
		if err := migrations.Down(t.Context(), conn, db.Postgres()); err != nil {
			t.Fatal(err)
		}
	}
}

func up(t *testing.T, db *models.DB, conn *sql.DB) {
	t.Helper()
	if err := migrations.Up(t.Context(), conn, db.Postgres()); err != nil {
		t.Fatal(err)
	}
}

func applied(t *testing.T, db *models.DB, conn *sql.DB) (names []string) {
	t.Helper()
	states, err := migrations.Status(t.Context(), conn, db.Postgres())
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range states {
		if state.Applied {
			names = append(names, state.Name)
		}
	}
	return names
}

func sqlFiles(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	return names
}

func TestUp_appliesEveryMigrationOnceAndDownUndoesIt(t *testing.T) {
	each(t, func(t *testing.T, db *models.DB, conn *sql.DB) {
		if schema := dump(t, db, conn); schema != "" {
			t.Fatalf("objects left after the last down:\n%s", schema)
		}
		if names := applied(t, db, conn); len(names) != 0 {
			t.Errorf("applied before the first up: %v", names)
		}
		up(t, db, conn)
		first := dump(t, db, conn)
		up(t, db, conn) // nothing is left to do
		if diff := cmp.Diff(sqlFiles(t), applied(t, db, conn)); diff != "" {
			t.Errorf("status (-files +applied):\n%s", diff)
		}
		downToNothing(t, db, conn)
		up(t, db, conn)
		if diff := cmp.Diff(first, dump(t, db, conn)); diff != "" {
			t.Errorf("the second up created a different schema:\n%s", diff)
		}
	})
}

func TestUp_letsNodesThatStartTogetherMigrateOnce(t *testing.T) {
	each(t, func(t *testing.T, db *models.DB, conn *sql.DB) {
		nodes := 1 // on SQLite the file's lock allows one process
		if db.Postgres() {
			nodes = 3
		}
		done := make(chan error, nodes)
		for range nodes {
			go func() { done <- migrations.Up(t.Context(), conn, db.Postgres()) }()
		}
		for range nodes {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// Databases in use were created by 0001, so its statements must not change.
func TestOldestSchema_isFrozen(t *testing.T) {
	each(t, func(t *testing.T, db *models.DB, conn *sql.DB) {
		if err := migrations.UpTo(t.Context(), conn, db.Postgres(), 1); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", "0001_sqlite.txt")
		if db.Postgres() {
			path = filepath.Join("testdata", "0001_postgres.txt")
		}
		schema := dump(t, db, conn)
		if *update {
			if err := os.WriteFile(path, []byte(schema), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		frozen, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(frozen), schema); diff != "" {
			t.Errorf("0001 creates a different schema than before (-frozen +now):\n%s", diff)
		}
	})
}

func TestUp_keepsTheRowsOfTheOldestSchema(t *testing.T) {
	rows, err := os.ReadFile(filepath.Join("testdata", "0001_rows.sql"))
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, db *models.DB, conn *sql.DB) {
		if err := migrations.UpTo(t.Context(), conn, db.Postgres(), 1); err != nil {
			t.Fatal(err)
		}
		for statement := range strings.SplitSeq(string(rows), ";\n") {
			if _, err := conn.Exec(statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		up(t, db, conn)
		for _, table := range tables(t, db, conn) {
			var n int
			if err := conn.QueryRow("SELECT COUNT(*) FROM " + table).Scan(&n); err != nil {
				t.Fatal(err)
			}
			if n != 1 && strings.Contains(string(rows), "INSERT INTO "+table+" ") {
				t.Errorf("%s has %d rows, want the one it had", table, n)
			}
		}
		var message models.Message
		if err := db.Read.Take(&message).Error; err != nil || message.Content != "Hello" {
			t.Errorf("the message reads %q, %v", message.Content, err)
		}
	})
}

// Logins were rows of logins, and an entry elsewhere.
func TestUp_logsNobodyOut(t *testing.T) {
	each(t, func(t *testing.T, db *models.DB, conn *sql.DB) {
		if err := migrations.UpTo(t.Context(), conn, db.Postgres(), 5); err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{
			`INSERT INTO organizations (id, name, created_at, updated_at)
				VALUES ('0198c0de-0000-7000-8000-000000000001', 'Acme', '2026-01-01 10:00:00', '2026-01-01 10:00:00')`,
			`INSERT INTO users (id, organization_id, email, name, password_hash, role, login_version, created_at, updated_at)
				VALUES ('0198c0de-0000-7000-8000-000000000002', '0198c0de-0000-7000-8000-000000000001', 'a@acme.example',
				'Ann', '', 'agent', 3, '2026-01-01 10:00:00', '2026-01-01 10:00:00')`,
			`INSERT INTO logins (id, organization_id, user_id, user_agent, address, created_at, last_seen_at)
				VALUES ('hash', '0198c0de-0000-7000-8000-000000000001', '0198c0de-0000-7000-8000-000000000002', 'Browser',
				'127.0.0.1', '2026-01-01 10:00:00', '2026-01-01 11:00:00')`,
		} {
			if _, err := conn.Exec(statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		up(t, db, conn)
		var device models.Device
		if err := db.Read.Take(&device).Error; err != nil || device.ID != "hash" || device.LoginVersion != 3 ||
			device.AwaitsSecondFactor || device.UserAgent != "Browser" || device.LastSeenAt.Hour() != 11 {
			t.Errorf("the login is %+v, %v", device, err)
		}
	})
}

func TestFingerprint_isStable(t *testing.T) {
	first, err := migrations.Fingerprint()
	if err != nil || len(first) != 16 {
		t.Fatalf("%q, %v", first, err)
	}
	if second, _ := migrations.Fingerprint(); second != first {
		t.Errorf("%s, then %s", first, second)
	}
}

func tables(t *testing.T, db *models.DB, conn *sql.DB) []string {
	t.Helper()
	sqlite := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' ORDER BY name`
	postgres := `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%' ORDER BY table_name`
	return lines(t, db, conn, sqlite, postgres)
}

// dump returns every object of the schema as text, in a fixed order.
func dump(t *testing.T, db *models.DB, conn *sql.DB) string {
	t.Helper()
	sqlite := `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'goose%' AND tbl_name NOT LIKE 'sqlite%' ORDER BY tbl_name, type DESC, name`
	postgres := `SELECT line FROM (
			SELECT table_name AS tbl, 1 AS kind, ordinal_position AS place, concat_ws(' ', 'column', table_name || '.' || column_name, data_type,
				CASE is_nullable WHEN 'NO' THEN 'not null' END, 'default ' || column_default) AS line
			FROM information_schema.columns WHERE table_schema = 'public'
		UNION ALL SELECT c.relname, 2, 0, concat_ws(' ', 'constraint', c.relname || '.' || conname, pg_get_constraintdef(o.oid))
			FROM pg_constraint AS o JOIN pg_class AS c ON c.oid = o.conrelid JOIN pg_namespace AS n ON n.oid = o.connamespace WHERE n.nspname = 'public'
		UNION ALL SELECT tablename, 3, 0, indexdef FROM pg_indexes WHERE schemaname = 'public') AS s
		WHERE tbl NOT LIKE 'goose%' ORDER BY tbl, kind, place, line COLLATE "C"`
	text := strings.Builder{}
	for _, line := range lines(t, db, conn, sqlite, postgres) {
		fmt.Fprintln(&text, line)
	}
	return text.String()
}

func lines(t *testing.T, db *models.DB, conn *sql.DB, sqlite, postgres string) (found []string) {
	t.Helper()
	query := sqlite
	if db.Postgres() {
		query = postgres
	}
	rows, err := conn.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		found = append(found, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// A node that starts while others work must neither give up nor stop them: they wait behind a migration that waits.
func TestUp_triesAgainUntilItGetsItsLocks(t *testing.T) {
	each(t, func(t *testing.T, db *models.DB, conn *sql.DB) {
		if !db.Postgres() {
			return
		}
		if err := migrations.UpTo(t.Context(), conn, true, 1); err != nil {
			t.Fatal(err)
		}
		blocker, err := conn.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := blocker.Exec("LOCK TABLE conversations IN ACCESS SHARE MODE"); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- migrations.Up(t.Context(), conn, true) }()
		for _, want := range []bool{true, false} { // it waits, and then it does not: its first attempt was refused
			for waits := !want; waits != want; {
				if err := blocker.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted
					AND relation = 'conversations'::regclass)`).Scan(&waits); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := blocker.Rollback(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
