package services

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"parley/models"
)

// RotateSecrets encrypts with the current key what an older key has encrypted, so that the older key is no longer
// needed. It returns how many secrets it re-encrypted, and how many no key decrypts: those stay as they are.
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
	// reencrypt changes nothing if somebody has replaced the secret in the meantime.
	reencrypt := func(query *gorm.DB, column, encrypted string, row []string) error {
		if box.Current(encrypted) {
			return nil
		}
		plain, err := box.Open(encrypted, row...)
		if err != nil {
			lost++
			return nil
		}
		result := query.Where(column+" = ?", encrypted).UpdateColumn(column, box.Seal(plain, row...))
		reencrypted += int(result.RowsAffected)
		return result.Error
	}
	for _, row := range credentials {
		query := db.Write.WithContext(ctx).Model(&models.PushCredential{}).
			Where("organization_id = ? AND id = ?", row.OrganizationID, row.ID)
		if err := reencrypt(query, "secret", row.Secret, sealedRow(row)); err != nil {
			return reencrypted, lost, fmt.Errorf("re-encrypt push credential: %w", err)
		}
	}
	for _, user := range users {
		query := db.Write.WithContext(ctx).Model(&models.User{}).
			Where("organization_id = ? AND id = ?", user.OrganizationID, user.ID)
		if err := reencrypt(query, "totp_secret", user.TotpSecret, totpRow(user)); err != nil {
			return reencrypted, lost, fmt.Errorf("re-encrypt second factor: %w", err)
		}
	}
	return reencrypted, lost, nil
}
