package services_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

const legacyKey = "AAAAabcdefg:APA91b_abcdefghijklmnopqrstuvwxyz-0123456789"

func pkcs8(key any, err error) string {
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

var (
	rsaKey  = sync.OnceValue(func() string { return pkcs8(rsa.GenerateKey(rand.Reader, 2048)) })
	p256Key = sync.OnceValue(func() string { return pkcs8(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	p384Key = sync.OnceValue(func() string { return pkcs8(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })
)

// serviceAccount is a good one, with some keys changed; nil takes one out.
func serviceAccount(changes ...map[string]any) string {
	account := map[string]any{"type": "service_account", "project_id": "acme-1", "private_key_id": "k1",
		"private_key":  rsaKey(),
		"client_email": "push@acme-1.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token"}
	for _, change := range changes {
		for key, value := range change {
			account[key] = value
		}
	}
	document, err := json.Marshal(account)
	if err != nil {
		panic(err)
	}
	return string(document)
}

func apns() services.APNs {
	return services.APNs{
		TeamID:      "ABCDE12345",
		BundleID:    "com.acme.app",
		KeyID:       "KEY1234567",
		PrivateKey:  p256Key(),
		Environment: "production",
	}
}

// pushes is what the page of the mobile channel shows, one line a credential.
func (d *adminWorld) pushes() []string {
	d.Helper()
	credentials, err := d.PushCredentials.List(d.Context(), d.admin, d.mobile.ID)
	d.ok(err)
	lines := make([]string, len(credentials))
	for i, c := range credentials {
		lines[i] = fmt.Sprintf("%s %+v", c.Kind, c.Settings)
		if c.ReplacedAt.IsZero() || c.ReplacedBy == "" {
			d.Errorf("saved by nobody: %+v", c)
		}
	}
	return lines
}

// sealed is the secret of a kind, opened.
func (d *adminWorld) sealed(kind string, box *services.SecretBox) (string, error) {
	d.Helper()
	var row models.PushCredential
	d.ok(d.db.Read.Where("channel_id = ? AND kind = ?", d.mobile.ID, kind).Take(&row).Error)
	plain, err := box.Open(row.Secret, "push_credentials", row.ID, row.OrganizationID, "secret")
	return string(plain), err
}

func TestPushCredentials_areSealedAndShownWithoutTheSecret(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		d.ok(d.PushCredentials.SaveFCMLegacy(d.Context(), d.admin, d.mobile.ID, " "+legacyKey+"\n", " 123456789012 "))
		d.ok(d.PushCredentials.SaveFCM(d.Context(), d.admin, d.mobile.ID, "\n"+serviceAccount()+"\n"))
		key := apns()
		key.TeamID, key.KeyID = " abcde12345", "key1234567 "
		d.ok(d.PushCredentials.SaveAPNs(d.Context(), d.owner, d.mobile.ID, key))
		equal(d, d.pushes(),
			fmt.Sprintf("apns %+v", services.PushSettings{
				TeamID:      "ABCDE12345",
				BundleID:    "com.acme.app",
				KeyID:       "KEY1234567",
				Environment: "production",
			}),
			fmt.Sprintf("fcm %+v", services.PushSettings{
				ProjectID:   "acme-1",
				ClientEmail: "push@acme-1.iam.gserviceaccount.com",
			}),
			fmt.Sprintf("fcm_legacy %+v", services.PushSettings{SenderID: "123456789012"}))
		for kind, want := range map[string]string{models.PushFCMLegacy: legacyKey, models.PushFCM: serviceAccount(),
			models.PushAPNs: strings.TrimSpace(p256Key())} {
			if plain, err := d.sealed(kind, d.box); err != nil || plain != want {
				d.Errorf("%s is sealed as %.20q, %v", kind, plain, err)
			}
		}
		equal(d, d.noted(d.organization), "Ada push_credential.replaced mobile_sdk: fcm_legacy",
			"Ada push_credential.replaced mobile_sdk: fcm", "Olga push_credential.replaced mobile_sdk: apns")
		var everything []string
		d.ok(d.db.Read.Raw("SELECT settings || secret FROM push_credentials UNION ALL SELECT target || detail FROM audit_entries").Scan(&everything).Error)
		if text := strings.Join(everything, "\n"); strings.Contains(text, legacyKey) ||
			strings.Contains(text, "PRIVATE KEY") {
			d.Error("a secret can be read in the database")
		}
	})
}

func TestPushCredentials_secretIsBoundToItsRow(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		stranger := d.newTenant("Globex", silent)
		d.ok(d.PushCredentials.SaveFCMLegacy(d.Context(), d.owner, d.mobile.ID, legacyKey, "1"))
		d.ok(d.PushCredentials.SaveFCMLegacy(d.Context(), stranger.owner, stranger.mobile.ID, legacyKey+"2", "2"))
		var theirs models.PushCredential
		d.ok(d.db.Read.Where("organization_id = ?", stranger.organization.ID).Take(&theirs).Error)
		d.ok(d.db.Write.Model(&models.PushCredential{}).Where("organization_id = ?", d.organization.ID).
			Update("secret", theirs.Secret).Error)
		if plain, err := d.sealed(models.PushFCMLegacy, d.box); err == nil {
			d.Errorf("another row's secret opens: %s", plain)
		}
		// keeping it needs the key again
		d.about("server_key", d.PushCredentials.SaveFCMLegacy(d.Context(), d.owner, d.mobile.ID, "", "3"))
		equal(d, d.pushes(), fmt.Sprintf("fcm_legacy %+v", services.PushSettings{SenderID: "1"}))
	})
}

func TestPushCredentials_emptySecretKeepsTheStoredOne(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		d.about("server_key", d.PushCredentials.SaveFCMLegacy(d.Context(), d.admin, d.mobile.ID, " ", "1"))
		d.about("service_account", d.PushCredentials.SaveFCM(d.Context(), d.admin, d.mobile.ID, " "))
		empty := apns()
		empty.PrivateKey = ""
		d.about("private_key", d.PushCredentials.SaveAPNs(d.Context(), d.admin, d.mobile.ID, empty))
		d.ok(d.PushCredentials.SaveFCMLegacy(d.Context(), d.owner, d.mobile.ID, legacyKey, "1"))
		d.ok(d.PushCredentials.SaveFCM(d.Context(), d.owner, d.mobile.ID, serviceAccount()))
		d.ok(d.PushCredentials.SaveAPNs(d.Context(), d.owner, d.mobile.ID, apns()))
		noted := len(d.noted(d.organization))
		d.clock.advance(time.Hour)
		for range 2 {
			d.ok(d.PushCredentials.SaveFCMLegacy(d.Context(), d.admin, d.mobile.ID, "", "2"))
			d.ok(d.PushCredentials.SaveFCM(d.Context(), d.admin, d.mobile.ID, ""))
			empty.Environment = "sandbox"
			d.ok(d.PushCredentials.SaveAPNs(d.Context(), d.admin, d.mobile.ID, empty))
		}
		equal(d, d.noted(d.organization)[noted:], "Ada push_credential.replaced mobile_sdk: fcm_legacy",
			"Ada push_credential.replaced mobile_sdk: apns")
		for kind, want := range map[string]string{models.PushFCMLegacy: legacyKey, models.PushFCM: serviceAccount(),
			models.PushAPNs: strings.TrimSpace(p256Key())} {
			if plain, err := d.sealed(kind, d.box); err != nil || plain != want {
				d.Errorf("%s is sealed as %.20q, %v", kind, plain, err)
			}
		}
		credentials, err := d.PushCredentials.List(d.Context(), d.admin, d.mobile.ID)
		d.ok(err)
		apns := credentials[0]
		fcm := credentials[1]
		legacy := credentials[2]
		if apns.Settings.Environment != "sandbox" || legacy.Settings.SenderID != "2" ||
			legacy.ReplacedBy != d.admin.ID || !legacy.ReplacedAt.Equal(d.clock.Now()) ||
			fcm.ReplacedBy != d.owner.ID || !fcm.ReplacedAt.Before(d.clock.Now()) {
			d.Errorf("listed %+v", credentials)
		}
	})
}

