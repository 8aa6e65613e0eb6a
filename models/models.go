// Package models has one struct for each table, opens the database, and writes batches of messages. It does not know
// HTTP or the rules of the product: services decide, models store.
//
// Every struct that belongs to an organization has an OrganizationID. Every query must filter by it.
package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/glebarez/sqlite"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// DB is the database of an installation. On PostgreSQL, Read and Write are the same pool. On SQLite, Write is a single
// connection whose transactions begin IMMEDIATE, so that writers queue in Go and never get SQLITE_BUSY. Read is a pool
// that can read while a write is running, because the database uses a write-ahead log.
type DB struct {
	Read, Write *gorm.DB
	pool        *pgxpool.Pool // PostgreSQL only
	path        string        // SQLite only
	lock        *os.File      // SQLite only: keeps a second process out
	writable    writable
}

// Postgres reports whether this is PostgreSQL.
func (db *DB) Postgres() bool { return db.pool != nil }

// Open connects to PostgreSQL at databaseURL. If that is empty, it opens the SQLite file in dataDir and creates both if
// they are missing. It does not migrate. The error is a sentence for the person who starts the program.
func Open(ctx context.Context, databaseURL, dataDir string) (*DB, error) {
	if databaseURL == "" {
		return openSQLite(dataDir)
	}
	return openPostgres(ctx, databaseURL)
}

func openSQLite(dataDir string) (*DB, error) {
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	lock, err := lockFile(filepath.Join(dataDir, "parley.lock"))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dataDir, "parley.db")
	// SQLite would create it readable for everyone
	if file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err == nil {
		file.Close()
	}
	write, err := openSQLiteHandle(path, 1, "_txlock=immediate", "_pragma=cache_size(-16000)")
	if err != nil {
		unlockFile(lock)
		return nil, err
	}
	// A reader keeps its cache as long as it is open. The system caches the same pages.
	read, err := openSQLiteHandle(path, 4, "_pragma=query_only(1)", "_pragma=cache_size(-500)")
	if err != nil {
		unlockFile(lock)
		return nil, err
	}
	if readers, err := read.DB(); err == nil {
		readers.SetConnMaxIdleTime(readerIdle)
	}
	return &DB{Read: read, Write: write, path: path, lock: lock}, nil
}

// readerIdle is how long a reader of SQLite may have nothing to do. Then it is closed and gives its memory back.
const readerIdle = 15 * time.Second

func openSQLiteHandle(path string, connections int, options ...string) (*gorm.DB, error) {
	options = append(options, "_pragma=busy_timeout(2000)", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)",
		"_pragma=foreign_keys(1)",
		"_pragma=wal_autocheckpoint(4000)", // 16 MB, so that busy pages are copied back less often
		"_pragma=journal_size_limit(67108864)")
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + strings.Join(options, "&")
	handle, err := gorm.Open(sqlite.Open(dsn), gormConfig())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	conn, err := handle.DB()
	if err != nil {
		return nil, err
	}
	conn.SetMaxOpenConns(connections)
	conn.SetMaxIdleConns(connections)
	return handle, nil
}

func gormConfig() *gorm.Config {
	return &gorm.Config{
		TranslateError:         true,
		SkipDefaultTransaction: true,
		NowFunc:                Now,
		// A plan for "SELECT *" fails when a newer node adds a column.
		QueryFields: true,
		// Queries contain external ids and message text, which must not be logged. Services log what failed instead.
		Logger: logger.Discard,
	}
}

// SQL returns the connection pool that writes.
func (db *DB) SQL() (*sql.DB, error) { return db.Write.DB() }

// closeTimeout limits saying goodbye to PostgreSQL, which may hang.
const closeTimeout = 3 * time.Second

// Close closes all connections. On SQLite it also lets the next process in.
func (db *DB) Close() {
	closed := make(chan struct{})
	go func() { defer close(closed); db.close() }()
	if !db.Postgres() {
		<-closed
		return
	}
	select {
	case <-closed:
	case <-time.After(closeTimeout):
		slog.Warn("connections to PostgreSQL were left open: it does not answer")
	}
}

func (db *DB) close() {
	for _, handle := range []*gorm.DB{db.Read, db.Write} {
		if conn, err := handle.DB(); err == nil {
			if err := conn.Close(); err != nil {
				slog.Warn("close database", "error", err)
			}
		}
	}
	if db.pool != nil {
		db.pool.Close()
	}
	if db.lock != nil {
		unlockFile(db.lock)
	}
}

// Now returns the current time as it can be stored: UTC, in whole microseconds. What is read back equals what was sent.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// NewID returns a UUID version 7. Ids sort in the order in which they are made.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// ValidID reports whether id is a UUID in the form with 36 characters.
func ValidID(id string) bool { return len(id) == 36 && uuid.Validate(id) == nil }

// JSON is a nullable JSON document in a TEXT column.
type JSON []byte

// Scan implements sql.Scanner.
func (j *JSON) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*j = nil
	case string:
		*j = JSON(v)
	case []byte:
		*j = append(JSON(nil), v...)
	default:
		return fmt.Errorf("JSON column holds a %T", value)
	}
	return nil
}

// Value implements driver.Valuer. An empty document is NULL.
func (j JSON) Value() (driver.Value, error) {
	if len(j) == 0 {
		return nil, nil
	}
	return string(j), nil
}

// MarshalJSON implements json.Marshaler. An empty document is null.
func (j JSON) MarshalJSON() ([]byte, error) {
	if len(j) == 0 {
		return []byte("null"), nil
	}
	return j, nil
}
