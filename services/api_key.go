package services

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"parley/models"
)

const usedPause = time.Minute // between two notes of a key's use

// APIKeys keeps the keys of programs. They open nothing yet.
type APIKeys struct {
	db    *models.DB
	audit *Audit
	clock Clock
}

// NewAPIKeys makes the service.
func NewAPIKeys(db *models.DB, audit *Audit, clock Clock) *APIKeys {
	return &APIKeys{db: db, audit: audit, clock: clock}
}

// Create makes a key and returns its secret, which is stored nowhere. Errors: Forbidden, Invalid, Conflict for a name
// that another key has which works: also of a form that is sent twice.
func (s *APIKeys) Create(ctx context.Context, actor models.User,
	name string) (key models.APIKey, secret string, err error) {
	if err := mustBeAdmin(actor); err != nil {
		return key, "", err
	}
	if name, err = cleanName(name); err != nil {
		return key, "", err
	}
	secret, hash := NewToken("pk_")
	key = models.APIKey{
		ID:             models.NewID(),
		OrganizationID: actor.OrganizationID,
		Name:           name,
		Prefix:         secret[:8],
		KeyHash:        hash,
		CreatedBy:      actor.ID,
		CreatedAt:      s.clock(),
	}
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := tx.Create(&key).Error; errors.Is(err, gorm.ErrDuplicatedKey) {
			return &Error{
				Kind:    Conflict,
				Message: "There is a key of this name already. Choose another, or revoke that one first.",
				Field:   "name",
			}
		} else if err != nil {
			return fmt.Errorf("create API key: %w", err)
		}
		return s.audit.Note(tx, actor, APIKeyCreated, keyTarget(key), "")
	})
	if err != nil {
		return models.APIKey{}, "", err
	}
	return key, secret, nil
}

// List returns the keys: those that work first, of each the newest first. Error: Forbidden.
func (s *APIKeys) List(ctx context.Context, actor models.User) (keys []models.APIKey, err error) {
	if err := mustBeAdmin(actor); err != nil {
		return nil, err
	}
	err = s.db.Read.WithContext(ctx).Where("organization_id = ?", actor.OrganizationID).
		Order("CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END, created_at DESC, id DESC").Limit(maxListed).
		Find(&keys).Error
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	return keys, nil
}

// Revoke ends a key for good; again it changes nothing. Errors: Forbidden, NotFound.
func (s *APIKeys) Revoke(ctx context.Context, actor models.User, id string) error {
	if err := mustBeAdmin(actor); err != nil {
		return err
	}
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		var key models.APIKey
		if err := ofOrganization(tx, actor.OrganizationID, id, &key, "API key not found."); err != nil {
			return err
		}
		result := tx.Model(&models.APIKey{}).
			Where("organization_id = ? AND id = ? AND revoked_at IS NULL", actor.OrganizationID, id).
			Update("revoked_at", s.clock())
		if result.Error != nil || result.RowsAffected == 0 {
			return result.Error
		}
		return s.audit.Note(tx, actor, APIKeyRevoked, keyTarget(key), "")
	})
}

// Presented says whose key a secret is, and notes that it was used. It lets nobody in: that is for the caller to
// decide. Error: Unauthorized for what is unknown or revoked.
func (s *APIKeys) Presented(ctx context.Context, secret string) (models.APIKey, error) {
	var keys []models.APIKey
	if err := s.db.Read.WithContext(ctx).Where("key_hash = ? AND revoked_at IS NULL", HashToken(secret)).Limit(1).
		Find(&keys).Error; err != nil {
		return models.APIKey{}, fmt.Errorf("find API key: %w", err)
	}
	if len(keys) == 0 {
		return models.APIKey{}, Refuse(Unauthorized, "The API key is unknown or revoked.")
	}
	key, now := keys[0], s.clock()
	if key.LastUsedAt != nil && now.Sub(*key.LastUsedAt) < usedPause {
		return key, nil
	}
	err := s.db.Write.WithContext(ctx).Model(&models.APIKey{}).
		Where("organization_id = ? AND id = ? AND (last_used_at IS NULL OR last_used_at <= ?)", key.OrganizationID,
			key.ID, now.Add(-usedPause)).
		Update("last_used_at", now).Error
	if err != nil {
		return models.APIKey{}, fmt.Errorf("note use of API key: %w", err)
	}
	key.LastUsedAt = &now
	return key, nil
}

func keyTarget(key models.APIKey) string { return key.Name + " (" + key.Prefix + "…)" }
