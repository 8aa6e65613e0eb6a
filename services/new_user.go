package services

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"parley/models"
)

// newUser checks what is to become a user. Errors are Invalid.
func (s *Login) newUser(ctx context.Context, organizationID, email, name, password string,
	role models.Role) (models.User, error) {
	email, err := cleanEmail(email)
	if err != nil {
		return models.User{}, err
	}
	if name, err = properName("name", "name", name); err != nil {
		return models.User{}, err
	}
	hash, err := s.HashPassword(ctx, password)
	if err != nil {
		return models.User{}, err
	}
	now := s.clock()
	return models.User{
		ID:             models.NewID(),
		OrganizationID: organizationID,
		Email:          email,
		Name:           name,
		PasswordHash:   hash,
		Role:           role,
		LoginVersion:   1,
		CreatedAt:      now,
		UpdatedAt:      now,
	}, nil
}

func createUser(tx *gorm.DB, user *models.User) error {
	err := tx.Create(user).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return emailTaken()
	}
	return err
}

func emailTaken() *Error {
	return &Error{
		Kind:    Conflict,
		Message: "Somebody uses this e-mail address already.",
		Field:   "email",
	}
}