func TestPushCredentials_outliveTheirKey(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		d.ok(d.PushCredentials.SaveFCMLegacy(d.Context(), d.admin, d.mobile.ID, legacyKey, "1"))
		rotated, fresh := services.NewSecretBox(sealKey("b"), sealKey("a")), services.NewSecretBox(sealKey("b"))
		if plain, err := d.sealed(models.PushFCMLegacy, rotated); err != nil || plain != legacyKey {
			d.Errorf("after the rotation: %q, %v", plain, err)
		}
		lost := services.NewPushCredentials(d.db, d.Audit, fresh, d.clock.Now)
		d.about("server_key", lost.SaveFCMLegacy(d.Context(), d.admin, d.mobile.ID, "", "2"))
		push := services.NewPushCredentials(d.db, d.Audit, rotated, d.clock.Now)
		d.ok(push.SaveFCMLegacy(d.Context(), d.admin, d.mobile.ID, "", "2"))
		if plain, err := d.sealed(models.PushFCMLegacy, fresh); err != nil || plain != legacyKey {
			d.Errorf("what is saved again is not sealed by the new key: %q, %v", plain, err)
		}
		d.ok(lost.SaveFCMLegacy(d.Context(), d.admin, d.mobile.ID, legacyKey+"x", "2"))
	})
}

