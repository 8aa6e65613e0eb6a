package services

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"parley/models"
)

// PushCredentials keeps what the server needs to push to the apps of mobile channels. Secrets are sealed, and never
// shown.
type PushCredentials struct {
	db    *models.DB
	audit *Audit
	box   *SecretBox
	clock Clock
}

// NewPushCredentials makes the service.
func NewPushCredentials(db *models.DB, audit *Audit, box *SecretBox, clock Clock) *PushCredentials {
	return &PushCredentials{db: db, audit: audit, box: box, clock: clock}
}

// PushSettings is what of a credential may be shown again: the fields of its kind.
type PushSettings struct {
	SenderID    string `json:"sender_id,omitempty"`    // FCM legacy
	ProjectID   string `json:"project_id,omitempty"`   // FCM
	ClientEmail string `json:"client_email,omitempty"` // FCM
	TeamID      string `json:"team_id,omitempty"`      // APNs, like all below
	BundleID    string `json:"bundle_id,omitempty"`
	KeyID       string `json:"key_id,omitempty"`
	Environment string `json:"environment,omitempty"`
}

// PushCredential is a credential as people see it: without its secret.
type PushCredential struct {
	Kind       string
	Settings   PushSettings
	ReplacedAt time.Time // when it was saved last
	ReplacedBy string    // the id of the user who did
}

// APNs is a token key of Apple's push service.
type APNs struct {
	TeamID, BundleID, KeyID string
	PrivateKey              string // the .p8 file; empty keeps the stored one
	Environment             string // sandbox or production
}

// SaveFCMLegacy stores a server key of FCM's legacy interface. An empty key keeps the stored one. Errors: Forbidden,
// NotFound, Invalid with a field.
func (s *PushCredentials) SaveFCMLegacy(ctx context.Context, actor models.User,
	channelID, serverKey, senderID string) error {
	settings, secret, err := checkFCMLegacy(serverKey, senderID)
	return s.save(ctx, actor, channelID, draftCredential{models.PushFCMLegacy, "server_key", settings, secret}, err)
}

// SaveFCM stores a service account for FCM's HTTP v1 interface, as the JSON file that Google gives. Empty keeps the
// stored one. Errors: as SaveFCMLegacy.
func (s *PushCredentials) SaveFCM(ctx context.Context, actor models.User, channelID, serviceAccountJSON string) error {
	settings, secret, err := checkServiceAccount(serviceAccountJSON)
	return s.save(ctx, actor, channelID, draftCredential{models.PushFCM, "service_account", settings, secret}, err)
}

// SaveAPNs stores a token key of APNs. Errors: as SaveFCMLegacy.
func (s *PushCredentials) SaveAPNs(ctx context.Context, actor models.User, channelID string, credential APNs) error {
	settings, secret, err := checkAPNs(credential)
	return s.save(ctx, actor, channelID, draftCredential{models.PushAPNs, "private_key", settings, secret}, err)
}

type draftCredential struct {
	kind        string
	secretField string // of the form
	settings    PushSettings
	secret      string // empty: keep the stored one
}

