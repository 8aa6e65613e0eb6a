// Package modelstest gives each test a migrated database of its own: always a SQLite file, and a PostgreSQL database if
// TEST_DATABASE_URL names a server on which the user may create databases.
package modelstest

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"parley/migrations"
	"parley/models"
)

// Each runs test once for each database.
func Each(t *testing.T, test func(t *testing.T, db *models.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) {
		test(t, open(t, PostgresURL(t, ServerURL(t, "TEST_DATABASE_URL")), ""))
	})
}

// ServerURL returns the environment variable name, the URL of a server for tests. Without it the test is skipped, or
// fails if TEST_REQUIRE_SERVERS is 1.
func ServerURL(t testing.TB, name string) string {
	t.Helper()
	server := os.Getenv(name)
	if server != "" {
		return server
	}
	if os.Getenv("TEST_REQUIRE_SERVERS") == "1" {
		t.Fatalf("%s is not set, and TEST_REQUIRE_SERVERS=1 allows no test to be skipped", name)
	}
	t.Skip(name + " is not set")
	return ""
}

// SQLite opens a new, migrated file.
func SQLite(t *testing.T) *models.DB {
	t.Helper()
	file, err := migratedFile()
	if err != nil {
		t.Fatalf("migrate SQLite: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "parley.db"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, "", dir)
}

func open(t *testing.T, databaseURL, dataDir string) *models.DB {
	t.Helper()
	db, err := models.Open(t.Context(), databaseURL, dataDir)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

// migratedFile is an empty database with the whole schema. Copying it is faster than migrating.
var migratedFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "parley-schema-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := migrate(context.Background(), "", dir); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "parley.db"))
})

func migrate(ctx context.Context, databaseURL, dataDir string) error {
	db, err := models.Open(ctx, databaseURL, dataDir)
	if err != nil {
		return err
	}
	defer db.Close() // the last connection that closes copies the write-ahead log into the file
	return db.Migrating(func(conn *sql.DB) error { return migrations.Up(ctx, conn, db.Postgres()) })
}
