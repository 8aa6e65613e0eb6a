package services

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"parley/models"
)

// Filter says which conversations a list shows.
type Filter string

// The guide's filters.
const (
	FilterUnassigned Filter = "unassigned" // open and nobody's
	FilterMine       Filter = "mine"       // open and the caller's
	FilterAll        Filter = "all"        // every one that was ever written in
)

// ParseFilter reads a filter; nothing given is unassigned. Error: Invalid.
func ParseFilter(text string) (Filter, error) {
	switch f := Filter(text); f {
	case "":
		return FilterUnassigned, nil
	case FilterUnassigned, FilterMine, FilterAll:
		return f, nil
	}
	return "", Refuse(Invalid, "filter must be unassigned, mine or all.")
}

// Ref is what never changes of a conversation: whose it is and who answers in it. LastSeq is the newest message when it was read.
type Ref struct {
	ID             string
	OrganizationID string
	ChannelID      string
	BotID          string
	EndUserID      string
	ExternalID     string
	LastSeq        int64
}

// Conversations lists, assigns and resolves conversations.
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

// ForEndUser finds a conversation by the proof an end user has: its id and their external_id. Errors: NotFound if there is no
// such conversation, Forbidden if it is another end user's.
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

// List returns conversations with their end user and open session, newest first, and the cursor of the next page, if any.
// Error: Invalid for a cursor that no List gave.
func (s *Conversations) List(ctx context.Context, agent models.User, filter Filter, limit int, cursor string) ([]models.Conversation, string, error) {
	query := s.filtered(ctx, agent, filter).Preload("EndUser").Preload("ActiveSession", "status = ?", models.SessionOpen)
	if cursor != "" {
		at, id, err := parseCursor(cursor)
		if err != nil {
			return nil, "", err
		}
		query = query.Where("(conversations.updated_at, conversations.id) < (?, ?)", at, id)
	}
	var found []models.Conversation
	err := query.Order("conversations.updated_at DESC, conversations.id DESC").Limit(limit + 1).Find(&found).Error
	if err != nil {
		return nil, "", fmt.Errorf("list conversations: %w", err)
	}
	if len(found) <= limit {
		return found, "", nil
	}
	last := found[limit-1]
	return found[:limit], formatCursor(last.UpdatedAt, last.ID), nil
}

// Counts is how many conversations each filter shows.
func (s *Conversations) Counts(ctx context.Context, agent models.User) (map[Filter]int64, error) {
	counts := map[Filter]int64{}
	for _, filter := range []Filter{FilterUnassigned, FilterMine, FilterAll} {
		var n int64
		if err := s.filtered(ctx, agent, filter).Model(&models.Conversation{}).Count(&n).Error; err != nil {
			return nil, fmt.Errorf("count conversations: %w", err)
		}
		counts[filter] = n
	}
	return counts, nil
}

func (s *Conversations) filtered(ctx context.Context, agent models.User, filter Filter) *gorm.DB {
	query := s.db.Read.WithContext(ctx).Where("conversations.organization_id = ? AND conversations.last_seq > 0", agent.OrganizationID)
	open := "JOIN conversation_sessions AS s ON s.conversation_id = conversations.id AND s.organization_id = ? AND s.status = 'open' AND s.assigned_agent_id "
	switch filter {
	case FilterUnassigned:
		query = query.Joins(open+"IS NULL", agent.OrganizationID)
	case FilterMine:
		query = query.Joins(open+"= ?", agent.OrganizationID, agent.ID)
	}
	return query
}