func TestPushCredentials_manySavesAtOnceLeaveOne(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		done := make(chan error, 6)
		for i := range 6 {
			go func() {
				done <- d.PushCredentials.SaveFCMLegacy(d.Context(), d.admin, d.mobile.ID, fmt.Sprintf("%s%d", legacyKey, i),
					fmt.Sprint(i))
			}()
		}
		for range 6 {
			d.ok(<-done)
		}
		credentials, err := d.PushCredentials.List(d.Context(), d.admin, d.mobile.ID)
		d.ok(err)
		plain, err := d.sealed(models.PushFCMLegacy, d.box)
		if len(credentials) != 1 || err != nil || plain != legacyKey+credentials[0].Settings.SenderID {
			d.Errorf("left %+v, %v", credentials, err)
		}
		if n := len(d.noted(d.organization)); n != 6 {
			d.Errorf("%d entries", n)
		}
	})
}

func TestPushCredentials_areRemovedOnce(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		d.ok(d.PushCredentials.SaveFCMLegacy(d.Context(), d.admin, d.mobile.ID, legacyKey, "1"))
		d.ok(d.PushCredentials.SaveAPNs(d.Context(), d.admin, d.mobile.ID, apns()))
		for range 2 {
			d.ok(d.PushCredentials.Remove(d.Context(), d.owner, d.mobile.ID, models.PushFCMLegacy))
		}
		d.refused(services.NotFound, d.PushCredentials.Remove(d.Context(), d.owner, d.mobile.ID, "nonsense"))
		if lines := d.pushes(); len(lines) != 1 || !strings.HasPrefix(lines[0], "apns ") {
			d.Errorf("left %v", lines)
		}
		equal(d, d.noted(d.organization)[2:], "Olga push_credential.removed mobile_sdk: fcm_legacy")
		d.about("server_key", d.PushCredentials.SaveFCMLegacy(d.Context(), d.admin, d.mobile.ID, "", "1"))
	})
}

func TestPushCredentials_belongToMobileChannels(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		d.refused(services.NotFound, d.PushCredentials.SaveFCMLegacy(d.Context(), d.admin, d.webchat.ID, legacyKey, "1"))
		d.refused(services.NotFound, d.PushCredentials.Remove(d.Context(), d.admin, d.webchat.ID, models.PushFCM))
		d.refused(services.NotFound, last(d.PushCredentials.List(d.Context(), d.admin, d.webchat.ID)))
	})
}

