package services

import (
	"context"
	"fmt"

	"parley/models"
)

// Senders are the users and bots of an organization, as those who read their messages see them. They are looked up by
// type first, because an end user chooses the external id that is their sender id, and may choose the id of an agent.
type Senders struct {
	users map[string]Agent // removed ones too: old messages are theirs
	bots  map[string]Agent
}

// NewSenders makes Senders of users and bots.
func NewSenders(users, bots []Agent) Senders {
	s := Senders{users: map[string]Agent{}, bots: map[string]Agent{}}
	for _, user := range users {
		s.users[user.ID] = user
	}
	for _, bot := range bots {
		s.bots[bot.ID] = bot
	}
	return s
}

// Of returns the user or bot that sent a message; the zero Agent for an end user, who is none.
func (s Senders) Of(senderType models.SenderType, id string) Agent {
	switch senderType {
	case models.SenderAgent:
		return s.users[id]
	case models.SenderBot:
		return s.bots[id]
	}
	return Agent{}
}

// User returns a user by id, or the zero Agent.
func (s Senders) User(id string) Agent { return s.users[id] }

// Users returns every user by id.
func (s Senders) Users() map[string]Agent { return s.users }

// Senders returns the users and bots of an organization.
func (s *Organizations) Senders(ctx context.Context, organizationID string) (Senders, error) {
	users, err := s.agents(ctx, models.User{}, organizationID)
	if err != nil {
		return Senders{}, fmt.Errorf("read users: %w", err)
	}
	bots, err := s.agents(ctx, models.Bot{}, organizationID)
	if err != nil {
		return Senders{}, fmt.Errorf("read bots: %w", err)
	}
	return NewSenders(users, bots), nil
}

// UserNames returns what the users of an organization are called, by id.
func (s *Organizations) UserNames(ctx context.Context, organizationID string) (map[string]string, error) {
	users, err := s.agents(ctx, models.User{}, organizationID)
	names := map[string]string{}
	for _, user := range users {
		names[user.ID] = user.Name
	}
	return names, err
}

// agents reads the names and photos of a model's rows.
func (s *Organizations) agents(ctx context.Context, model any, organizationID string) (agents []Agent, err error) {
	err = s.db.Read.WithContext(ctx).Model(model).Select("id, name, COALESCE(photo_id, '') AS photo_id").
		Where("organization_id = ?", organizationID).Find(&agents).Error
	return agents, err
}
