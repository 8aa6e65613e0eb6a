package services

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"

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

// cleanEmail is an address in the form in which it is stored. Error: Invalid.
func cleanEmail(email string) (string, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if !validEmail(email) {
		return "", refuseField("email", "The e-mail address must look like name@example.com.")
	}
	return email, nil
}

func validEmail(email string) bool {
	address, err := mail.ParseAddress(email)
	return err == nil && address.Address == email && plainLine(email) && len(email) <= 254
}

// properName is the name of a user, bot or organization without blanks around it. Error: Invalid.
func properName(field, called, name string) (string, error) {
	name = strings.TrimSpace(name)
	if !within(name, 100) || !plainLine(name) {
		return "", refuseField(field, "The %s must have 1 to 100 characters.", called)
	}
	return name, nil
}

// person names a user in the audit log: names alone are not unique.
func person(user models.User) string { return fmt.Sprintf("%s (%s)", user.Name, user.Email) }
