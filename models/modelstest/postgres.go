package modelstest

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"parley/migrations"
)

const templateLock = 0x7061726c6579 // whoever holds it may make the template

// PostgresURL makes a migrated database on server for this test alone, and drops it afterwards.
func PostgresURL(t *testing.T, server string) string {
	t.Helper()
	template, err := migratedTemplate(server)
	if err != nil {
		t.Fatalf("make the template database: %v", err)
	}
	name := "parley_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if err := execute(server, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	database, err := databaseURL(server, name)
	if err != nil {
		t.Fatal(err)
	}
	return database
}

var templates sync.Map // func() (string, error) by server

func migratedTemplate(server string) (string, error) {
	once, _ := templates.LoadOrStore(server, sync.OnceValues(func() (string, error) { return makeTemplate(server) }))
	return once.(func() (string, error))()
}

// makeTemplate makes the database that all others are copied from, unless a test process before this one did. It gets
// its name once it is whole.
func makeTemplate(server string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx) // frees the lock
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
		return "", err
	}
	fingerprint, err := migrations.Fingerprint()
	if err != nil {
		return "", err
	}
	template := "parley_template_" + fingerprint
	var exists bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", template).Scan(&exists)
	if err != nil || exists {
		return template, err
	}
	unfinished := "parley_template_unfinished"
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + unfinished + " WITH (FORCE)", "CREATE DATABASE " + unfinished + " TEMPLATE template0"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return "", fmt.Errorf("%s: %w", sql, err)
		}
	}
	database, err := databaseURL(server, unfinished)
	if err != nil {
		return "", err
	}
	if err := migrate(ctx, database, ""); err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+unfinished+" RENAME TO "+template)
	return template, err
}

func databaseURL(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

func execute(server, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}
