package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// writeMessagesPostgres makes two round trips for a batch of any size: one begins, locks and reads, the other writes
// arrays and commits. At READ COMMITTED every statement has a snapshot of its own, so the search for repeats sees what
// other transactions committed while this one waited for its locks.
func (db *DB) writeMessagesPostgres(ctx context.Context, query BatchQuery,
	decide func(BatchState) BatchRows) (err error) {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("acquire connection: %w", err)
	}
	defer conn.Release()
	defer func() {
		if err != nil && !conn.Conn().IsClosed() {
			rollback, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
			defer cancel()
			if _, rollbackErr := conn.Exec(rollback, "ROLLBACK"); rollbackErr != nil {
				// A connection with an open transaction must not go back to the pool.
				_ = conn.Conn().Close(rollback)
			}
		}
	}()
	state := newBatchState()
	if err := conn.SendBatch(ctx, postgresReads(query, &state)).Close(); err != nil {
		return fmt.Errorf("lock and read: %w", err)
	}
	if len(state.LastSeq) < len(query.ConversationIDs) {
		if state.Locked, err = lockedOf(ctx, conn, query, state); err != nil {
			return fmt.Errorf("look for locked conversations: %w", err)
		}
	}
	if err := conn.SendBatch(ctx, postgresWrites(decide(state))).Close(); err != nil {
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Severity != "ERROR" {
			return fmt.Errorf("store: %w: %w", ErrCommitUnknown, err)
		}
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// rollbackTimeout limits giving up a transaction. Closing the connection does it too.
const rollbackTimeout = time.Second

// lockedOf returns the conversations that exist and could not be locked.
func lockedOf(ctx context.Context, conn *pgxpool.Conn, query BatchQuery, state BatchState) (map[string]bool, error) {
	var missing []string
	for _, id := range query.ConversationIDs {
		if _, have := state.LastSeq[id]; !have {
			missing = append(missing, id)
		}
	}
	rows, err := conn.Query(ctx, "SELECT id FROM conversations WHERE id = ANY($1)", missing)
	if err != nil {
		return nil, err
	}
	locked := map[string]bool{}
	var id string
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		locked[id] = true
		return nil
	})
	return locked, err
}