func (s *PushCredentials) save(ctx context.Context, actor models.User, channelID string, draft draftCredential,
	invalid error) error {
	if err := mustBeAdmin(actor); err != nil {
		return err
	}
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		channel, err := mobileChannelOf(forChange(s.db, tx), actor.OrganizationID, channelID)
		if err != nil {
			return err
		}
		if invalid != nil {
			return invalid
		}
		stored, err := s.stored(tx, channel, draft.kind)
		if err != nil {
			return err
		}
		now := s.clock()
		row := models.PushCredential{
			ID:             models.NewID(),
			OrganizationID: channel.OrganizationID,
			ChannelID:      channel.ID,
			Kind:           draft.kind,
			ReplacedAt:     &now,
			ReplacedBy:     &actor.ID,
			CreatedAt:      now,
		}
		plain := []byte(draft.secret)
		if stored != nil {
			row.ID, row.CreatedAt = stored.ID, stored.CreatedAt
		}
		if draft.secret == "" {
			if stored == nil {
				return refuseField(draft.secretField, "This is needed: nothing is stored yet.")
			}
			if draft.kind == models.PushFCM { // all of its settings come from the secret
				return nil
			}
			if row.Settings = mustJSON(draft.settings); row.Settings == stored.Settings {
				return nil
			}
			if plain, err = s.box.Open(stored.Secret, sealedRow(*stored)...); err != nil {
				LogFailure("keep push credential", err)
				return refuseField(draft.secretField, "The stored value can no longer be read. Enter it again.")
			}
		}
		row.Settings = mustJSON(draft.settings)
		if stored != nil && row.Settings == stored.Settings && s.box.Current(stored.Secret) { // sent twice
			if same, err := s.box.Open(stored.Secret, sealedRow(*stored)...); err == nil && bytes.Equal(same, plain) {
				return nil
			}
		}
		row.Secret = s.box.Seal(plain, sealedRow(row)...)
		if stored == nil {
			err = tx.Create(&row).Error
		} else {
			err = tx.Model(&models.PushCredential{}).Select("settings", "secret", "replaced_at", "replaced_by").
				Where("organization_id = ? AND id = ?", row.OrganizationID, row.ID).Updates(&row).Error
		}
		if err != nil {
			return fmt.Errorf("store push credential: %w", err)
		}
		return s.audit.Note(tx, actor, PushCredentialReplaced, channel.Name, draft.kind)
	})
}

// stored is the channel's credential of a kind, or nil.
func (s *PushCredentials) stored(tx *gorm.DB, channel models.Channel, kind string) (*models.PushCredential, error) {
	var row models.PushCredential
	err := tx.Where("organization_id = ? AND channel_id = ? AND kind = ?", channel.OrganizationID, channel.ID, kind).
		Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read push credential: %w", err)
	}
	return &row, nil
}

func sealedRow(row models.PushCredential) []string {
	return []string{"push_credentials", row.ID, row.OrganizationID, "secret"}
}

// Remove deletes a credential; where there is none it changes nothing. Errors: Forbidden, NotFound for the channel or
// kind.
func (s *PushCredentials) Remove(ctx context.Context, actor models.User, channelID, kind string) error {
	if err := mustBeAdmin(actor); err != nil {
		return err
	}
	if kind != models.PushFCMLegacy && kind != models.PushFCM && kind != models.PushAPNs {
		return Refuse(NotFound, "There is no such kind of credential.")
	}
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		channel, err := mobileChannelOf(tx, actor.OrganizationID, channelID)
		if err != nil {
			return err
		}
		result := tx.Where("organization_id = ? AND channel_id = ? AND kind = ?", channel.OrganizationID, channel.ID,
			kind).Delete(&models.PushCredential{})
		if result.Error != nil || result.RowsAffected == 0 {
			return result.Error
		}
		return s.audit.Note(tx, actor, PushCredentialRemoved, channel.Name, kind)
	})
}

// List returns the credentials of a channel, by kind. Errors: Forbidden, NotFound.
func (s *PushCredentials) List(ctx context.Context, actor models.User, channelID string) ([]PushCredential, error) {
	if err := mustBeAdmin(actor); err != nil {
		return nil, err
	}
	tx := s.db.Read.WithContext(ctx)
	channel, err := mobileChannelOf(tx, actor.OrganizationID, channelID)
	if err != nil {
		return nil, err
	}
	var rows []models.PushCredential
	err = tx.Omit("secret").Where("organization_id = ? AND channel_id = ?", channel.OrganizationID, channel.ID).
		Order("kind").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list push credentials: %w", err)
	}
	credentials := make([]PushCredential, len(rows))
	for i, row := range rows {
		credentials[i] = PushCredential{Kind: row.Kind, ReplacedAt: row.CreatedAt}
		if row.ReplacedAt != nil {
			credentials[i].ReplacedAt = *row.ReplacedAt
		}
		if row.ReplacedBy != nil {
			credentials[i].ReplacedBy = *row.ReplacedBy
		}
		if err := json.Unmarshal([]byte(row.Settings), &credentials[i].Settings); err != nil {
			return nil, fmt.Errorf("read push credential: %w", err)
		}
	}
	return credentials, nil
}
