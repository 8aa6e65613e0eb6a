package main

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"time"

	_ "github.com/glebarez/go-sqlite"
	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib"

	"parley/cmd/loadtest/cluster"
)

// databaseTime is the format of times in the API.
const databaseTime = "2006-01-02T15:04:05.000000"

// withDatabase runs do on the database, past all links.
func withDatabase(c *cluster.Cluster, do func(*sql.DB) error) error {
	driver, source := "sqlite", filepath.Join(c.DataFolder(), "parley.db")
	if c.Postgres != nil {
		driver, source = "pgx", c.Postgres.URL("parley")
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(db)
}

// query calls scan with every row of a query.
func query(c *cluster.Cluster, scan func(*sql.Rows) error, statement string, values ...any) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return withDatabase(c, func(db *sql.DB) error {
		rows, err := db.QueryContext(ctx, statement, values...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

func readRows(c *cluster.Cluster) (found []row, err error) {
	err = query(c, func(rows *sql.Rows) error {
		var r row
		err := rows.Scan(&r.id, &r.organizationID, &r.conversationID, &r.seq, &r.clientID, &r.content)
		found = append(found, r)
		return err
	}, `SELECT id, organization_id, conversation_id, seq, COALESCE(client_id, ''), content FROM messages
		ORDER BY conversation_id, seq`)
	if err != nil {
		return nil, fmt.Errorf("read the messages: %w", err)
	}
	return found, nil
}

// A storedConversation is how far a conversation has got in the database.
type storedConversation struct {
	lastSeq int64
	updated string // in databaseTime
}

func readConversations(c *cluster.Cluster) (map[string]storedConversation, error) {
	found := map[string]storedConversation{}
	err := query(c, func(rows *sql.Rows) error {
		var id string
		var seq int64
		var updated time.Time
		err := rows.Scan(&id, &seq, &updated)
		found[id] = storedConversation{seq, updated.UTC().Format(databaseTime)}
		return err
	}, "SELECT id, last_seq, updated_at FROM conversations WHERE last_seq > 0")
	if err != nil {
		return nil, fmt.Errorf("read the conversations: %w", err)
	}
	return found, nil
}

// addAgents adds agents with the password of another one. It returns their email addresses.
func addAgents(c *cluster.Cluster, email string, count int) (emails []string, err error) {
	return emails, withDatabase(c, func(db *sql.DB) error {
		for i := range count {
			name := fmt.Sprintf("Agent %d", i)
			emails = append(emails, fmt.Sprintf("agent%d@demo.parley.example", i))
			_, err := db.Exec(`INSERT INTO users
				(id, organization_id, email, name, password_hash, role, created_at, updated_at)
				SELECT $1, organization_id, $2, $3, password_hash, role, created_at, updated_at
				FROM users WHERE email = $4`, uuid.NewString(), emails[i], name, email)
			if err != nil {
				return fmt.Errorf("add an agent: %w", err)
			}
		}
		return nil
	})
}
