package services

import (
	"context"
	"fmt"

	"parley/models"
)

// Ref is what never changes of a conversation: whose it is and who answers in it. LastSeq is the newest message when it
// was read.
type Ref struct {
	ID             string
	OrganizationID string
	ChannelID      string
	BotID          string
	EndUserID      string
	ExternalID     string
	LastSeq        int64
}

// Conversations finds and lists conversations and leads their sessions.
type Conversations struct {
	db        *models.DB
	publisher Publisher
	clock     Clock
}

// NewConversations makes the service.
func NewConversations(db *models.DB, publisher Publisher, clock Clock) *Conversations {
	return &Conversations{db: db, publisher: publisher, clock: clock}
}

// ForAgent finds a conversation of the agent's organization, written in or not. Error: NotFound.
func (s *Conversations) ForAgent(ctx context.Context, organizationID, id string) (Ref, error) {
	return s.ref(ctx, "c.organization_id = ? AND c.id = ?", organizationID, id)
}

// ForEndUser finds a conversation by the proof an end user has: its id and their external_id. Errors: NotFound if there
// is no such conversation, Forbidden if it is another end user's.
func (s *Conversations) ForEndUser(ctx context.Context, id, externalID string) (Ref, error) {
	ref, err := s.ref(ctx, "c.id = ?", id)
	if err == nil && ref.ExternalID != externalID {
		return Ref{}, Refuse(Forbidden, "external_id does not belong to this conversation.")
	}
	return ref, err
}

func (s *Conversations) ref(ctx context.Context, where string, args ...any) (Ref, error) {
	if !models.ValidID(args[len(args)-1].(string)) {
		return Ref{}, Refuse(NotFound, "Conversation not found.")
	}
	var refs []Ref
	err := s.db.Read.WithContext(ctx).Table("conversations AS c").
		Select("c.id, c.organization_id, c.channel_id, c.end_user_id, c.last_seq, ch.bot_id, e.external_id").
		Joins("JOIN channels AS ch ON ch.id = c.channel_id").
		Joins("JOIN end_users AS e ON e.id = c.end_user_id").
		Where(where, args...).Limit(1).Scan(&refs).Error
	if err != nil {
		return Ref{}, fmt.Errorf("find conversation: %w", err)
	}
	if len(refs) == 0 {
		return Ref{}, Refuse(NotFound, "Conversation not found.")
	}
	return refs[0], nil
}

// LastSeq is the number of the conversation's newest message.
func (s *Conversations) LastSeq(ctx context.Context, ref Ref) (last int64, err error) {
	err = s.db.Read.WithContext(ctx).Model(&models.Conversation{}).Select("last_seq").
		Where("organization_id = ? AND id = ?", ref.OrganizationID, ref.ID).Scan(&last).Error
	if err != nil {
		return 0, fmt.Errorf("read last seq: %w", err)
	}
	return last, nil
}

// Get returns one conversation as List does. Error: NotFound.
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
		return models.Conversation{}, Refuse(NotFound, "Conversation not found.")
	}
	return found[0], nil
}
