package models_test

import (
	"context"
	"database/sql"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"parley/migrations"
	"parley/models"
	"parley/models/modelstest"
)

// postgres runs test against the server of TEST_DATABASE_URL; without it the test is skipped.
func postgres(t *testing.T, test func(t *testing.T, server string)) {
	t.Helper()
	t.Parallel()
	test(t, modelstest.ServerURL(t, "TEST_DATABASE_URL"))
}

func openURL(t *testing.T, databaseURL string) *models.DB {
	t.Helper()
	db, err := models.Open(t.Context(), databaseURL, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// adverse are defaults of a database that our SQL would not work with.
var adverse = []string{
	"default_transaction_isolation = 'serializable'",
	"default_transaction_read_only = on",
	"default_transaction_deferrable = on",
	"timezone = 'Asia/Tokyo'",
	"datestyle = 'SQL, DMY'",
	"client_encoding = 'LATIN1'",
	"standard_conforming_strings = off",
	"transform_null_equals = on",
	"array_nulls = off",
}

// A node that freezes or vanishes must not stop the others.
func TestPostgres_boundsEveryWaitOnEveryConnection(t *testing.T) {
	postgres(t, func(t *testing.T, server string) {
		db := openURL(t, modelstest.PostgresURLWith(t, server, "lock_timeout = 0", "statement_timeout = 0",
			"idle_in_transaction_session_timeout = 0"))
		const bounds = `SELECT concat_ws('|', current_setting('lock_timeout'), current_setting('statement_timeout'),
			current_setting('idle_in_transaction_session_timeout'), current_setting('tcp_keepalives_idle'),
			current_setting('tcp_keepalives_interval'), current_setting('tcp_keepalives_count'),
			current_setting('tcp_user_timeout'))`
		has := func(pool *sql.DB, want string) error {
			conn, err := pool.Conn(t.Context()) // none of them is the one before
			if err != nil {
				return err
			}
			t.Cleanup(func() { conn.Close() })
			var got string
			if err := conn.QueryRowContext(t.Context(), bounds).Scan(&got); err != nil {
				return err
			}
			if got != want {
				t.Errorf("a connection has %s, not %s", got, want)
			}
			return nil
		}
		pool, err := db.SQL()
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := has(pool, "2s|10s|10s|5|5|2|15000"); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Migrating(func(conn *sql.DB) error { return has(conn, "2s|0|10s|5|5|2|15000") }); err != nil {
			t.Fatal(err)
		}
	})
}

func TestPostgres_hasAsManyConnectionsAsTheURLSays(t *testing.T) {
	postgres(t, func(t *testing.T, server string) {
		for options, most := range map[string]int{"": 20, "&pool_max_conns=3": 3} {
			pool, err := openURL(t, modelstest.PostgresURL(t, server)+options).SQL()
			if err != nil {
				t.Fatal(err)
			}
			for range most {
				conn, err := pool.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
			}
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if conn, err := pool.Conn(ctx); err == nil {
				conn.Close()
				t.Errorf("%q: more than %d connections", options, most)
			}
		}
	})
}

// After a failover a connection may lead to a server that stays read-only for ever.
func TestPostgres_dropsConnectionsToAReadOnlyServer(t *testing.T) {
	postgres(t, func(t *testing.T, server string) {
		db := openURL(t, modelstest.PostgresURL(t, server)+"&pool_max_conns=1")
		session := func() (pid int) {
			if err := db.Read.Raw("SELECT pg_backend_pid()").Scan(&pid).Error; err != nil {
				t.Fatal(err)
			}
			return pid
		}
		first := session()
		if err := db.Write.Exec("SET default_transaction_read_only = on").Error; err != nil {
			t.Fatal(err)
		}
		if err := db.Write.Exec("CREATE TABLE nowhere (id int)").Error; !models.Unavailable(err) {
			t.Fatalf("the error is %v", err)
		}
		if session() == first {
			t.Error("the connection is used again")
		}
	})
}

func TestPostgres_setsWhatItAssumesOnEveryConnection(t *testing.T) {
	postgres(t, func(t *testing.T, server string) {
		db := openURL(t, modelstest.PostgresURLWith(t, server, adverse...))
		pool, err := db.SQL()
		if err != nil {
			t.Fatal(err)
		}
		want := "read committed|off|off|UTC|ISO, MDY|UTF8|on|off|on"
		for range 3 { // none of them is the first again
			conn, err := pool.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			var got string
			if err := conn.QueryRowContext(t.Context(), `SELECT concat_ws('|',
				current_setting('transaction_isolation'), current_setting('transaction_read_only'),
				current_setting('transaction_deferrable'), current_setting('timezone'), current_setting('datestyle'),
				current_setting('client_encoding'), current_setting('standard_conforming_strings'),
				current_setting('transform_null_equals'), current_setting('array_nulls'))`).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("a connection has %s, not %s", got, want)
			}
		}
	})
}

// A batch on a database with adverse defaults: text beyond LATIN1, a NULL in an array, a time.
func TestWriteMessages_storesTheSameWhateverTheDefaultsAre(t *testing.T) {
	postgres(t, func(t *testing.T, server string) {
		db := openURL(t, modelstest.PostgresURLWith(t, server, adverse...))
		conversation := newConversation(t, db)
		messages := []models.Message{newMessage(conversation, 1), newMessage(conversation, 2)}
		messages[0].Content = `Grüße, 世界 👋 \ ' "`
		client := "c-1"
		messages[1].ClientID = &client
		if err := db.WriteMessages(t.Context(), models.BatchQuery{}, func(models.BatchState) models.BatchRows {
			return models.BatchRows{Messages: messages}
		}); err != nil {
			t.Fatal(err)
		}
		var stored []models.Message
		if err := db.Read.Where("conversation_id = ?", conversation.ID).Order("seq").Find(&stored).Error; err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(messages, stored); diff != "" {
			t.Errorf("stored (-want +got):\n%s", diff)
		}
	})
}

func TestPostgres_usesTheSchemaOfTheSearchPath(t *testing.T) {
	postgres(t, func(t *testing.T, server string) {
		empty := emptyDatabase(t, server, "")
		run(t, empty, `CREATE SCHEMA "Support Desk"`)
		there := empty + "&search_path=" + url.PathEscape(`"Support Desk"`)
		db := openURL(t, there)
		pool, err := db.SQL()
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second finds the first's
			if err := migrations.Up(t.Context(), pool, true); err != nil {
				t.Fatal(err)
			}
		}
		newConversation(t, db)
		var elsewhere int
		if err := pool.QueryRow("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&elsewhere); err != nil {
			t.Fatal(err)
		}
		if elsewhere != 0 {
			t.Errorf("%d tables are in another schema", elsewhere)
		}
	})
}

func TestOpen_refusesADatabaseThatCannotHoldOurs(t *testing.T) {
	postgres(t, func(t *testing.T, server string) {
		for name, test := range map[string]struct{ url, says string }{
			"encoding": {emptyDatabase(t, server, "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"),
				"the database has the encoding SQL_ASCII. Create one with ENCODING 'UTF8'"},
			"search_path": {modelstest.PostgresURL(t, server) + "&search_path=nowhere",
				"no schema of the search_path exists. Create one, or set search_path to one that exists"},
		} {
			db, err := models.Open(t.Context(), test.url, "")
			if err == nil {
				db.Close()
				t.Errorf("%s: it opens", name)
			} else if err.Error() != "DATABASE_URL: "+test.says {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// emptyDatabase makes a database without our tables.
func emptyDatabase(t *testing.T, server, options string) string {
	t.Helper()
	name := "parley_empty_" + strings.ReplaceAll(models.NewID(), "-", "")
	run(t, server, "CREATE DATABASE "+name+" TEMPLATE template0 "+options)
	t.Cleanup(func() { run(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func run(t *testing.T, databaseURL, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatal(err)
	}
}
