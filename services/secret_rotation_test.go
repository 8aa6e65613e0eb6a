package services_test

import (
	"testing"

	"parley/models"
	"parley/services"
)

func TestReseal_letsAnOldKeyGo(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		d.ok(d.PushCredentials.SaveFCMLegacy(d.Context(), d.admin, d.mobile.ID, legacyKey, "1"))
		before := services.NewSecretBox([]byte("the old one"))
		after := services.NewSecretBox(sealKey("b"), sealKey("a"), []byte("the old one"))
		d.ok(d.db.Write.Model(&models.User{}).Where("id = ?", d.ann.ID).
			Update("totp_secret",
				before.Seal([]byte("totp"), "users", d.ann.ID, d.organization.ID, "totp_secret")).Error)
		d.ok(d.db.Write.Model(&models.User{}).Where("id = ?", d.ben.ID).
			Update("totp_secret", services.NewSecretBox([]byte("unknown")).Seal([]byte("lost"), "x")).Error)
		for _, want := range []int{2, 0} {
			reencrypted, lost, err := services.RotateSecrets(d.Context(), d.db, after)
			d.ok(err)
			if reencrypted != want || lost != 1 {
				d.Errorf("%d re-encrypted, %d lost", reencrypted, lost)
			}
		}
		fresh := services.NewSecretBox(sealKey("b"))
		if plain, err := d.sealed(models.PushFCMLegacy, fresh); err != nil || plain != legacyKey {
			d.Errorf("the new key alone opens %q, %v", plain, err)
		}
		if plain, err := fresh.Open(d.user(d.ann.ID).TotpSecret, "users", d.ann.ID, d.organization.ID,
			"totp_secret"); err != nil || string(plain) != "totp" {
			d.Errorf("the new key alone opens %q, %v", plain, err)
		}
		if n := len(d.noted(d.organization)); n != 1 {
			d.Errorf("%d entries: nobody has changed anything", n)
		}
	})
}
