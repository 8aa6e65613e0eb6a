package services

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parley/models"
)

const (
	maxTags   = 20
	maxTagLen = 50 // characters

	suggestedTags = 50
	taggedLately  = 500 // sessions
)

// Tags returns the tags of an organization's newest tagged sessions, the most used first.
func (s *Conversations) Tags(ctx context.Context, organizationID string) ([]string, error) {
	var sessions []models.ConversationSession
	err := s.db.Read.WithContext(ctx).Select("tags").Where("organization_id = ? AND tags <> '[]'", organizationID).
		Order("created_at DESC").Limit(taggedLately).Find(&sessions).Error
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	uses := map[string]int{}
	for _, session := range sessions {
		for _, tag := range session.Tags {
			uses[tag]++
		}
	}
	tags := slices.SortedFunc(maps.Keys(uses), func(a, b string) int {
		return cmp.Or(uses[b]-uses[a], strings.Compare(a, b))
	})
	return tags[:min(len(tags), suggestedTags)], nil
}

// cleanTags trims tags and removes repeats. It keeps their order. Error: Invalid.
func cleanTags(tags []string) ([]string, error) {
	clean := []string{}
	for _, tag := range tags {
		tag = strings.TrimSpace(tag)
		if !hasLength(tag, maxTagLen) || !plainLine(tag) {
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