// LastMessages returns the newest message of each conversation, by conversation.
func (s *Conversations) LastMessages(ctx context.Context, organizationID string, conversations []models.Conversation) (map[string]models.Message, error) {
	pairs := make([][]any, len(conversations))
	for i, c := range conversations {
		pairs[i] = []any{c.ID, c.LastSeq}
	}
	if len(pairs) == 0 {
		return nil, nil
	}
	var messages []models.Message
	err := s.db.Read.WithContext(ctx).Where("organization_id = ? AND (conversation_id, seq) IN ?", organizationID, pairs).Find(&messages).Error
	if err != nil {
		return nil, fmt.Errorf("last messages: %w", err)
	}
	last := map[string]models.Message{}
	for _, m := range messages {
		last[m.ConversationID] = m
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

// Assign gives the open session to agent. Of many agents at once exactly one gets it; one's own again is returned unchanged.
// Errors: NotFound, Conflict when it is another's or none is open.
func (s *Conversations) Assign(ctx context.Context, agent models.User, id string) (models.ConversationSession, error) {
	claimed := false
	session, err := s.changeSession(ctx, agent.OrganizationID, id, func(tx *gorm.DB, session *models.ConversationSession) error {
		if session.AssignedAgentID != nil {
			if *session.AssignedAgentID == agent.ID {
				return nil
			}
			return claimedBy(tx, agent.OrganizationID, *session.AssignedAgentID)
		}
		now := s.clock()
		result := tx.Model(&models.ConversationSession{}).
			Where("organization_id = ? AND id = ? AND status = ? AND assigned_agent_id IS NULL", agent.OrganizationID, session.ID, models.SessionOpen).
			Updates(map[string]any{"assigned_agent_id": agent.ID, "assigned_at": now})
		if result.Error != nil {
			return result.Error
		}
		if result.RowsAffected == 0 {
			return Refuse(Conflict, "This conversation was claimed by someone else.")
		}
		session.AssignedAgentID, session.AssignedAt, claimed = &agent.ID, &now, true
		return nil
	})
	if claimed && err == nil {
		s.publisher.ConversationAssigned(agent.OrganizationID, id, agent.ID)
	}
	return session, err
}

func claimedBy(tx *gorm.DB, organizationID, agentID string) error {
	var names []string
	err := tx.Model(&models.User{}).Where("organization_id = ? AND id = ?", organizationID, agentID).Pluck("name", &names).Error
	if err != nil {
		return err
	}
	return Refuse(Conflict, "This conversation was claimed by %s.", firstOf(strings.Join(names, ""), "someone else"))
}

// Resolve closes the open session and adds tags to its tags. Errors: NotFound, Conflict when none is open, Invalid for tags.
func (s *Conversations) Resolve(ctx context.Context, organizationID, id string, tags []string) (models.ConversationSession, error) {
	session, err := s.changeSession(ctx, organizationID, id, func(tx *gorm.DB, session *models.ConversationSession) error {
		all, err := cleanTags(append(slices.Clone(session.Tags), tags...))
		if err != nil {
			return err
		}
		now := s.clock()
		session.Status, session.Tags, session.ResolvedAt = models.SessionResolved, all, &now
		return updateSession(tx, session, "status", "tags", "resolved_at")
	})
	if err == nil {
		s.publisher.ConversationResolved(organizationID, id, session.ID, session.Tags)
	}
	return session, err
}

// SetTags replaces the tags of the open session. Errors as for Resolve.
func (s *Conversations) SetTags(ctx context.Context, organizationID, id string, tags []string) (models.ConversationSession, error) {
	return s.changeSession(ctx, organizationID, id, func(tx *gorm.DB, session *models.ConversationSession) error {
		clean, err := cleanTags(tags)
		if err != nil {
			return err
		}
		session.Tags = clean
		return updateSession(tx, session, "tags")
	})
}

// changeSession runs change on the open session in a transaction that holds the conversation's lock, the one that senders
// take: what change sees stays true until it commits.
func (s *Conversations) changeSession(ctx context.Context, organizationID, id string,
	change func(*gorm.DB, *models.ConversationSession) error) (session models.ConversationSession, err error) {
	if !models.ValidID(id) {
		return session, Refuse(NotFound, "Conversation not found.")
	}
	err = s.db.Write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		query := tx.Where("organization_id = ? AND id = ?", organizationID, id)
		if s.db.Postgres() { // on SQLite the transaction itself is the lock
			query = query.Clauses(clause.Locking{Strength: "UPDATE"})
		}
		var conversation models.Conversation
		if err := query.Take(&conversation).Error; errors.Is(err, gorm.ErrRecordNotFound) {
			return Refuse(NotFound, "Conversation not found.")
		} else if err != nil {
			return err
		}
		err := tx.Where("organization_id = ? AND conversation_id = ? AND status = ?", organizationID, id, models.SessionOpen).Take(&session).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return Refuse(Conflict, "This conversation has no open session.")
		} else if err != nil {
			return err
		}
		return change(tx, &session)
	})
	return session, err
}

func updateSession(tx *gorm.DB, session *models.ConversationSession, columns ...string) error {
	result := tx.Model(&models.ConversationSession{}).Select(columns).
		Where("organization_id = ? AND id = ? AND status = ?", session.OrganizationID, session.ID, models.SessionOpen).Updates(session)
	return result.Error
}

const (
	maxTags   = 20
	maxTagLen = 50 // characters
)

// cleanTags trims, drops repeats and keeps the order. Error: Invalid.
func cleanTags(tags []string) ([]string, error) {
	clean := []string{}
	for _, tag := range tags {
		tag = strings.TrimSpace(tag)
		if tag == "" || !plainLine(tag) || utf8.RuneCountInString(tag) > maxTagLen {
			return nil, Refuse(Invalid, "A tag must have 1 to %d characters.", maxTagLen)
		}
		if !slices.Contains(clean, tag) {
			clean = append(clean, tag)
		}
	}
	if len(clean) > maxTags {
		return nil, Refuse(Invalid, "A conversation has at most %d tags.", maxTags)
	}
	return clean, nil
}

// A cursor is the updated_at, in microseconds, and id of a page's last row.
func formatCursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", at.UnixMicro(), id))
}

func parseCursor(cursor string) (at time.Time, id string, err error) {
	var micros int64
	text, decodeErr := base64.RawURLEncoding.DecodeString(cursor)
	_, scanErr := fmt.Sscanf(string(text), "%d %s", &micros, &id)
	if decodeErr != nil || scanErr != nil || micros < 0 || !models.ValidID(id) {
		return at, "", Refuse(Invalid, "cursor is not one that a list gave.")
	}
	return time.UnixMicro(micros).UTC(), id, nil
}
