package services_test

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"parley/models"
	"parley/services"
)

// spellings are one email address as people and systems write it.
func spellings() []string {
	address := "Zoë.ﬁsher@Bücher.example"
	return []string{address, "  " + address + "\t", strings.ToUpper(address), strings.ToLower(address),
		norm.NFD.String(address), norm.NFKC.String(address), "ｚｏë.fisher＠bücher.example",
		"zoë.fisher@xn--bcher-kva.example", "ℤoë.fisher@bücher.example", "zoë.fisher@XN--BCHER-KVA.example"}
}

func TestEmail_isOneInEverySpelling(t *testing.T) {
	each(t, func(w *world) {
		for _, invited := range spellings() {
			invitation, secret, err := w.Users.Invite(w.Context(), w.owner, invited, models.RoleAgent)
			w.ok(err)
			if invitation.Email != "zoë.fisher@bücher.example" {
				w.Errorf("%q is stored as %q", invited, invitation.Email)
			}
			for _, again := range spellings() {
				_, _, err := w.Users.Invite(w.Context(), w.owner, again, models.RoleAgent)
				w.refused(services.Conflict, err)
			}
			user, err := w.Users.Accept(w.Context(), secret, "Zoë", password)
			w.ok(err)
			for _, typed := range spellings() {
				if _, err := w.WebSessions.LogIn(w.Context(), typed, password, browser); err != nil {
					w.Errorf("%q: %v", typed, err)
				}
				_, _, err := w.Users.Invite(w.Context(), w.owner, typed, models.RoleAgent)
				w.refused(services.Conflict, err)
				w.ok(w.Passwords.Reset(w.Context(), typed, password, false))
			}
			w.ok(w.Users.Remove(w.Context(), w.owner, user.ID))
		}
	})
}

// Addresses were once stored as they came, but for their case.
func TestEmail_storedBeforeItWasNormalizedIsFound(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		for _, old := range []string{norm.NFD.String("zoë@acme.example"), "zoë@xn--bcher-kva.example", "zoë@bücher.example"} {
			w.ok(w.db.Write.Model(&models.User{}).Where("id = ?", w.ann.ID).Update("email", old).Error)
			for _, typed := range []string{old, strings.ToUpper(old), norm.NFC.String(old), norm.NFD.String(old)} {
				w.ann.Email = typed
				w.identified(w.logIn(w.ann))
				_, _, err := w.Users.Invite(w.Context(), w.owner, typed, models.RoleAgent)
				w.refused(services.Conflict, err)
			}
		}
	})
}

// The limit of an account must not start over with another spelling of its address.
func TestEmail_hasOneLimitInEverySpelling(t *testing.T) {
	each(t, func(w *world) {
		tried := 0
		for i := range 60 {
			_, err := w.WebSessions.LogIn(w.from("203.0.113.7"), spellings()[i%len(spellings())], "guess", browser)
			if services.KindOf(err) == services.Unauthorized {
				tried++
			}
		}
		if tried != services.PairRate.Count {
			w.Errorf("%d guesses were tried", tried)
		}
	})
}
