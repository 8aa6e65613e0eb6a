package services

import (
	"context"
	"fmt"

	"parley/models"
)

// Ref names a conversation and what never changes about it: its end user and its bot. LastSeq is the number of its
// newest message at the time of reading.
type Ref struct {
	ID             string
	OrganizationID string
	ChannelID      string
	BotID          string
	EndUserID      string // empty while unstored
	ExternalID     string
	EmbedTokenID   string // the token that opened it last; empty: not known
	LastSeq        int64

	// Unstored means that the conversation had no row at the time of reading. The end user's first message stores it,
	// with DisplayName. Another socket may have stored it since.
	Unstored    bool
	DisplayName string // if Unstored: the name that the page was opened with
}

// Conversations finds and lists conversations and changes their sessions.
type Conversations struct {
	db        *models.DB
	openings  OpeningStore
	publisher Publisher
	clock     Clock
}

// NewConversations creates the service.
func NewConversations(db *models.DB, openings OpeningStore, publisher Publisher, clock Clock) *Conversations {
	return &Conversations{db: db, openings: openings, publisher: publisher, clock: clock}
}

// ForAgent finds a stored conversation of the agent's organization. Error: NotFound.
func (s *Conversations) ForAgent(ctx context.Context, organizationID, id string) (Ref, error) {
	found, err := s.find(ctx, "c.organization_id = ? AND c.id = ?", organizationID, id)
	return found.Ref, err
}

// ForAgentToJoin is ForAgent for sockets, which may wait for the first message: it also finds unstored conversations.
func (s *Conversations) ForAgentToJoin(ctx context.Context, organizationID, id string) (Ref, error) {
	ref, err := s.ForAgent(ctx, organizationID, id)
	if KindOf(err) != NotFound {
		return ref, err
	}
	channel, err := s.channelOf(ctx, id)
	if err != nil {
		return Ref{}, err
	}
	if channel.OrganizationID != organizationID {
		return Ref{}, conversationNotFound()
	}
	return unstoredRef(id, channel), nil
}

// foundConversation is a conversation. Closed means that its end user may not open it.
type foundConversation struct {
	Ref
	Closed bool
}

func (s *Conversations) find(ctx context.Context, where string, args ...any) (foundConversation, error) {
	if !models.ValidID(args[len(args)-1].(string)) {
		return foundConversation{}, conversationNotFound()
	}
	var found []foundConversation
	err := s.db.Read.WithContext(ctx).Table("conversations AS c").
		Select("c.id, c.organization_id, c.channel_id, c.end_user_id, c.last_seq, ch.bot_id, e.external_id, "+
			"c.embed_token_id, "+closed("c.embed_token_id", "c.channel_id")+" AS closed").
		Joins("JOIN channels AS ch ON ch.id = c.channel_id").
		Joins("JOIN end_users AS e ON e.id = c.end_user_id").
		Where(where, args...).Limit(1).Scan(&found).Error
	if err != nil {
		return foundConversation{}, fmt.Errorf("find conversation: %w", err)
	}
	if len(found) == 0 {
		return foundConversation{}, conversationNotFound()
	}
	return found[0], nil
}

// channelOf returns the channel that the id of a conversation names. Error: NotFound.
func (s *Conversations) channelOf(ctx context.Context, id string) (models.Channel, error) {
	prefix := conversationPrefix(id)
	if prefix == "" {
		return models.Channel{}, conversationNotFound()
	}
	var channels []models.Channel
	err := s.db.Read.WithContext(ctx).Where("conversation_prefix = ?", prefix).Limit(1).Find(&channels).Error
	if err != nil {
		return models.Channel{}, fmt.Errorf("find channel of conversation: %w", err)
	}
	if len(channels) == 0 {
		return models.Channel{}, conversationNotFound()
	}
	return channels[0], nil
}

func unstoredRef(id string, channel models.Channel) Ref {
	return Ref{
		ID:             id,
		OrganizationID: channel.OrganizationID,
		ChannelID:      channel.ID,
		BotID:          channel.BotID,
		Unstored:       true,
	}
}

func conversationNotFound() *Error { return Refuse(NotFound, "Conversation not found.") }

func notYourConversation() *Error {
	return Refuse(Forbidden, "external_id does not belong to this conversation.")
}

// LastSeq returns the number of the conversation's newest message; 0 if it has none.
func (s *Conversations) LastSeq(ctx context.Context, ref Ref) (last int64, err error) {
	err = s.db.Read.WithContext(ctx).Model(&models.Conversation{}).Select("last_seq").
		Where("organization_id = ? AND id = ?", ref.OrganizationID, ref.ID).Scan(&last).Error
	if err != nil {
		return 0, fmt.Errorf("read last seq: %w", err)
	}
	return last, nil
}

// Get returns a conversation with its end user and open session. Error: NotFound.
func (s *Conversations) Get(ctx context.Context, organizationID, id string) (models.Conversation, error) {
	var found []models.Conversation
	if models.ValidID(id) {
		err := s.db.Read.WithContext(ctx).Preload("EndUser").Preload("ActiveSession", "status = ?", models.SessionOpen).
			Where("organization_id = ? AND id = ?", organizationID, id).Limit(1).Find(&found).Error
		if err != nil {
			return models.Conversation{}, fmt.Errorf("get conversation: %w", err)
		}
	}
	if len(found) == 0 {
		return models.Conversation{}, conversationNotFound()
	}
	return found[0], nil
}
