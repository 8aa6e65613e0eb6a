package services_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

func TestSetName_changesWhatOthersRead(t *testing.T) {
	each(t, func(w *world) {
		w.ok(w.Profile.SetName(w.Context(), w.ann, "  Anna  "))
		for _, wrong := range []string{"", " ", "a\nb", "a\x00", "\xff", strings.Repeat("x", 101)} {
			if err := w.Profile.SetName(w.Context(), w.ann, wrong); services.KindOf(err) != services.Invalid ||
				services.AsError(err).Field != "name" {
				w.Errorf("%q: %v", wrong, err)
			}
		}
		if name := w.user(w.ann.ID).Name; name != "Anna" {
			w.Errorf("is called %q", name)
		}
		w.ok(w.Profile.SetName(w.Context(), w.ann, "Anna \u202e(nimda)\u2069"))
		if name := w.user(w.ann.ID).Name; name != "Anna (nimda)" {
			w.Errorf("is called %q", name)
		}
		if err := w.Profile.SetName(w.Context(), w.ann, "\u202e"); services.KindOf(err) != services.Invalid {
			w.Errorf("a name of nothing: %v", err)
		}
		w.ok(w.Users.Disable(w.Context(), w.owner, w.ann.ID))
		w.refused(services.Unauthorized, w.Profile.SetName(w.Context(), w.ann, "Too late"))
	})
}

func TestChangePassword_keepsThisLoginAndEndsTheOthers(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		w.givePassword(w.ben)
		here := w.logIn(w.ann)
		elsewhere := w.logIn(w.ann)
		bens := w.logIn(w.ben)
		before := len(of[userSessionsEnded](w.events))
		identity := w.identified(here)
		w.ok(w.Profile.ChangePassword(w.Context(), identity, password, "another good password"))
		w.identified(here)
		w.loggedOut(elsewhere)
		w.identified(bens)
		equal(w, of[userSessionsEnded](w.events)[before:], userSessionsEnded{w.ann.ID})
		ended, err := w.WebSessions.Ended(w.Context(), []string{services.HashToken(here), services.HashToken(elsewhere),
			services.HashToken(bens)})
		w.ok(err)
		equal(w, ended, services.HashToken(elsewhere))
		_, err = w.WebSessions.LogIn(w.Context(), w.ann.Email, password, browser)
		w.refused(services.Unauthorized, err)
		_, err = w.WebSessions.LogIn(w.Context(), w.ann.Email, "another good password", browser)
		w.ok(err)
		if err := w.Profile.ChangePassword(w.Context(), w.identified(here), password,
			"another good password"); services.AsError(err).Field != "current_password" {
			w.Errorf("sent again: %v", err)
		}
		w.Wait()
		changes := 0
		for _, line := range w.noted() {
			if strings.Contains(line, "password.changed") {
				changes++
			}
			if strings.Contains(line, password) || strings.Contains(line, "another good") {
				w.Errorf("noted %q", line)
			}
		}
		if changes != 1 {
			w.Errorf("noted %v", w.noted())
		}
	})
}

func TestChangePassword_requiresTheOldPasswordAndAValidNewOne(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		token := w.logIn(w.ann)
		identity := w.identified(token)
		if err := w.Profile.ChangePassword(w.Context(), identity, password,
			"short"); services.KindOf(err) != services.Invalid || services.AsError(err).Field != "password" {
			w.Error(err)
		}
		for range services.PairRate.Count {
			err := w.Profile.ChangePassword(w.Context(), identity, "wrong password", "another good password")
			if services.KindOf(err) != services.Invalid || services.AsError(err).Field != "current_password" {
				w.Error(err)
			}
		}
		w.refused(services.RateLimited, w.Profile.ChangePassword(w.Context(), identity, password,
			"another good password"))
		w.logIn(w.ann) // who is at another computer may log in all the same
		w.clock.advance(services.PairRate.Window)
		w.ok(w.Profile.ChangePassword(w.Context(), identity, password, "another good password"))
	})
}

// Of changes that come at once one wins, and its session is the one that is left.
func TestChangePassword_succeedsOnceFromSeveralDevices(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		tokens := []string{w.logIn(w.ann), w.logIn(w.ann), w.logIn(w.ann)}
		identities, errs := make([]services.Identity, len(tokens)), make([]chan error, len(tokens))
		for i, token := range tokens {
			identities[i] = w.identified(token)
		}
		for i, identity := range identities {
			errs[i] = make(chan error, 1)
			go func() {
				errs[i] <- w.Profile.ChangePassword(w.Context(), identity, password,
					fmt.Sprint("another good password ", i))
			}()
		}
		won := 0
		for i, token := range tokens {
			if err := <-errs[i]; err == nil {
				won++
				w.identified(token)
				_, err := w.WebSessions.LogIn(w.Context(), w.ann.Email, fmt.Sprint("another good password ", i), browser)
				w.ok(err)
			} else {
				w.refused(services.Conflict, err)
				w.loggedOut(token)
			}
		}
		if won != 1 {
			w.Errorf("%d won", won)
		}
	})
}

func TestLogIn_isInTheAuditLogForExistingUsers(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		w.logIn(w.ann)
		w.clock.advance(time.Second)
		for _, email := range []string{w.ann.Email, "nobody@acme.example"} {
			_, err := w.WebSessions.LogIn(w.Context(), email, "wrong password", browser)
			w.refused(services.Unauthorized, err)
		}
		w.Wait()
		equal(w, w.noted(), "Ann login.succeeded "+personOf(w.ann), "Ann login.failed "+personOf(w.ann)+" password")
		if n := w.count(&models.AuditEntry{}, "1 = 1"); n != 2 {
			w.Errorf("%d entries", n)
		}
	})
}

func TestSetSettings_changesOneOrganizationAndIsForAdmins(t *testing.T) {
	each(t, func(w *world) {
		stranger := w.newTenant("Globex", silent)
		w.refused(services.Forbidden, w.Organizations.SetSettings(w.Context(), w.ann, "Mine", "UTC", "en"))
		for range 2 { // the same again changes nothing
			w.ok(w.Organizations.SetSettings(w.Context(), w.admin(), " Acme & Sons ", "Asia/Kathmandu", "pt-BR"))
		}
		for field, form := range map[string][3]string{"name": {" ", "UTC", "en"},
			"time_zone": {"Acme", "Mars/Olympus", "en"}, "language": {"Acme", "UTC", "e n"}} {
			err := w.Organizations.SetSettings(w.Context(), w.owner, form[0], form[1], form[2])
			if services.KindOf(err) != services.Invalid || services.AsError(err).Field != field {
				w.Errorf("%s: %v", field, err)
			}
		}
		for _, zone := range []string{"", "Local", "../etc/passwd", "UTC\x00"} {
			if err := w.Organizations.SetSettings(w.Context(), w.owner, "Acme", zone,
				"en"); services.AsError(err).Field != "time_zone" {
				w.Errorf("%q: %v", zone, err)
			}
		}
		acme, err := w.Organizations.Get(w.Context(), w.organization.ID)
		w.ok(err)
		globex, err := w.Organizations.Get(w.Context(), stranger.organization.ID)
		w.ok(err)
		if acme.Name != "Acme & Sons" || acme.TimeZone != "Asia/Kathmandu" || acme.Language != "pt-BR" ||
			globex.Name != "Globex" || globex.TimeZone != "UTC" || globex.Language != "en" {
			w.Errorf("%+v and %+v", acme, globex)
		}
		equal(w, w.noted(), "Ben organization.changed Acme & Sons language, name, time zone")
	})
}
