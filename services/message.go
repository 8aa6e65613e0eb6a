package services

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
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

	repeatTimeout = 2 * time.Second // limit for the lookup of a stored message
)

// Sender is who writes a message. It comes from what the socket or session has proven, never from a payload.
type Sender struct {
	Type models.SenderType
	ID   string // external_id or user id
}

// Draft is a message to send.
type Draft struct {
	Conversation Ref
	Sender       Sender
	ContentType  string
	Content      string
	RichMedia    json.RawMessage
	ClientID     string  // optional: the sender's own id, which makes a repeated send the same message
	Receipt      Receipt // optional
}

// Sent is a stored message. Duplicate means that an earlier send stored it.
type Sent struct {
	Message   models.Message
	Duplicate bool
	Encoded   []byte // set by a Receipt that has encoded the message, so that the Publisher need not do it again
}

// Receipt reports how a send ended. Both methods are called once for every send, Stored first, from the same goroutine.
// They must not block: other senders wait behind them.
type Receipt interface {
	// Stored is called when the message is durable, or with the reason why it was not stored.
	Stored(*Sent, error)
	// Delivered is called when everything that this send publishes, if anything, was handed to the sockets.
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
	published *recently
	seed      maphash.Seed
}

// NewMessages creates the service and starts its writers; Close ends them. rate limits the messages of an end user.
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
		count = max(1, min(2, runtime.GOMAXPROCS(0)/2)) // more writers only make batches smaller
	}
	answers := &answerCache{}
	m.published = newRecently(clock)
	for range count {
		m.writers = append(m.writers, startWriter(db, publisher, clock, answers, m.published))
	}
	return m
}

// Close stores and publishes the messages that were accepted, then ends the writers. Later sends are Unavailable.
func (m *Messages) Close() {
	for _, w := range m.writers {
		w.close()
	}
}

// Stored returns how many messages this process has stored.
func (m *Messages) Stored() (stored int64) {
	for _, w := range m.writers {
		stored += w.stored.Load()
	}
	return stored
}

// Send stores a message and publishes it. It reports the result to the draft's Receipt after the commit, from this or
// another goroutine. Messages of one conversation keep the order in which they are sent. Send waits only while the
// writer's queue is full.
//
// Errors: Invalid for a body that breaks the rules, RateLimited for an end user above the rate, Conflict for an agent
// without an open session and for a second answer to the same question, NotFound, Unavailable.
func (m *Messages) Send(ctx context.Context, draft Draft) {
	j, err := m.check(ctx, draft)
	if err == nil {
		err = m.writerOf(draft.Conversation).add(ctx, j)
	}
	if err != nil {
		sent, err := m.repeated(ctx, draft, err)
		finish(m.publisher, m.published, &outcome{job: j, sent: sent, err: err})
	}
}

// SendAndWait calls Send and waits for its result.
func (m *Messages) SendAndWait(ctx context.Context, draft Draft) (Sent, error) {
	stored := make(storedReceipt, 1)
	draft.Receipt = stored
	m.Send(ctx, draft)
	answer := <-stored
	return answer.sent, answer.err
}

// storedReceipt passes the result to a caller that waits.
type storedReceipt chan outcome

func (r storedReceipt) Stored(sent *Sent, err error) { r <- outcome{sent: *sent, err: err} }
func (storedReceipt) Delivered()                     {}

// check validates a draft and makes a job of it. The job is valid even with an error: it carries the Receipt.
func (m *Messages) check(ctx context.Context, draft Draft) (*job, error) {
	j := &job{
		conversation: draft.Conversation,
		sender:       draft.Sender,
		clientID:     draft.ClientID,
		receipt:      draft.Receipt,
		deadline:     time.Now().Add(sendTimeout),
	}
	var err error
	if j.body, err = ParseBody(draft.ContentType, draft.Content, draft.RichMedia); err != nil {
		return j, err
	}
	if utf8.RuneCountInString(draft.ClientID) > maxClientID || !plainLine(draft.ClientID) {
		return j, Refuse(Invalid, "client_id can have at most %d characters, and no control characters.", maxClientID)
	}
	return j, m.checkSender(ctx, draft, j.body)
}

// writerOf returns the writer of a conversation. It is always the same one, which keeps the order of its messages.
func (m *Messages) writerOf(conversation Ref) *writer {
	return m.writers[maphash.String(m.seed, conversation.ID)%uint64(len(m.writers))]
}

// repeated returns the stored message if a message above the rate is a repeat of it. A client that sends again because
// it missed the acknowledgement must not read that its message failed.
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
			return Refuse(Invalid, "Only the end user can answer with rich_media.selected.")
		}
		return nil
	}
	switch body.ContentType {
	case models.TypeText, models.TypeImage, models.TypeFile:
	default:
		return Refuse(Invalid, "End users can send text, image and file only.")
	}
	if m.rate.Off() {
		return nil
	}
	wait, err := m.limiter.Allow(ctx, "message:"+draft.Conversation.OrganizationID+":"+draft.Sender.ID, m.rate)
	if err != nil {
		return fmt.Errorf("limit messages: %w", err)
	}
	if wait > 0 {
		return &Error{
			Kind:       RateLimited,
			Message:    "You are sending messages too fast. Wait a moment and try again.",
			RetryAfter: wait,
			Silent:     true,
		}
	}
	return nil
}

// Page selects messages of a conversation. Offset counts back from the newest. If BeforeSeq or AfterSeq is not
// negative, the page is selected by seq instead.
type Page struct {
	Limit               int
	Offset              int
	BeforeSeq, AfterSeq int64
}

// LatestPage selects the newest messages.
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

// FirstOf returns the seq of a session's first message. Error: NotFound.
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

// Answers returns the choices that end users picked, by the id of the message that offered them.
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

const unreadWindow = 100 // how many of the newest messages Unread looks at

// Unread counts the recent messages of the end user that no agent has read, by conversation.
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
	// A subquery for each conversation, because PostgreSQL would read the whole table for a join.
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

// MarkRead stores that reader has read messages of the conversation, and publishes those that are new to it. It skips
// the reader's own messages. Errors: Invalid for malformed or too many ids, NotFound if a message is not in this
// conversation.
func (m *Messages) MarkRead(ctx context.Context, ref Ref, reader Sender, messageIDs []string) error {
	messageIDs = slices.Compact(slices.Sorted(slices.Values(messageIDs)))
	if len(messageIDs) == 0 || len(messageIDs) > maxReadIDs || !allValid(messageIDs) {
		return Refuse(Invalid, "message_ids must list 1 to %d valid message ids.", maxReadIDs)
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
