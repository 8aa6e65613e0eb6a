package services

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"parley/models"
)

const (
	maxClientID = 64  // characters
	maxReadIDs  = 500 // message_ids in one mark_read

	repeatTimeout = 5 * time.Second // of looking for a message that may be stored already
)

// Sender is who writes, as it was proven, never as a payload says.
type Sender struct {
	Type models.SenderType
	ID   string // external_id or user id
}

// Draft is a message as it was sent.
type Draft struct {
	Conversation Ref
	Sender       Sender
	ContentType  string
	Content      string
	RichMedia    json.RawMessage
	ClientID     string  // optional: a repeat of it by the same sender is the same message
	Receipt      Receipt // optional: learns how the send ended
}

// Sent is a stored message. Duplicate means that it was stored before, and is not published again.
type Sent struct {
	Message   models.Message
	Duplicate bool
	Encoded   []byte // what the Receipt has sent of it, for the Publisher to send to others; nil if it has not
}

// Receipt learns how a send ended. Each of its methods is called once for every send, Stored first, both from the same
// goroutine. They must not block: other senders wait behind them.
type Receipt interface {
	// Stored comes when the message is durable, or with the error why it is not.
	Stored(*Sent, error)
	// Delivered comes when everything that this send publishes is on its way, even if that is nothing.
	Delivered()
}

// Messages sends and reads messages.
type Messages struct {
	db        *models.DB
	limiter   Limiter
	rate      Rate
	publisher Publisher
	clock     Clock
	writers   []*writer
	seed      maphash.Seed
}

// NewMessages starts the writers: Close ends them. rate limits end users' messages by external_id.
func NewMessages(db *models.DB, limiter Limiter, rate Rate, publisher Publisher, clock Clock) *Messages {
	m := &Messages{
		db:        db,
		limiter:   limiter,
		rate:      rate,
		publisher: publisher,
		clock:     clock,
		seed:      maphash.MakeSeed(),
	}
	count := 1
	if db.Postgres() {
		count = max(1, min(2, runtime.GOMAXPROCS(0)/2)) // more only split batches, on two cores two do already
	}
	scripts := &scripts{}
	for range count {
		m.writers = append(m.writers, startWriter(db, publisher, clock, scripts))
	}
	return m
}

// Close stores and publishes what was accepted, then ends the writers. Later sends are Unavailable.
func (m *Messages) Close() {
	for _, w := range m.writers {
		w.close()
	}
}

// Send stores a message and publishes it. After the commit it reports to the draft's Receipt, from this goroutine or
// from another one. Sends of one conversation keep their order. It waits only while the writer's queue is full.
//
// Errors: Invalid for a body against the rules, RateLimited for an end user above the rate, Conflict for an agent
// without an open session or an answer to what was answered, NotFound, Unavailable.
func (m *Messages) Send(ctx context.Context, draft Draft) {
	j, err := m.check(ctx, draft)
	if err == nil {
		err = m.writerOf(draft.Conversation).add(ctx, j)
	}
	if err != nil {
		sent, err := m.repeated(ctx, draft, err)
		finish(m.publisher, &outcome{job: j, sent: sent, err: err})
	}
}

// SendAndWait is Send for a caller that waits for the answer.
func (m *Messages) SendAndWait(ctx context.Context, draft Draft) (Sent, error) {
	stored := make(storedReceipt, 1)
	draft.Receipt = stored
	m.Send(ctx, draft)
	answer := <-stored
	return answer.sent, answer.err
}

// storedReceipt is the Receipt of a caller that waits.
type storedReceipt chan outcome

func (r storedReceipt) Stored(sent *Sent, err error) { r <- outcome{sent: *sent, err: err} }
func (storedReceipt) Delivered()                     {}

// check makes a job of a draft. With an error it is one that must not be stored.
func (m *Messages) check(ctx context.Context, draft Draft) (*job, error) {
	j := &job{
		conversation: draft.Conversation,
		sender:       draft.Sender,
		clientID:     draft.ClientID,
		receipt:      draft.Receipt,
	}
	var err error
	if j.body, err = ParseBody(draft.ContentType, draft.Content, draft.RichMedia); err != nil {
		return j, err
	}
	if utf8.RuneCountInString(draft.ClientID) > maxClientID || !plainLine(draft.ClientID) {
		return j, Refuse(Invalid, "client_id must be at most %d characters.", maxClientID)
	}
	return j, m.checkSender(ctx, draft, j.body)
}

// writerOf is always the same writer for a conversation: it keeps the order of its messages.
func (m *Messages) writerOf(conversation Ref) *writer {
	return m.writers[maphash.String(m.seed, conversation.ID)%uint64(len(m.writers))]
}

