package models

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// ClientKey is what makes a client_id unique: a repeat of it is the same message.
type ClientKey struct {
	ConversationID string
	SenderType     SenderType
	SenderID       string
	ClientID       string
}

// BatchQuery names what a batch of sends needs to know. ConversationIDs are sorted and unique: every writer locks in
// the same order, or two batches would wait for each other.
type BatchQuery struct {
	New             []NewConversation // stored first, unless they are there
	Now             time.Time
	ConversationIDs []string
	BotIDs          []string
	ClientKeys      []ClientKey
	ControlIDs      []string // messages that are being answered
}

// NewConversation is a conversation that its first message stores, together with its end user. Where the end user is
// known already, a display name that is not empty replaces theirs.
type NewConversation struct {
	ID             string
	OrganizationID string
	ChannelID      string
	EndUserID      string // if there is no such end user yet
	ExternalID     string
	DisplayName    string
	EmbedTokenID   string // empty: not known
}

// newEndUsers returns the conversations of query.New by end user, one for each, and in the same order for every writer,
// or two batches would wait for each other.
func (query BatchQuery) newEndUsers() []NewConversation {
	sorted := slices.SortedStableFunc(slices.Values(query.New), func(a, b NewConversation) int {
		return cmp.Or(strings.Compare(a.OrganizationID, b.OrganizationID), strings.Compare(a.ExternalID, b.ExternalID),
			strings.Compare(b.DisplayName, a.DisplayName)) // with a name first
	})
	return slices.CompactFunc(sorted, func(a, b NewConversation) bool {
		return a.OrganizationID == b.OrganizationID && a.ExternalID == b.ExternalID
	})
}

// newConversations returns query.New by conversation, like newEndUsers.
func (query BatchQuery) newConversations() []NewConversation {
	sorted := slices.SortedStableFunc(slices.Values(query.New), func(a, b NewConversation) int {
		return strings.Compare(a.ID, b.ID)
	})
	return slices.CompactFunc(sorted, func(a, b NewConversation) bool { return a.ID == b.ID })
}

// keepName is what becomes of an end user who is known when a conversation of theirs is new.
const keepName = ` ON CONFLICT (organization_id, external_id) DO UPDATE
	SET display_name = excluded.display_name, updated_at = excluded.updated_at
	WHERE excluded.display_name <> '' AND excluded.display_name <> end_users.display_name`

// BatchState is the answer, true until the batch commits: the conversations in it are locked.
type BatchState struct {
	LastSeq  map[string]int64               // by conversation; absent if there is no such conversation
	Sessions map[string]ConversationSession // the open one by conversation: ID and AssignedAgentID only
	Bots     map[string]Bot
	Repeats  map[ClientKey]Message // already stored
	Controls map[string]Message    // by id
	Answered map[string]bool       // by id of the control
}

// BatchRows is what the batch stores.
type BatchRows struct {
	Sessions []ConversationSession
	Messages []Message
	Touched  []Touch // all with the same UpdatedAt
}

// Touch moves a conversation on to its newest message.
type Touch struct {
	ConversationID string
	LastSeq        int64
	UpdatedAt      time.Time
}

// WriteMessages runs one transaction: it stores the new conversations of query, locks its conversations, reads what it
// names, asks decide what to store, stores it and commits. On an error nothing is stored. decide must not block or
// touch the database. Like the function of Transact it runs again, on a new state, when the database refuses the
// transaction because of others.
func (db *DB) WriteMessages(ctx context.Context, query BatchQuery, decide func(BatchState) BatchRows) error {
	return retry(ctx, func() error {
		if db.Postgres() {
			return db.writeMessagesPostgres(ctx, query, decide)
		}
		return db.writeMessagesSQLite(ctx, query, decide)
	})
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

// The columns that both databases read into a Message, in the order of messageFields.
const messageColumns = `id, organization_id, conversation_id, session_id, seq, sender_type, sender_id, client_id,
	content_type, content, rich_media, answers_id, created_at`

func messageFields(m *Message) []any {
	return []any{&m.ID, &m.OrganizationID, &m.ConversationID, &m.SessionID, &m.Seq, &m.SenderType, &m.SenderID,
		&m.ClientID,
		&m.ContentType, &m.Content, &m.RichMedia, &m.AnswersID, &m.CreatedAt}
}

// messageValues is what messageFields reads.
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

// scanner is a row of either database.
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
