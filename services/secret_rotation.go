package services

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"parley/models"
)

// RotateSecrets seals anew what an older key has sealed, so that this key can be forgotten. It says how many secrets
// there were, and how many no key opens: those stay as they are.
func RotateSecrets(ctx context.Context, db *models.DB, box *SecretBox) (reencrypted, lost int, err error) {
	var credentials []models.PushCredential
	if err := db.Read.WithContext(ctx).Select("id", "organization_id", "secret").Find(&credentials).Error; err != nil {
		return 0, 0, fmt.Errorf("list push credentials: %w", err)
	}
	var users []models.User
	if err := db.Read.WithContext(ctx).Select("id", "organization_id", "totp_secret").Where("totp_secret <> ?", "").
		Find(&users).Error; err != nil {
		return 0, 0, fmt.Errorf("list second factors: %w", err)
	}
	// anew leaves alone what somebody has replaced meanwhile.
	anew := func(query *gorm.DB, column, sealed string, row []string) error {
		if box.Current(sealed) {
			return nil
		}
		plain, err := box.Open(sealed, row...)
		if err != nil {
			lost++
			return nil
		}
		result := query.Where(column+" = ?", sealed).UpdateColumn(column, box.Seal(plain, row...))
		reencrypted += int(result.RowsAffected)
		return result.Error
	}
	for _, row := range credentials {
		query := db.Write.WithContext(ctx).Model(&models.PushCredential{}).
			Where("organization_id = ? AND id = ?", row.OrganizationID, row.ID)
		if err := anew(query, "secret", row.Secret, sealedRow(row)); err != nil {
			return reencrypted, lost, fmt.Errorf("seal push credential: %w", err)
		}
	}
	for _, user := range users {
		query := db.Write.WithContext(ctx).Model(&models.User{}).
			Where("organization_id = ? AND id = ?", user.OrganizationID, user.ID)
		if err := anew(query, "totp_secret", user.TotpSecret, totpRow(user)); err != nil {
			return reencrypted, lost, fmt.Errorf("seal second factor: %w", err)
		}
	}
	return reencrypted, lost, nil
}
