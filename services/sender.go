package services

import (
	"context"
	"fmt"

	"parley/models"
)

// Senders has the names and photos of an organization's users and bots. It looks them up by type first, because end
// users choose their own sender id, the external id, and may choose the id of an agent.
type Senders struct {
	users map[string]Agent // also removed users, who still have old messages
	bots  map[string]Agent
}

// NewSenders creates Senders from users and bots.
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

// Of returns the user or bot with a type and id. It returns the zero Agent for end users.
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

// UserNames returns the names of an organization's users, by id.
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
