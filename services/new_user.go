package services

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"parley/models"
)

// newUser is a person who is about to become a user.
type newUser struct {
	OrganizationID, Email, Name, Password string
	Role                                  models.Role
}

// cleaned returns the fields in the form in which they are stored. The error joins what is wrong with each field.
func (n newUser) cleaned() (newUser, error) {
	email, emailErr := cleanEmail(n.Email)
	name, nameErr := properName("name", "name", n.Name)
	n.Email, n.Name = email, name
	return n, errors.Join(emailErr, nameErr, checkPassword(n.Password))
}

// hashed returns the user, with a hash of the password. Error: Unavailable.
func (n newUser) hashed(ctx context.Context, passwords *Passwords) (models.User, error) {
	hash, err := passwords.Hash(ctx, n.Password)
	if err != nil {
		return models.User{}, err
	}
	now := passwords.clock()
	return models.User{
		ID:             models.NewID(),
		OrganizationID: n.OrganizationID,
		Email:          n.Email,
		Name:           n.Name,
		PasswordHash:   hash,
		Role:           n.Role,
		LoginVersion:   1,
		CreatedAt:      now,
		UpdatedAt:      now,
	}, nil
}

// createUser stores a user. Error: Conflict for an email address that is taken.
func createUser(tx *gorm.DB, user *models.User) error {
	if _, taken, err := userByEmail(tx, user.Email); err != nil {
		return err
	} else if taken {
		return emailTaken()
	}
	err := tx.Create(user).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return emailTaken()
	}
	return err
}

func emailTaken() *Error {
	return &Error{
		Kind:    Conflict,
		Message: "Someone already uses this email address.",
		Field:   "email",
	}
}
