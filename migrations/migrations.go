// Package migrations contains and runs the goose migrations of the schema, in SQL that SQLite and PostgreSQL both
// understand. The files are embedded, so that a binary brings the schema it needs.
package migrations

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed *.sql
var files embed.FS

// State is one migration and whether it was applied.
type State struct {
	Version int64
	Name    string
	Applied bool
}

// Up applies the missing migrations. On PostgreSQL it takes an advisory lock, so that nodes which start together
// migrate once.
func Up(ctx context.Context, db *sql.DB, postgres bool) error {
	provider, err := newProvider(db, postgres)
	if err != nil {
		return err
	}
	return unlessLocked(ctx, func() error {
		if _, err := provider.Up(ctx); err != nil {
			return fmt.Errorf("migrate up: %w", err)
		}
		return nil
	})
}

const (
	lockAttempts = 30
	lockPause    = 2 * time.Second // longest
	lockTimeout  = "55P03"         // SQLSTATE of a lock that another transaction holds for too long
)

// unlessLocked runs migrate again when it could not get a lock. In between everybody else gets on with their work, who
// would wait behind a migration that waits.
func unlessLocked(ctx context.Context, migrate func() error) error {
	for range lockAttempts - 1 {
		err := migrate()
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != lockTimeout {
			return err
		}
		select {
		case <-time.After(rand.N(lockPause)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return migrate()
}

// Down undoes the newest migration.
func Down(ctx context.Context, db *sql.DB, postgres bool) error {
	provider, err := newProvider(db, postgres)
	if err != nil {
		return err
	}
	return unlessLocked(ctx, func() error {
		if _, err := provider.Down(ctx); err != nil {
			return fmt.Errorf("migrate down: %w", err)
		}
		return nil
	})
}

// Status lists every migration, oldest first.
func Status(ctx context.Context, db *sql.DB, postgres bool) ([]State, error) {
	provider, err := newProvider(db, postgres)
	if err != nil {
		return nil, err
	}
	rows, err := provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("migration status: %w", err)
	}
	states := make([]State, len(rows))
	for i, row := range rows {
		states[i] = State{
			Version: row.Source.Version,
			Name:    row.Source.Path,
			Applied: row.State == goose.StateApplied,
		}
	}
	return states, nil
}

// Fingerprint returns a hash of all migrations. It changes when any file changes.
func Fingerprint() (string, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, name := range names {
		file, err := files.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%s %d\n%s", name, len(file), file)
	}
	return hex.EncodeToString(hash.Sum(nil)[:8]), nil
}

func newProvider(db *sql.DB, postgres bool) (*goose.Provider, error) {
	if !postgres {
		return goose.NewProvider(goose.DialectSQLite3, db, files)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // tries every second for five minutes
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
}