func postgresReads(query BatchQuery, state *BatchState) *pgx.Batch {
	batch := &pgx.Batch{}
	read := func(scan func(scanner) error, sql string, args ...any) {
		batch.Queue(sql, args...).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if err := scan(rows); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
	batch.Queue("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
	postgresNew(batch, query)
	among, conversations := oneOrAny(query.ConversationIDs)
	read(state.scanConversation, `SELECT id, last_seq FROM conversations WHERE id`+among+` ORDER BY id FOR UPDATE SKIP LOCKED`,
		conversations)
	read(state.scanSession, `SELECT id, conversation_id, assigned_agent_id FROM conversation_sessions
		WHERE status = 'open' AND conversation_id`+among, conversations)
	if len(query.BotIDs) > 0 {
		among, bots := oneOrAny(query.BotIDs)
		read(state.scanBot, `SELECT id, greeting, rules, fallback, updated_at FROM bots WHERE id`+among, bots)
	}
	if len(query.ClientKeys) > 0 {
		conversations, types, senders, clients := clientKeyColumns(query.ClientKeys)
		read(state.scanRepeat, `SELECT `+messageColumns+` FROM messages
			WHERE (conversation_id, sender_type, sender_id, client_id) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]))
			AND client_id IS NOT NULL`, conversations, types, senders, clients)
	}
	if len(query.ControlIDs) > 0 {
		read(state.scanControl, `SELECT `+messageColumns+` FROM messages WHERE id = ANY($1)`, query.ControlIDs)
		read(state.scanAnswered, `SELECT answers_id FROM messages WHERE answers_id = ANY($1)`, query.ControlIDs)
	}
	return batch
}

// postgresNew creates the new conversations and their end users. If another node creates the same rows at this moment,
// it waits a moment for that node and then finds them.
func postgresNew(batch *pgx.Batch, query BatchQuery) {
	if len(query.New) == 0 {
		return
	}
	columns := func(list []NewConversation, fields ...func(NewConversation) string) []any {
		arrays := make([]any, len(fields), len(fields)+1)
		for i, field := range fields {
			array := make([]string, len(list))
			for j, conversation := range list {
				array[j] = field(conversation)
			}
			arrays[i] = array
		}
		return append(arrays, query.Now)
	}
	id := func(c NewConversation) string { return c.ID }
	organization := func(c NewConversation) string { return c.OrganizationID }
	externalID := func(c NewConversation) string { return c.ExternalID }
	endUser := func(c NewConversation) string { return c.EndUserID }
	name := func(c NewConversation) string { return c.DisplayName }
	channel := func(c NewConversation) string { return c.ChannelID }
	token := func(c NewConversation) string { return c.EmbedTokenID }
	batch.Queue("SET LOCAL lock_timeout = '100ms'") // the other messages of the batch wait too
	batch.Queue(`INSERT INTO end_users (id, organization_id, external_id, display_name, created_at, updated_at)
		SELECT n.*, $5::timestamp, $5::timestamp FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS n`+keepName,
		columns(query.newEndUsers(), endUser, organization, externalID, name)...)
	batch.Queue(`INSERT INTO conversations (id, organization_id, channel_id, end_user_id, embed_token_id, created_at, updated_at)
		SELECT n.id, n.organization_id, n.channel_id, e.id, NULLIF(n.token_id, ''), $6::timestamp, $6::timestamp
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
			AS n (id, organization_id, channel_id, external_id, token_id)
		JOIN end_users AS e ON e.organization_id = n.organization_id AND e.external_id = n.external_id
		ORDER BY n.id ON CONFLICT DO NOTHING`,
		columns(query.newConversations(), id, organization, channel, externalID, token)...)
}

// oneOrAny returns the condition for a list of ids and its argument. PostgreSQL plans "= ANY" at every call, because
// the plan depends on the length of the array. For a single id, which is the usual case on an idle server, it can keep
// the plan.
func oneOrAny(ids []string) (condition string, argument any) {
	if len(ids) == 1 {
		return " = $1", ids[0]
	}
	return " = ANY($1)", ids
}

func postgresWrites(rows BatchRows) *pgx.Batch {
	batch := &pgx.Batch{}
	if n := len(rows.Sessions); n > 0 {
		ids := make([]string, n)
		organizations := make([]string, n)
		conversations := make([]string, n)
		times := make([]time.Time, n)
		for i, s := range rows.Sessions {
			ids[i] = s.ID
			organizations[i] = s.OrganizationID
			conversations[i] = s.ConversationID
			times[i] = s.CreatedAt
		}
		batch.Queue(`INSERT INTO conversation_sessions (id, organization_id, conversation_id, status, tags, first_message_at, created_at)
			SELECT id, organization_id, conversation_id, 'open', '[]', at, at
			FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamp[]) AS s (id, organization_id, conversation_id, at)`,
			ids, organizations, conversations, times)
	}
	if len(rows.Messages) == 1 {
		batch.Queue(`INSERT INTO messages (`+messageColumns+
			`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			messageValues(&rows.Messages[0])...)
	} else if len(rows.Messages) > 1 {
		batch.Queue(`INSERT INTO messages (`+messageColumns+`)
			SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[],
				$9::text[], $10::text[], $11::text[], $12::text[], $13::timestamp[])`, messageArrays(rows.Messages)...)
	}
	if n := len(rows.Touched); n == 1 {
		batch.Queue(`UPDATE conversations SET last_seq = $2, updated_at = $3 WHERE id = $1`,
			rows.Touched[0].ConversationID, rows.Touched[0].LastSeq, rows.Touched[0].UpdatedAt)
	} else if n > 1 {
		ids := make([]string, n)
		seqs := make([]int64, n)
		times := make([]time.Time, n)
		for i, t := range rows.Touched {
			ids[i] = t.ConversationID
			seqs[i] = t.LastSeq
			times[i] = t.UpdatedAt
		}
		batch.Queue(`UPDATE conversations SET last_seq = t.last_seq, updated_at = t.at
			FROM unnest($1::text[], $2::int[], $3::timestamp[]) AS t (id, last_seq, at) WHERE conversations.id = t.id`,
			ids, seqs, times)
	}
	batch.Queue("COMMIT")
	return batch
}

func messageArrays(messages []Message) []any {
	n := len(messages)
	ids := make([]string, n)
	organizations := make([]string, n)
	conversations := make([]string, n)
	sessions := make([]string, n)
	seqs := make([]int64, n)
	types := make([]string, n)
	senders := make([]string, n)
	clients := make([]*string, n)
	contentTypes := make([]string, n)
	contents := make([]string, n)
	media := make([]*string, n)
	answers := make([]*string, n)
	times := make([]time.Time, n)
	for i := range messages {
		m := &messages[i]
		ids[i] = m.ID
		organizations[i] = m.OrganizationID
		conversations[i] = m.ConversationID
		sessions[i] = m.SessionID
		seqs[i] = m.Seq
		types[i] = string(m.SenderType)
		senders[i] = m.SenderID
		clients[i] = m.ClientID
		contentTypes[i] = m.ContentType
		contents[i] = m.Content
		answers[i] = m.AnswersID
		times[i] = m.CreatedAt
		if len(m.RichMedia) > 0 {
			text := string(m.RichMedia)
			media[i] = &text
		}
	}
	return []any{ids, organizations, conversations, sessions, seqs, types, senders, clients, contentTypes, contents,
		media, answers, times}
}

func clientKeyColumns(keys []ClientKey) (conversations, types, senders, clients []string) {
	for _, k := range keys {
		conversations = append(conversations, k.ConversationID)
		types = append(types, string(k.SenderType))
		senders = append(senders, k.SenderID)
		clients = append(clients, k.ClientID)
	}
	return conversations, types, senders, clients
}
