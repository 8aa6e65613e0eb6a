package services_test

import (
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

func TestAPIKeys_storeOnlyTheHash(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		key, secret, err := d.APIKeys.Create(d.Context(), d.admin, "  Sync ")
		d.ok(err)
		if key.Name != "Sync" || !strings.HasPrefix(secret, "pk_") || len(secret) < 29 || key.Prefix != secret[:8] ||
			key.KeyHash != services.HashToken(secret) || key.CreatedBy != d.admin.ID {
			d.Errorf("made %+v", key)
		}
		keys, err := d.APIKeys.List(d.Context(), d.owner)
		d.ok(err)
		if len(keys) != 1 || keys[0] != key {
			d.Errorf("lists %+v", keys)
		}
		equal(d, d.noted(d.organization), "Ada api_key.created Sync ("+secret[:8]+"…)")
	})
}

func TestAPIKeys_haveANameEach(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		for _, name := range []string{"", " ", "\x00", "a\nb", "\xff", chars(101)} {
			d.about("name", second(d.APIKeys.Create(d.Context(), d.admin, name)))
		}
		first, _, err := d.APIKeys.Create(d.Context(), d.admin, "Sync")
		d.ok(err)
		_, secret, err := d.APIKeys.Create(d.Context(), d.owner, "Sync")
		d.refused(services.Conflict, err)
		if secret != "" || services.AsError(err).Field != "name" || d.count(&models.APIKey{}, "1 = 1") != 1 {
			d.Errorf("the second is answered %q, %v", secret, err)
		}
		stranger := d.newTenant("Globex", silent)
		d.ok(second(d.APIKeys.Create(d.Context(), stranger.owner, "Sync")))
		d.ok(d.APIKeys.Revoke(d.Context(), d.admin, first.ID))
		d.ok(second(d.APIKeys.Create(d.Context(), d.admin, "Sync")))
	})
}

func TestAPIKeys_formSentManyTimesAtOnceMakesOne(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		errs := make(chan error, 8)
		for range 8 {
			go func() { errs <- second(d.APIKeys.Create(d.Context(), d.admin, "Sync")) }()
		}
		made := 0
		for range 8 {
			if err := <-errs; err == nil {
				made++
			} else {
				d.refused(services.Conflict, err)
			}
		}
		if made != 1 || len(d.noted(d.organization)) != 1 {
			d.Errorf("%d were made, noted %v", made, d.noted(d.organization))
		}
	})
}

func TestAPIKeys_revokedOnceAndForGood(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		key, secret, err := d.APIKeys.Create(d.Context(), d.admin, "Sync")
		d.ok(err)
		d.clock.advance(time.Hour)
		d.ok(d.APIKeys.Revoke(d.Context(), d.owner, key.ID))
		at := d.clock.Now()
		d.clock.advance(time.Hour)
		d.ok(d.APIKeys.Revoke(d.Context(), d.owner, key.ID))
		keys, err := d.APIKeys.List(d.Context(), d.owner)
		d.ok(err)
		if len(keys) != 1 || keys[0].RevokedAt == nil || !keys[0].RevokedAt.Equal(at) {
			d.Errorf("lists %+v", keys)
		}
		equal(d, d.noted(d.organization), "Ada api_key.created Sync ("+secret[:8]+"…)",
			"Olga api_key.revoked Sync ("+secret[:8]+"…)")
		d.refused(services.Unauthorized, last(d.APIKeys.Presented(d.Context(), secret)))
	})
}

func TestAPIKeys_listThoseThatWorkFirst(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		ids := map[string]string{}
		for _, name := range []string{"a", "b", "c", "d"} {
			d.clock.advance(time.Second)
			key, _, err := d.APIKeys.Create(d.Context(), d.admin, name)
			d.ok(err)
			ids[name] = key.ID
		}
		d.ok(d.APIKeys.Revoke(d.Context(), d.admin, ids["d"]))
		d.ok(d.APIKeys.Revoke(d.Context(), d.admin, ids["b"]))
		keys, err := d.APIKeys.List(d.Context(), d.admin)
		d.ok(err)
		order := ""
		for _, key := range keys {
			order += key.Name
		}
		if order != "cadb" {
			d.Errorf("listed as %s", order)
		}
	})
}

func TestAPIKeys_presentedNotesTheUse(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		key, secret, err := d.APIKeys.Create(d.Context(), d.admin, "Sync")
		d.ok(err)
		for _, wrong := range []string{"", "pk_", secret + "x", strings.ToUpper(secret), key.KeyHash, "\x00",
			strings.Repeat("x", 1<<16)} {
			d.refused(services.Unauthorized, last(d.APIKeys.Presented(d.Context(), wrong)))
		}
		used := func() time.Time {
			found, err := d.APIKeys.Presented(d.Context(), secret)
			d.ok(err)
			if found.ID != key.ID || found.OrganizationID != d.organization.ID {
				d.Errorf("found %+v", found)
			}
			keys, err := d.APIKeys.List(d.Context(), d.admin)
			d.ok(err)
			return *keys[0].LastUsedAt
		}
		first := d.clock.Now()
		if at := used(); !at.Equal(first) {
			d.Errorf("used at %v", at)
		}
		d.clock.advance(time.Minute - time.Microsecond)
		if at := used(); !at.Equal(first) {
			d.Errorf("a busy key is noted at %v", at)
		}
		d.clock.advance(time.Microsecond)
		if at := used(); !at.Equal(d.clock.Now()) {
			d.Errorf("used again at %v", at)
		}
		equal(d, d.noted(d.organization), "Ada api_key.created Sync ("+secret[:8]+"…)") // uses are no entries
	})
}
