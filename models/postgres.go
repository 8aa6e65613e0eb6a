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

// startUpSettings go with the first packet of a connection, before the defaults of a database or role could matter.
// These are the ones that every pooler of connections takes there: PgBouncer keeps them for each of its clients.
var startUpSettings = map[string]string{
	"client_encoding":             "UTF8",
	"datestyle":                   "ISO",
	"timezone":                    "UTC",
	"standard_conforming_strings": "on", // a backslash is a character like others
}

// sessionSettings are the other assumptions of our SQL, whatever the defaults of the database or role are. They are one
// statement after the connection is made, because poolers refuse them as start-up settings. A pooler that shares
// connections between transactions may still hand out one without them, so transactions also say their isolation.
const sessionSettings = `SELECT
	set_config('default_transaction_isolation', 'read committed', false), -- each statement sees what a lock waited for
	set_config('default_transaction_read_only', 'off', false),
	set_config('default_transaction_deferrable', 'off', false),
	set_config('transform_null_equals', 'off', false),
	set_config('array_nulls', 'on', false)                                -- batches hold NULLs in arrays`

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

// checkPostgres reports that the server answers, and that the database can hold our tables.
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
