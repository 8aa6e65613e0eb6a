package models

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
)

// ClientKey identifies a message by the id that its sender chose. Messages with the same key are the same message.
type ClientKey struct {
	ConversationID string
	SenderType     SenderType
	SenderID       string
	ClientID       string
}

// BatchQuery says what a batch of messages needs to read. ConversationIDs are sorted and unique, because writers that
// lock in different orders could deadlock.
type BatchQuery struct {
	New             []NewConversation // created first, unless they exist
	Now             time.Time
	ConversationIDs []string
	BotIDs          []string
	ClientKeys      []ClientKey
	ControlIDs      []string // of the messages whose buttons or options are answered
}

// NewConversation is a conversation that its first message creates, together with its end user. If the end user exists,
// a display name that is not empty replaces theirs.
type NewConversation struct {
	ID             string
	OrganizationID string
	ChannelID      string
	EndUserID      string // used if the end user does not exist yet
	ExternalID     string
	DisplayName    string
	EmbedTokenID   string // empty if unknown
}

// newEndUsers returns one conversation of query.New for each end user. It sorts them, because writers that insert in
// different orders could deadlock.
func (query BatchQuery) newEndUsers() []NewConversation {
	sorted := slices.SortedStableFunc(slices.Values(query.New), func(a, b NewConversation) int {
		return cmp.Or(strings.Compare(a.OrganizationID, b.OrganizationID), strings.Compare(a.ExternalID, b.ExternalID),
			strings.Compare(b.DisplayName, a.DisplayName)) // with a name first
	})
	return slices.CompactFunc(sorted, func(a, b NewConversation) bool {
		return a.OrganizationID == b.OrganizationID && a.ExternalID == b.ExternalID
	})
}

// newConversations returns query.New without repeats, sorted by id.
func (query BatchQuery) newConversations() []NewConversation {
	sorted := slices.SortedStableFunc(slices.Values(query.New), func(a, b NewConversation) int {
		return strings.Compare(a.ID, b.ID)
	})
	return slices.CompactFunc(sorted, func(a, b NewConversation) bool { return a.ID == b.ID })
}

// keepName keeps the name of an end user who exists, unless the new name is not empty.
const keepName = ` ON CONFLICT (organization_id, external_id) DO UPDATE
	SET display_name = excluded.display_name, updated_at = excluded.updated_at
	WHERE excluded.display_name <> '' AND excluded.display_name <> end_users.display_name`

// BatchState is what the batch has read. The conversations are locked, so it cannot become stale before the commit.
type BatchState struct {
	LastSeq  map[string]int64               // by conversation; missing if the conversation does not exist
	Sessions map[string]ConversationSession // the open session by conversation, with ID and AssignedAgentID only
	Bots     map[string]Bot
	Repeats  map[ClientKey]Message // already stored
	Controls map[string]Message    // by id
	Answered map[string]bool       // by id of the control
	Locked   map[string]bool       // conversations that another transaction holds: nothing may be written to them
}

// BatchRows is what the batch writes.
type BatchRows struct {
	Sessions []ConversationSession
	Messages []Message
	Touched  []Touch // all with the same UpdatedAt
}

// Touch updates a conversation for its newest message.
type Touch struct {
	ConversationID string
	LastSeq        int64
	UpdatedAt      time.Time
}

// WriteMessages runs one transaction: it creates the new conversations of query, locks its conversations, reads what
// query names, calls decide, and writes the rows that decide returns. It does not wait for conversations that another
// transaction holds: they are Locked. On an error nothing is written, unless it is ErrCommitUnknown: see Committed.
// decide must not block or use the database. It may run more than once, each time with new state, because a transaction
// may be retried.
func (db *DB) WriteMessages(ctx context.Context, query BatchQuery, decide func(BatchState) BatchRows) error {
	err := retry(ctx, func() error {
		if db.Postgres() {
			return db.writeMessagesPostgres(ctx, query, decide)
		}
		return db.writeMessagesSQLite(ctx, query, decide)
	})
	db.writable.note(err)
	return err
}

