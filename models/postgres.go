package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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
	set_config('array_nulls', 'on', false),                               -- batches have NULLs in arrays
	-- Nobody may hold a lock, or wait for one, for long: a node that freezes or vanishes must not stop the others.
	set_config('idle_in_transaction_session_timeout', '10s', false),
	set_config('lock_timeout', '2s', false),
	set_config('statement_timeout', '10s', false),
	-- A client that has vanished is noticed within 15 s.
	set_config('tcp_keepalives_idle', '5', false),
	set_config('tcp_keepalives_interval', '5', false),
	set_config('tcp_keepalives_count', '2', false),
	set_config('tcp_user_timeout', '15s', false)`

// migrationSettings replace some of sessionSettings: building an index takes its time. Waiting for a lock must not,
// because everybody else waits behind it.
const migrationSettings = `SELECT set_config('statement_timeout', '0', false)`

// connectTimeout is for one address of the server, unless the URL has a connect_timeout.
const connectTimeout = 3 * time.Second

// dialer notices within 15 s that an idle server has vanished. While a query runs its deadline counts.
var dialer = net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
	Enable:   true,
	Idle:     5 * time.Second,
	Interval: 5 * time.Second,
	Count:    2,
}}

// dial also limits requests to cancel a query, which have no time-out of their own.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return dialer.DialContext(ctx, network, address)
}

func openPostgres(ctx context.Context, databaseURL string) (*DB, error) {
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, errors.New("DATABASE_URL: a parameter after the ? is not valid, or a file it names cannot be read")
	}
	if u, err := url.Parse(databaseURL); err == nil && !u.Query().Has("pool_max_conns") {
		config.MaxConns = max(config.MaxConns, 20)
	}
	for name, value := range startUpSettings {
		config.ConnConfig.RuntimeParams[name] = value
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
		config.ConnConfig.DialFunc = dial
	}
	closeFatal := config.ConnConfig.OnPgError
	config.ConnConfig.OnPgError = func(conn *pgconn.PgConn, refused *pgconn.PgError) bool {
		// After a failover the server of this connection may stay read-only for ever.
		return closeFatal(conn, refused) && refused.Code != readOnlyTransaction
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

// Migrating runs migrate on the database. On PostgreSQL it has connections of its own, whose statements may take as
// long as they need.
func (db *DB) Migrating(migrate func(*sql.DB) error) error {
	if !db.Postgres() {
		conn, err := db.SQL()
		if err != nil {
			return err
		}
		return migrate(conn)
	}
	config := db.pool.Config().ConnConfig
	conn := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		return conn.PgConn().Exec(ctx, sessionSettings+"; "+migrationSettings).Close()
	}))
	defer conn.Close()
	return migrate(conn)
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
