package models

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// writeMessagesSQLite runs the same transaction on the only writing connection. It begins IMMEDIATE, which is the lock.
// Lists are passed as one JSON parameter, so that a statement has the same text for every batch size.
func (db *DB) writeMessagesSQLite(ctx context.Context, query BatchQuery, decide func(BatchState) BatchRows) error {
	conn, err := db.Write.DB()
	if err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	if err := sqliteNew(ctx, tx, query); err != nil {
		return fmt.Errorf("store conversations: %w", err)
	}
	state := newBatchState()
	if err := sqliteReads(ctx, tx, query, &state); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if err := sqliteWrites(ctx, tx, decide(state)); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return tx.Commit()
}

// sqliteNew creates the new conversations and their end users. Without "WHERE true" SQLite would parse ON as part of
// the join.
func sqliteNew(ctx context.Context, tx *sql.Tx, query BatchQuery) error {
	if len(query.New) == 0 {
		return nil
	}
	store := func(list []NewConversation, statement string) error {
		encoded, err := json.Marshal(list)
		if err == nil {
			_, err = tx.ExecContext(ctx, statement, string(encoded), query.Now)
		}
		return err
	}
	err := store(query.newEndUsers(), `INSERT INTO end_users (id, organization_id, external_id, display_name, created_at, updated_at)
		SELECT value ->> 'EndUserID', value ->> 'OrganizationID', value ->> 'ExternalID', value ->> 'DisplayName', ?2, ?2
		FROM json_each(?1) WHERE true`+keepName)
	if err != nil {
		return err
	}
	return store(query.newConversations(), `INSERT INTO conversations
			(id, organization_id, channel_id, end_user_id, embed_token_id, created_at, updated_at)
		SELECT value ->> 'ID', e.organization_id, value ->> 'ChannelID', e.id, NULLIF(value ->> 'EmbedTokenID', ''), ?2, ?2
		FROM json_each(?1) JOIN end_users AS e
			ON e.organization_id = value ->> 'OrganizationID' AND e.external_id = value ->> 'ExternalID'
		WHERE true ON CONFLICT DO NOTHING`)
}

func sqliteReads(ctx context.Context, tx *sql.Tx, query BatchQuery, state *BatchState) error {
	read := func(scan func(scanner) error, list any, query string) error {
		encoded, err := json.Marshal(list)
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, query, string(encoded))
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
	}
	const in = ` IN (SELECT value FROM json_each(?1))`
	if err := read(state.scanConversation, query.ConversationIDs,
		`SELECT id, last_seq FROM conversations WHERE id`+in); err != nil {
		return err
	}
	if err := read(state.scanSession, query.ConversationIDs, `SELECT id, conversation_id, assigned_agent_id
		FROM conversation_sessions WHERE status = 'open' AND conversation_id`+in); err != nil {
		return err
	}
	if err := read(state.scanBot, query.BotIDs,
		`SELECT id, greeting, rules, fallback, updated_at FROM bots WHERE id`+in); err != nil {
		return err
	}
	if len(query.ClientKeys) > 0 {
		if err := read(state.scanRepeat, query.ClientKeys, `SELECT `+messageColumns+` FROM messages
			WHERE client_id IS NOT NULL AND (conversation_id, sender_type, sender_id, client_id) IN (
				SELECT value ->> 'ConversationID', value ->> 'SenderType', value ->> 'SenderID', value ->> 'ClientID' FROM json_each(?1))`); err != nil {
			return err
		}
	}
	if len(query.ControlIDs) == 0 {
		return nil
	}
	if err := read(state.scanControl, query.ControlIDs,
		`SELECT `+messageColumns+` FROM messages WHERE id`+in); err != nil {
		return err
	}
	return read(state.scanAnswered, query.ControlIDs, `SELECT answers_id FROM messages WHERE answers_id`+in)
}

// sqliteRows is how many rows one INSERT writes. More would be slower: the driver searches all parameters of a
// statement for each of them.
const sqliteRows = 8

func sqliteWrites(ctx context.Context, tx *sql.Tx, rows BatchRows) error {
	insert := func(into string, columns int, values []any) error {
		one := "(?" + strings.Repeat(",?", columns-1) + ")"
		for some := range slices.Chunk(values, sqliteRows*columns) {
			if _, err := tx.ExecContext(ctx, into+" VALUES "+one+strings.Repeat(","+one, len(some)/columns-1),
				some...); err != nil {
				return err
			}
		}
		return nil
	}
	var sessions, messages []any
	for _, s := range rows.Sessions {
		sessions = append(sessions, s.ID, s.OrganizationID, s.ConversationID,
			SessionOpen, "[]", s.CreatedAt, s.CreatedAt)
	}
	if err := insert(`INSERT INTO conversation_sessions (id, organization_id, conversation_id, status, tags, first_message_at, created_at)`,
		7, sessions); err != nil {
		return err
	}
	for i := range rows.Messages {
		messages = append(messages, messageValues(&rows.Messages[i])...)
	}
	if err := insert(`INSERT INTO messages (`+messageColumns+`)`, 13, messages); err != nil {
		return err
	}
	return sqliteTouch(ctx, tx, rows.Touched)
}

func sqliteTouch(ctx context.Context, tx *sql.Tx, touched []Touch) error {
	if len(touched) == 0 {
		return nil
	}
	lastSeq := make(map[string]int64, len(touched))
	for _, t := range touched {
		lastSeq[t.ConversationID] = t.LastSeq
	}
	encoded, err := json.Marshal(lastSeq)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE conversations SET last_seq = t.value, updated_at = ?2
		FROM json_each(?1) AS t WHERE conversations.id = t.key`, string(encoded), touched[0].UpdatedAt)
	return err
}