// repeated turns the refusal of a message above the rate into the message that is stored already, if it is one: who
// resends because an acknowledgement was lost must not hear that the message failed.
func (m *Messages) repeated(ctx context.Context, draft Draft, refusal error) (Sent, error) {
	if draft.ClientID == "" || KindOf(refusal) != RateLimited {
		return Sent{}, refusal
	}
	ctx, cancel := context.WithTimeout(ctx, repeatTimeout)
	defer cancel()
	var stored []models.Message
	err := m.db.Read.WithContext(ctx).Where("organization_id = ? AND conversation_id = ? AND sender_type = ? AND "+
		"sender_id = ? AND client_id = ?",
		draft.Conversation.OrganizationID, draft.Conversation.ID, draft.Sender.Type, draft.Sender.ID, draft.ClientID).
		Limit(1).Find(&stored).Error
	if err != nil || len(stored) == 0 {
		return Sent{}, refusal
	}
	return Sent{Message: stored[0], Duplicate: true}, nil
}

func (m *Messages) checkSender(ctx context.Context, draft Draft, body Body) error {
	if draft.Sender.Type != models.SenderEndUser {
		if body.Media.Selected != nil {
			return Refuse(Invalid, "Only the end user answers with a choice.")
		}
		return nil
	}
	switch body.ContentType {
	case models.TypeText, models.TypeImage, models.TypeFile:
	default:
		return Refuse(Invalid, "End users send text, image and file.")
	}
	if m.rate.Off() {
		return nil
	}
	wait, err := m.limiter.Allow(ctx, "message:"+draft.Conversation.OrganizationID+":"+draft.Sender.ID, m.rate)
	if err != nil {
		return fmt.Errorf("limit messages: %w", err)
	}
	if wait > 0 {
		refusal := limited(wait)
		refusal.Silent = true
		return refusal
	}
	return nil
}

// Page says which messages of a conversation to read: Offset counts back from the newest; BeforeSeq and AfterSeq, when
// not negative, page by key instead.
type Page struct {
	Limit               int
	Offset              int
	BeforeSeq, AfterSeq int64
}

// LatestPage is the newest limit messages.
func LatestPage(limit int) Page { return Page{Limit: limit, BeforeSeq: -1, AfterSeq: -1} }

// List returns a page of messages in chronological order.
func (m *Messages) List(ctx context.Context, ref Ref, page Page) ([]models.Message, error) {
	query := m.db.Read.WithContext(ctx).
		Where("organization_id = ? AND conversation_id = ?", ref.OrganizationID, ref.ID).Limit(page.Limit)
	var messages []models.Message
	if page.AfterSeq >= 0 {
		if page.BeforeSeq >= 0 {
			query = query.Where("seq < ?", page.BeforeSeq)
		}
		err := query.Where("seq > ?", page.AfterSeq).Order("seq").Find(&messages).Error
		return messages, err
	}
	if page.BeforeSeq >= 0 {
		query = query.Where("seq < ?", page.BeforeSeq)
	}
	err := query.Order("seq DESC").Offset(page.Offset).Find(&messages).Error
	slices.Reverse(messages)
	return messages, err
}

// FirstOf is the seq of the first message of a session. Error: NotFound.
func (m *Messages) FirstOf(ctx context.Context, ref Ref, sessionID string) (seq int64, err error) {
	if models.ValidID(sessionID) {
		err = m.db.Read.WithContext(ctx).Model(&models.Message{}).Select("COALESCE(MIN(seq), 0)").
			Where("organization_id = ? AND conversation_id = ? AND session_id = ?", ref.OrganizationID, ref.ID,
				sessionID).Scan(&seq).Error
	}
	if err == nil && seq == 0 {
		err = Refuse(NotFound, "Session not found.")
	}
	return seq, err
}

// ReadBy returns who has read each of messages, by message.
func (m *Messages) ReadBy(ctx context.Context, organizationID string,
	messages []models.Message) (map[string][]models.MessageRead, error) {
	ids := make([]string, len(messages))
	for i := range messages {
		ids[i] = messages[i].ID
	}
	var reads []models.MessageRead
	if err := m.db.Read.WithContext(ctx).Where("organization_id = ? AND message_id IN ?", organizationID, ids).
		Find(&reads).Error; err != nil {
		return nil, err
	}
	readBy := map[string][]models.MessageRead{}
	for _, read := range reads {
		readBy[read.MessageID] = append(readBy[read.MessageID], read)
	}
	return readBy, nil
}

