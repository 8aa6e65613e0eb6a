package services

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"parley/models"
)

// Profile is what users do with their own account, whatever their role.
type Profile struct {
	db        *models.DB
	passwords *Passwords
	photos    *Photos
	publisher Publisher
	audit     *Audit
	clock     Clock
}

// NewProfile makes the service.
func NewProfile(d Dependencies, passwords *Passwords, photos *Photos, audit *Audit) *Profile {
	return &Profile{
		db:        d.DB,
		passwords: passwords,
		photos:    photos,
		publisher: d.Publisher,
		audit:     audit,
		clock:     d.Clock,
	}
}

// SetName changes what others read. Error: Invalid.
func (s *Profile) SetName(ctx context.Context, user models.User, name string) error {
	name, err := properName("name", "name", name)
	if err != nil {
		return err
	}
	return s.change(ctx, user, "name: "+name, func(_ *gorm.DB, now models.User) (map[string]any, error) {
		if name == now.Name {
			return nil, nil
		}
		return map[string]any{"name": name}, nil
	})
}

// SetPhoto gives the user a picture. Errors: Invalid, TooLarge.
func (s *Profile) SetPhoto(ctx context.Context, user models.User, upload []byte) error {
	photo, err := s.photos.read(ctx, user.OrganizationID, upload)
	if err != nil {
		return err
	}
	return s.replacePhoto(ctx, user, &photo)
}

// RemovePhoto deletes the user's photo.
func (s *Profile) RemovePhoto(ctx context.Context, user models.User) error {
	return s.replacePhoto(ctx, user, nil)
}

func (s *Profile) replacePhoto(ctx context.Context, user models.User, photo *models.Photo) error {
	return s.change(ctx, user, "photo", func(tx *gorm.DB, now models.User) (map[string]any, error) {
		photoID, err := replacePhoto(tx, now.OrganizationID, now.PhotoID, photo)
		if err != nil || photoID == now.PhotoID {
			return nil, err
		}
		return map[string]any{"photo_id": photoID}, nil
	})
}

// change stores the columns that change answers, and writes into the audit log what they are about. No columns: nothing
// changes.
func (s *Profile) change(ctx context.Context, user models.User, about string,
	change func(*gorm.DB, models.User) (map[string]any, error)) error {
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := lockOrganization(tx, s.db, user.OrganizationID); err != nil {
			return err
		}
		now, err := userOf(tx, user.OrganizationID, user.ID)
		if KindOf(err) == NotFound {
			return loggedOut()
		} else if err != nil {
			return err
		}
		columns, err := change(tx, now)
		if err != nil || columns == nil {
			return err
		}
		columns["updated_at"] = s.clock()
		if err := s.update(tx, user, columns); err != nil {
			return err
		}
		return s.audit.Note(tx, now, ProfileChanged, auditName(now), about)
	})
}

// update stores columns of a user who is still there.
func (s *Profile) update(tx *gorm.DB, user models.User, columns map[string]any) error {
	result := tx.Model(&models.User{}).Where("organization_id = ? AND id = ? AND disabled_at IS NULL",
		user.OrganizationID, user.ID).Updates(columns)
	if result.Error == nil && result.RowsAffected == 0 {
		return loggedOut()
	}
	return result.Error
}

// ChangePassword changes the user's password. This login goes on; the others and their sockets end. Errors: Invalid,
// RateLimited, Conflict when the logins were changed from elsewhere at the same time.
func (s *Profile) ChangePassword(ctx context.Context, identity Identity, current, password string) error {
	user := identity.User
	err := s.passwords.Verify(ctx, user, "current_password", current)
	switch KindOf(err) {
	case "":
	case Invalid:
		s.audit.NoteLater(ctx, user, PasswordChangeFailed, "wrong password")
	default:
		return err
	}
	if err := errors.Join(err, checkPassword(password)); err != nil {
		return err
	}
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := endOtherDevices(tx, s.clock(), identity, map[string]any{"password_hash": hash}); err != nil {
			return err
		}
		return s.audit.Note(tx, user, PasswordChanged, auditName(user), "")
	})
	if err == nil {
		s.publisher.UserSessionsEnded(user.ID)
	}
	return err
}
