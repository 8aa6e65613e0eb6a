package services

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"

	"parley/models"
)

// Filter selects the conversations of a list.
type Filter string

// The filters of the REST API.
const (
	FilterUnassigned Filter = "unassigned" // open, without an agent
	FilterMine       Filter = "mine"       // open, assigned to the caller
	FilterAll        Filter = "all"        // every conversation with a message
)

// ParseFilter reads a filter. An empty text is unassigned. Error: Invalid.
func ParseFilter(text string) (Filter, error) {
	switch f := Filter(text); f {
	case "":
		return FilterUnassigned, nil
	case FilterUnassigned, FilterMine, FilterAll:
		return f, nil
	}
	return "", Refuse(Invalid, "filter must be unassigned, mine or all.")
}

// ListQuery selects a page of a list.
type ListQuery struct {
	Filter Filter
	Search string // optional: part of the end user's display name or external id, in any case
	Limit  int
	Cursor string // empty for the first page
}

// List returns conversations with their end user and open session, newest first, and the cursor of the next page; empty
// on the last page. Error: Invalid for a cursor that List did not return, or a search that is too long.
func (s *Conversations) List(ctx context.Context, agent models.User,
	q ListQuery) ([]models.Conversation, string, error) {
	query := s.filtered(ctx, agent, q.Filter).Preload("EndUser").
		Preload("ActiveSession", "status = ?", models.SessionOpen)
	if search := strings.TrimSpace(q.Search); search != "" {
		if !storable(search) || utf8.RuneCountInString(search) > maxSearch {
			return nil, "", Refuse(Invalid, "A search must have at most %d characters.", maxSearch)
		}
		query = query.Where("conversations.end_user_id IN (?)", s.endUsersLike(ctx, agent.OrganizationID, search))
	}
	if q.Cursor != "" {
		at, id, err := parseCursor(q.Cursor)
		if err != nil {
			return nil, "", err
		}
		query = query.Where("(conversations.updated_at, conversations.id) < (?, ?)", at, id)
	}
	var found []models.Conversation
	err := query.Order("conversations.updated_at DESC, conversations.id DESC").Limit(q.Limit + 1).Find(&found).Error
	if err != nil {
		return nil, "", fmt.Errorf("list conversations: %w", err)
	}
	if len(found) <= q.Limit {
		return found, "", nil
	}
	last := found[q.Limit-1]
	return found[:q.Limit], formatCursor(last.UpdatedAt, last.ID), nil
}

// endUsersLike selects the ids of end users whose name or external id contains text.
func (s *Conversations) endUsersLike(ctx context.Context, organizationID, text string) *gorm.DB {
	var like []string
	var patterns []any
	for _, pattern := range likePatterns(text) {
		like = append(like, `LOWER(display_name) LIKE ? ESCAPE '\' OR LOWER(external_id) LIKE ? ESCAPE '\'`)
		patterns = append(patterns, pattern, pattern)
	}
	return s.db.Read.WithContext(ctx).Model(&models.EndUser{}).Select("id").
		Where("organization_id = ?", organizationID).Where("("+strings.Join(like, " OR ")+")", patterns...)
}

// likePatterns returns LIKE patterns that find text in LOWER(name). On SQLite, and in some locales on PostgreSQL, LOWER
// changes ASCII letters only. So other letters are tried in the spellings that names have: lower case, upper case, and
// capitalized.
func likePatterns(text string) (patterns []string) {
	asciiLower := func(r rune) rune {
		if r <= unicode.MaxASCII {
			return unicode.ToLower(r)
		}
		return r
	}
	text = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
	for _, spelling := range []string{strings.ToLower(text), strings.ToUpper(text), capitalized(text)} {
		pattern := "%" + strings.Map(asciiLower, spelling) + "%"
		if !slices.Contains(patterns, pattern) {
			patterns = append(patterns, pattern)
		}
	}
	return patterns
}

func capitalized(text string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		before := inWord
		if inWord = unicode.IsLetter(r); !before {
			return unicode.ToTitle(r)
		}
		return unicode.ToLower(r)
	}, text)
}

// Counts returns the number of conversations of each filter.
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
	query := s.db.Read.WithContext(ctx).Where("conversations.organization_id = ? AND conversations.last_seq > 0",
		agent.OrganizationID)
	open := "JOIN conversation_sessions AS s ON s.conversation_id = conversations.id AND s.organization_id = ? AND " +
		"s.status = 'open' AND s.assigned_agent_id "
	switch filter {
	case FilterUnassigned:
		query = query.Joins(open+"IS NULL", agent.OrganizationID)
	case FilterMine:
		query = query.Joins(open+"= ?", agent.OrganizationID, agent.ID)
	}
	return query
}

// LastMessages returns the newest message of each conversation, by conversation.
func (s *Conversations) LastMessages(ctx context.Context, organizationID string,
	conversations []models.Conversation) (map[string]models.Message, error) {
	pairs := make([][]any, len(conversations))
	for i, c := range conversations {
		pairs[i] = []any{c.ID, c.LastSeq}
	}
	if len(pairs) == 0 {
		return nil, nil
	}
	var messages []models.Message
	err := s.db.Read.WithContext(ctx).Where("organization_id = ? AND (conversation_id, seq) IN ?", organizationID,
		pairs).Find(&messages).Error
	if err != nil {
		return nil, fmt.Errorf("last messages: %w", err)
	}
	last := map[string]models.Message{}
	for _, m := range messages {
		last[m.ConversationID] = m
	}
	return last, nil
}

const maxSearch = 100 // characters

// A cursor is the updated_at, in microseconds, and the id of the last row of a page.
func formatCursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", at.UnixMicro(), id))
}

func parseCursor(cursor string) (at time.Time, id string, err error) {
	var micros int64
	text, decodeErr := base64.RawURLEncoding.DecodeString(cursor)
	_, scanErr := fmt.Sscanf(string(text), "%d %s", &micros, &id)
	if decodeErr != nil || scanErr != nil || micros < 0 || !models.ValidID(id) {
		return at, "", Refuse(Invalid, "cursor is not from a list. Start again without it.")
	}
	return time.UnixMicro(micros).UTC(), id, nil
}