// Committed reports whether the transaction that wrote message was committed, once that is certain. Until then it
// returns ErrCommitUnknown, or another error if the database can't say.
func (db *DB) Committed(ctx context.Context, message Message) (committed bool, err error) {
	err = db.Transact(ctx, func(tx *gorm.DB) error {
		// The transaction in question holds the lock until it ends. A conversation that it creates is invisible
		// until then.
		var conversations, messages []string
		err := tx.Raw("SELECT id FROM conversations WHERE organization_id = ? AND id = ? FOR UPDATE",
			message.OrganizationID, message.ConversationID).Scan(&conversations).Error
		if err != nil {
			return err
		}
		if len(conversations) == 0 {
			return ErrCommitUnknown
		}
		err = tx.Raw("SELECT id FROM messages WHERE organization_id = ? AND id = ?", message.OrganizationID,
			message.ID).Scan(&messages).Error
		committed = len(messages) > 0
		return err
	})
	return committed, err
}

func newBatchState() BatchState {
	return BatchState{
		LastSeq:  map[string]int64{},
		Sessions: map[string]ConversationSession{},
		Bots:     map[string]Bot{},
		Repeats:  map[ClientKey]Message{},
		Controls: map[string]Message{},
		Answered: map[string]bool{},
	}
}

// messageColumns are the columns of a message, in the order of messageFields and messageValues.
const messageColumns = `id, organization_id, conversation_id, session_id, seq, sender_type, sender_id, client_id,
	content_type, content, rich_media, answers_id, created_at`

func messageFields(m *Message) []any {
	return []any{&m.ID, &m.OrganizationID, &m.ConversationID, &m.SessionID, &m.Seq, &m.SenderType, &m.SenderID,
		&m.ClientID, &m.ContentType, &m.Content, &m.RichMedia, &m.AnswersID, &m.CreatedAt}
}

func messageValues(m *Message) []any {
	return []any{m.ID, m.OrganizationID, m.ConversationID, m.SessionID, m.Seq, m.SenderType, m.SenderID, m.ClientID,
		m.ContentType, m.Content, m.RichMedia, m.AnswersID, m.CreatedAt}
}

func (m *Message) clientKey() ClientKey {
	key := ClientKey{
		ConversationID: m.ConversationID,
		SenderType:     m.SenderType,
		SenderID:       m.SenderID,
	}
	if m.ClientID != nil {
		key.ClientID = *m.ClientID
	}
	return key
}

// scanner is a row of a result, from either driver.
type scanner interface{ Scan(dest ...any) error }

func (s *BatchState) scanConversation(row scanner) error {
	var id string
	var last int64
	err := row.Scan(&id, &last)
	s.LastSeq[id] = last
	return err
}

func (s *BatchState) scanSession(row scanner) error {
	var session ConversationSession
	err := row.Scan(&session.ID, &session.ConversationID, &session.AssignedAgentID)
	s.Sessions[session.ConversationID] = session
	return err
}

func (s *BatchState) scanBot(row scanner) error {
	var bot Bot
	err := row.Scan(&bot.ID, &bot.Greeting, &bot.Rules, &bot.Fallback, &bot.UpdatedAt)
	s.Bots[bot.ID] = bot
	return err
}

func (s *BatchState) scanRepeat(row scanner) error {
	var m Message
	err := row.Scan(messageFields(&m)...)
	s.Repeats[m.clientKey()] = m
	return err
}

func (s *BatchState) scanControl(row scanner) error {
	var m Message
	err := row.Scan(messageFields(&m)...)
	s.Controls[m.ID] = m
	return err
}

func (s *BatchState) scanAnswered(row scanner) error {
	var id string
	err := row.Scan(&id)
	s.Answered[id] = true
	return err
}
