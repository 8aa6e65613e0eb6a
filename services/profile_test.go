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
		w.ok(w.Users.Disable(w.Context(), w.owner, w.ann.ID))
		w.refused(services.Unauthorized, w.Profile.SetName(w.Context(), w.ann, "Too late"))
	})
}

func TestChangePassword_keepsThisSessionAndEndsTheOthers(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		w.verifyPassword(w.ben)
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
		if ended, err := w.Login.Ended(w.Context(), map[string]int{w.ann.ID: identity.User.LoginVersion}); err != nil ||
			len(ended) != 1 {
			w.Errorf("the sweep ends %v, %v", ended, err)
		}
		_, err := w.Login.Login(w.Context(), w.ann.Email, password, device)
		w.refused(services.Unauthorized, err)
		_, err = w.Login.Login(w.Context(), w.ann.Email, "another good password", device)
		w.ok(err)
		if err := w.Profile.ChangePassword(w.Context(), w.identified(here), password,
			"another good password"); services.AsError(err).Field != "current_password" {
			w.Errorf("sent again: %v", err)
		}
		w.Login.Wait()
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

func TestChangePassword_wantsTheOldOneAndAGoodNewOne(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		token := w.logIn(w.ann)
		identity := w.identified(token)
		if err := w.Profile.ChangePassword(w.Context(), identity, password,
			"short"); services.KindOf(err) != services.Invalid || services.AsError(err).Field != "password" {
			w.Error(err)
		}
		for range services.LoginRate.Count {
			err := w.Profile.ChangePassword(w.Context(), identity, "wrong password", "another good password")
			if services.KindOf(err) != services.Invalid || services.AsError(err).Field != "current_password" {
				w.Error(err)
			}
		}
		w.refused(services.RateLimited, w.Profile.ChangePassword(w.Context(), identity, password,
			"another good password"))
		w.logIn(w.ann) // who is at another computer may log in all the same
		w.clock.advance(services.LoginRate.Window)
		w.ok(w.Profile.ChangePassword(w.Context(), identity, password, "another good password"))
	})
}

// Of changes that come at once one wins, and its session is the one that is left.
func TestChangePassword_fromTwoSessionsAtOnce(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
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
				_, err := w.Login.Login(w.Context(), w.ann.Email, fmt.Sprint("another good password ", i), device)
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

func TestSessions_listsWhereOneIsLoggedIn(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		w.verifyPassword(w.ben)
		w.logIn(w.ben)
		phone, err := w.Login.Login(w.Context(), w.ann.Email, password, services.Device{
			Address:   "2001:db8::1",
			UserAgent: "Phone\n\x00" + strings.Repeat("x", 1000),
		})
		w.ok(err)
		w.clock.advance(time.Minute)
		desk := w.logIn(w.ann)
		w.clock.advance(services.LoginPause)
		list := func() []services.ActiveSession {
			sessions, err := w.Profile.Sessions(w.Context(), w.identified(desk))
			w.ok(err)
			return sessions
		}
		sessions := list()
		if len(sessions) != 2 || !sessions[0].Current || sessions[1].Current || sessions[0].Address != device.Address ||
			sessions[0].UserAgent != device.UserAgent ||
			!sessions[0].LastSeenAt.Equal(w.clock.Now()) || sessions[1].Address != "2001:db8::1" ||
			len(sessions[1].UserAgent) != 400 ||
			!strings.HasPrefix(sessions[1].UserAgent, "Phone xxx") ||
			!sessions[1].LastSeenAt.Equal(sessions[1].CreatedAt) {
			w.Errorf("listed %+v", sessions)
		}
		seen := sessions[0].LastSeenAt
		w.clock.advance(services.LoginPause - time.Second)
		if again := list(); !again[0].LastSeenAt.Equal(seen) {
			w.Error("stored again at once")
		}
		w.clock.advance(time.Second)
		if again := list(); !again[0].LastSeenAt.Equal(w.clock.Now()) {
			w.Error("not stored after a while")
		}
		w.ok(w.Login.Logout(w.Context(), w.identified(phone.Token)))
		if sessions := list(); len(sessions) != 1 {
			w.Errorf("after logging out: %+v", sessions)
		}
		other := w.logIn(w.ann)
		w.clock.advance(services.WebSessionLife / 2)
		w.identified(desk)
		w.clock.advance(services.WebSessionLife / 2)
		w.loggedOut(other)
		if sessions := list(); len(sessions) != 1 {
			w.Errorf("one that is over is listed: %+v", sessions)
		}
		w.logIn(w.ann)
		if n := w.count(&models.Login{}, "user_id = ?", w.ann.ID); n != 2 {
			w.Errorf("%d rows: the one that is over stays", n)
		}
	})
}

func TestEndOtherSessions_keepsThisOne(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		w.verifyPassword(w.ben)
		here := w.logIn(w.ann)
		elsewhere := w.logIn(w.ann)
		bens := w.logIn(w.ben)
		before := len(of[userSessionsEnded](w.events))
		w.ok(w.Profile.EndOtherSessions(w.Context(), w.identified(here)))
		w.loggedOut(elsewhere)
		w.identified(bens)
		equal(w, of[userSessionsEnded](w.events)[before:], userSessionsEnded{w.ann.ID})
		sessions, err := w.Profile.Sessions(w.Context(), w.identified(here))
		w.ok(err)
		if len(sessions) != 1 || !sessions[0].Current {
			w.Errorf("left are %+v", sessions)
		}
		w.ok(w.Profile.EndOtherSessions(w.Context(), w.identified(here))) // again
		w.identified(here)
	})
}

func TestResetPassword_forgetsTheLoginsItEnds(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		w.logIn(w.ann)
		w.ok(w.Login.ResetPassword(w.Context(), w.ann.Email, password, false))
		if n := w.count(&models.Login{}, "1 = 1"); n != 0 {
			w.Errorf("%d logins are listed", n)
		}
	})
}

func TestLogin_isNotedForTheKnown(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		w.logIn(w.ann)
		w.clock.advance(time.Second)
		for _, email := range []string{w.ann.Email, "nobody@acme.example"} {
			_, err := w.Login.Login(w.Context(), email, "wrong password", device)
			w.refused(services.Unauthorized, err)
		}
		w.Login.Wait()
		equal(w, w.noted(), "Ann login.succeeded "+personOf(w.ann), "Ann login.failed "+personOf(w.ann)+" password")
		if n := w.count(&models.AuditEntry{}, "1 = 1"); n != 2 {
			w.Errorf("%d entries", n)
		}
	})
}

func TestSetSettings_areOfOneOrganizationAndForAdmins(t *testing.T) {
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