func TestPushCredentials_refuseWhatIsWrongByField(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		for _, key := range []string{"short", "with space " + legacyKey, legacyKey + "\x00", legacyKey + "\xff",
			strings.Repeat("x", 513)} {
			d.about("server_key", d.PushCredentials.SaveFCMLegacy(d.Context(), d.admin, d.mobile.ID, key, "1"))
		}
		for _, sender := range []string{"", "x", "1 2", "-1", strings.Repeat("1", 21)} {
			d.about("sender_id", d.PushCredentials.SaveFCMLegacy(d.Context(), d.admin, d.mobile.ID, legacyKey, sender))
		}
		for name, account := range map[string]string{
			"not JSON": "nonsense", "a list": "[]", "null": "null", "cut": serviceAccount()[:500],
			"NUL":           serviceAccount() + "\x00",
			"large":         serviceAccount(map[string]any{"x": strings.Repeat("x", 17_000)}),
			"kind":          serviceAccount(map[string]any{"type": "authorized_user"}),
			"project":       serviceAccount(map[string]any{"project_id": nil}),
			"odd project":   serviceAccount(map[string]any{"project_id": "../other"}),
			"number":        serviceAccount(map[string]any{"project_id": 7}),
			"email":         serviceAccount(map[string]any{"client_email": "nobody"}),
			"no key":        serviceAccount(map[string]any{"private_key": nil}),
			"damaged key":   serviceAccount(map[string]any{"private_key": strings.Replace(rsaKey(), "A", "B", 9)[:900]}),
			"EC key":        serviceAccount(map[string]any{"private_key": p256Key()}),
			"no address":    serviceAccount(map[string]any{"token_uri": nil}),
			"plain address": serviceAccount(map[string]any{"token_uri": "http://oauth2.googleapis.com/token"}),
			"inside":        serviceAccount(map[string]any{"token_uri": "https://127.0.0.1/token"}),
			"elsewhere":     serviceAccount(map[string]any{"token_uri": "https://googleapis.com.evil.example/token"}),
			"likeness":      serviceAccount(map[string]any{"token_uri": "https://evilgoogleapis.com/token"}),
		} {
			if err := d.PushCredentials.SaveFCM(d.Context(), d.admin, d.mobile.ID, account); err == nil ||
				services.AsError(err).Field != "service_account" {
				d.Errorf("%s: %v", name, err)
			} else if strings.Contains(err.Error(), "BEGIN PRIVATE KEY-----\n") ||
				strings.Contains(err.Error(), "evil") {
				d.Errorf("%s: the answer repeats the file: %v", name, err)
			}
		}
		for field, changes := range map[string][]func(*services.APNs){
			"team_id": {func(a *services.APNs) { a.TeamID = "" }, func(a *services.APNs) { a.TeamID = "ABCDE1234" },
				func(a *services.APNs) { a.TeamID = "ABCDE-2345" }},
			"key_id": {func(a *services.APNs) { a.KeyID = "KEY12345678" }, func(a *services.APNs) {
				a.KeyID = "ÄBCDE12345"
			}},
			"bundle_id": {func(a *services.APNs) { a.BundleID = "app" }, func(a *services.APNs) {
				a.BundleID = "com..app"
			}, func(a *services.APNs) { a.BundleID = "com.acme.app\n" + "x" }, func(a *services.APNs) {
				a.BundleID = "com." + chars(160)
			}},
			"environment": {func(a *services.APNs) { a.Environment = "" }, func(a *services.APNs) {
				a.Environment = "staging"
			}},
			"private_key": {
				func(a *services.APNs) { a.PrivateKey = "nonsense" }, func(a *services.APNs) {
					a.PrivateKey = rsaKey()
				}, func(a *services.APNs) { a.PrivateKey = p384Key() },
				func(a *services.APNs) { a.PrivateKey = p256Key() + p256Key() }, func(a *services.APNs) {
					a.PrivateKey = strings.ReplaceAll(p256Key(), "PRIVATE", "EC PRIVATE")
				},
				func(a *services.APNs) {
					a.PrivateKey = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
				},
			},
		} {
			for _, change := range changes {
				credential := apns()
				change(&credential)
				d.about(field, d.PushCredentials.SaveAPNs(d.Context(), d.admin, d.mobile.ID, credential))
			}
		}
		if lines := d.pushes(); len(lines) != 0 || len(d.noted(d.organization)) != 0 {
			d.Errorf("stored %v", lines)
		}
	})
}