// Answers returns, by message, the choice that was picked in those of messages whose controls were answered.
func (m *Messages) Answers(ctx context.Context, organizationID string,
	messages []models.Message) (map[string]*models.Selected, error) {
	var controls []string
	for i := range messages {
		switch messages[i].ContentType {
		case models.TypeQuickButton, models.TypeCarousel, models.TypeDropdown:
			controls = append(controls, messages[i].ID)
		}
	}
	if len(controls) == 0 {
		return nil, nil
	}
	var answers []models.Message
	err := m.db.Read.WithContext(ctx).Where("organization_id = ? AND answers_id IN ?", organizationID, controls).
		Find(&answers).Error
	if err != nil {
		return nil, fmt.Errorf("find answers: %w", err)
	}
	picked := map[string]*models.Selected{}
	for _, answer := range answers {
		var media models.RichMedia
		if err := json.Unmarshal(answer.RichMedia, &media); err == nil && media.Selected != nil {
			picked[media.Selected.MessageID] = media.Selected
		}
	}
	return picked, nil
}

const unreadWindow = 100 // the newest messages of a conversation that are looked at

// Unread counts, by conversation, the end user's messages among the newest that no agent has read.
func (m *Messages) Unread(ctx context.Context, organizationID string,
	conversations []models.Conversation) (map[string]int, error) {
	ids := make([]string, len(conversations))
	for i := range conversations {
		ids[i] = conversations[i].ID
	}
	var counts []struct {
		ID     string
		Unread int
	}
	// Counted for each by itself: joined, PostgreSQL would rather read every message there is.
	err := m.db.Read.WithContext(ctx).Raw(`SELECT c.id, (
			SELECT COUNT(*) FROM messages AS m
			WHERE m.conversation_id = c.id AND m.seq > c.last_seq - ? AND m.sender_type = ?
			AND NOT EXISTS (SELECT 1 FROM message_reads AS r WHERE r.message_id = m.id AND r.reader_type = ?)) AS unread
		FROM conversations AS c WHERE c.organization_id = ? AND c.id IN ?`,
		unreadWindow, models.SenderEndUser, models.SenderAgent, organizationID, ids).Scan(&counts).Error
	unread := map[string]int{}
	for _, count := range counts {
		if count.Unread > 0 {
			unread[count.ID] = count.Unread
		}
	}
	return unread, err
}

// MarkRead notes that reader has read messages of the conversation, and tells the room of those it had not. A message's
// own sender does not read it. Errors: Invalid for malformed or too many ids, NotFound if one is not of this
// conversation.
func (m *Messages) MarkRead(ctx context.Context, ref Ref, reader Sender, messageIDs []string) error {
	messageIDs = slices.Compact(slices.Sorted(slices.Values(messageIDs)))
	if len(messageIDs) == 0 || len(messageIDs) > maxReadIDs || !allValid(messageIDs) {
		return Refuse(Invalid, "message_ids must list 1 to %d message ids.", maxReadIDs)
	}
	var fresh []string
	now := m.clock()
	err := m.db.Transact(ctx, func(tx *gorm.DB) error {
		fresh = nil
		var messages []models.Message
		err := tx.Select("id", "sender_type", "sender_id").Order("id").
			Where("organization_id = ? AND conversation_id = ? AND id IN ?", ref.OrganizationID, ref.ID, messageIDs).
			Find(&messages).Error
		if err != nil {
			return err
		}
		if len(messages) != len(messageIDs) {
			return Refuse(NotFound, "Message not found.")
		}
		var values []any
		for _, message := range messages {
			if message.SenderType != reader.Type || message.SenderID != reader.ID {
				values = append(values, message.ID, reader.ID, ref.OrganizationID, reader.Type, now)
			}
		}
		if len(values) == 0 {
			return nil
		}
		rows := strings.TrimSuffix(strings.Repeat("(?,?,?,?,?),", len(values)/5), ",")
		return tx.Raw(`INSERT INTO message_reads (message_id, reader_id, organization_id, reader_type, read_at) VALUES `+rows+`
			ON CONFLICT DO NOTHING RETURNING message_id`, values...).Scan(&fresh).Error
	})
	if err != nil {
		return err
	}
	slices.Sort(fresh)
	if len(fresh) > 0 {
		m.publisher.MessagesRead(MessagesRead{
			ConversationID: ref.ID,
			MessageIDs:     fresh,
			ReaderType:     reader.Type,
			ReaderID:       reader.ID,
			ReadAt:         now,
		})
	}
	return nil
}

func allValid(ids []string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return !models.ValidID(id) })
}

func logFailure(what string, err error) { slog.Error(what, "error", err) }
