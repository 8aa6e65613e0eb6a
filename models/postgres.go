package models

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// startUpSettings are sent when a connection starts, so that the defaults of the database or role do not apply. Poolers
// accept these: PgBouncer keeps them for each of its clients.
var startUpSettings = map[string]string{
	"client_encoding":             "UTF8",
	"datestyle":                   "ISO",
	"timezone":                    "UTC",
	"standard_conforming_strings": "on", // a backslash has no special meaning
}

// sessionSettings are the other settings that our SQL relies on, whatever the defaults of the database or role are.
// They are one statement after connecting, because poolers refuse them at the start. A pooler that shares connections
// between transactions may still return one without them, so transactions also name their isolation level.
const sessionSettings = `SELECT
	set_config('default_transaction_isolation', 'read committed', false), -- statements see what was committed while they waited for a lock
	set_config('default_transaction_read_only', 'off', false),
	set_config('default_transaction_deferrable', 'off', false),
	set_config('transform_null_equals', 'off', false),
	set_config('array_nulls', 'on', false)                                -- batches have NULLs in arrays`

func openPostgres(ctx context.Context, databaseURL string) (*DB, error) {
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, errors.New("DATABASE_URL: a parameter after the ? is not valid, or a file it names cannot be read")
	}
	if config.MaxConns < 20 {
		config.MaxConns = 20
	}
	for name, value := range startUpSettings {
		config.ConnConfig.RuntimeParams[name] = value
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		return conn.PgConn().Exec(ctx, sessionSettings).Close()
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	if err := checkPostgres(ctx, pool); err != nil {
		pool.Close()
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	conn := stdlib.OpenDBFromPool(pool)
	handle, err := gorm.Open(postgres.New(postgres.Config{Conn: conn}), gormConfig())
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	return &DB{Read: handle, Write: handle, pool: pool}, nil
}

// checkPostgres checks that the server answers and that the database can store our tables.
func checkPostgres(ctx context.Context, pool *pgxpool.Pool) error {
	var encoding string
	var schema *string
	err := pool.QueryRow(ctx, "SELECT current_setting('server_encoding'), current_schema()").Scan(&encoding, &schema)
	switch {
	case err != nil:
		return fmt.Errorf("PostgreSQL does not answer: %s", ConnectReason(err))
	case encoding != "UTF8":
		return fmt.Errorf("the database has the encoding %s. Create one with ENCODING 'UTF8'", encoding)
	case schema == nil:
		return errors.New("no schema of the search_path exists. Create one, or set search_path to one that exists")
	}
	return nil
}
