package services_test

import (
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"parley/models"
	"parley/services"
)

func TestSetName_changesWhatOthersRead(t *testing.T) {
	each(t, func(w *world) {
		w.ok(w.profile.SetName(w.Context(), w.ann, "  Anna  "))
		for _, wrong := range []string{"", " ", "a\nb", "a\x00", "\xff", strings.Repeat("x", 101)} {
			if err := w.profile.SetName(w.Context(), w.ann, wrong); services.KindOf(err) != services.Invalid || services.AsError(err).Field != "name" {
				w.Errorf("%q: %v", wrong, err)
			}
		}
		if name := w.user(w.ann.ID).Name; name != "Anna" {
			w.Errorf("is called %q", name)
		}
		w.ok(w.members.Disable(w.Context(), w.owner, w.ann.ID))
		w.refused(services.Unauthorized, w.profile.SetName(w.Context(), w.ann, "Too late"))
	})
}

func TestChangePassword_keepsThisSessionAndEndsTheOthers(t *testing.T) {
	each(t, func(w *world) {
		w.knows(w.ann)
		w.knows(w.ben)
		here, elsewhere, bens := w.logIn(w.ann), w.logIn(w.ann), w.logIn(w.ben)
		before := len(of[userSessionsEnded](w.news))
		identity := w.identified(here)
		w.ok(w.profile.ChangePassword(w.Context(), identity, password, "another good password"))
		w.identified(here)
		w.loggedOut(elsewhere)
		w.identified(bens)
		equal(w, of[userSessionsEnded](w.news)[before:], userSessionsEnded{w.ann.ID})
		if ended, err := w.login.Ended(w.Context(), map[string]int{w.ann.ID: identity.User.LoginVersion}); err != nil || len(ended) != 1 {
			w.Errorf("the sweep ends %v, %v", ended, err)
		}
		_, err := w.login.Login(w.Context(), w.ann.Email, password, device)
		w.refused(services.Unauthorized, err)
		_, err = w.login.Login(w.Context(), w.ann.Email, "another good password", device)
		w.ok(err)
		if err := w.profile.ChangePassword(w.Context(), w.identified(here), password, "another good password"); services.AsError(err).Field != "current_password" {
			w.Errorf("sent again: %v", err)
		}
		w.login.Wait()
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
		w.knows(w.ann)
		token := w.logIn(w.ann)
		identity := w.identified(token)
		if err := w.profile.ChangePassword(w.Context(), identity, password, "short"); services.KindOf(err) != services.Invalid || services.AsError(err).Field != "password" {
			w.Error(err)
		}
		for range services.LoginRate.Count {
			err := w.profile.ChangePassword(w.Context(), identity, "wrong password", "another good password")
			if services.KindOf(err) != services.Invalid || services.AsError(err).Field != "current_password" {
				w.Error(err)
			}
		}
		w.refused(services.RateLimited, w.profile.ChangePassword(w.Context(), identity, password, "another good password"))
		w.logIn(w.ann) // who is at another computer may log in all the same
		w.clock.advance(services.LoginRate.Window)
		w.ok(w.profile.ChangePassword(w.Context(), identity, password, "another good password"))
	})
}

// Of changes that come at once one wins, and its session is the one that is left.
func TestChangePassword_fromTwoSessionsAtOnce(t *testing.T) {
	each(t, func(w *world) {
		w.knows(w.ann)
		tokens := []string{w.logIn(w.ann), w.logIn(w.ann), w.logIn(w.ann)}
		identities, errs := make([]services.Identity, len(tokens)), make([]chan error, len(tokens))
		for i, token := range tokens {
			identities[i] = w.identified(token)
		}
		for i, identity := range identities {
			errs[i] = make(chan error, 1)
			go func() {
				errs[i] <- w.profile.ChangePassword(w.Context(), identity, password, fmt.Sprint("another good password ", i))
			}()
		}
		won := 0
		for i, token := range tokens {
			if err := <-errs[i]; err == nil {
				won++
				w.identified(token)
				_, err := w.login.Login(w.Context(), w.ann.Email, fmt.Sprint("another good password ", i), device)
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
		w.knows(w.ann)
		w.knows(w.ben)
		w.logIn(w.ben)
		phone, err := w.login.Login(w.Context(), w.ann.Email, password, services.Device{Address: "2001:db8::1", UserAgent: "Phone\n\x00" + strings.Repeat("x", 1000)})
		w.ok(err)
		w.clock.advance(time.Minute)
		desk := w.logIn(w.ann)
		w.clock.advance(services.LoginPause)
		list := func() []services.ActiveSession {
			sessions, err := w.profile.Sessions(w.Context(), w.identified(desk))
			w.ok(err)
			return sessions
		}
		sessions := list()
		if len(sessions) != 2 || !sessions[0].Current || sessions[1].Current || sessions[0].Address != device.Address || sessions[0].UserAgent != device.UserAgent ||
			!sessions[0].LastSeenAt.Equal(w.clock.Now()) || sessions[1].Address != "2001:db8::1" || len(sessions[1].UserAgent) != 400 ||
			!strings.HasPrefix(sessions[1].UserAgent, "Phone xxx") || !sessions[1].LastSeenAt.Equal(sessions[1].CreatedAt) {
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
		w.ok(w.login.Logout(w.Context(), w.identified(phone.Token)))
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
		w.knows(w.ann)
		w.knows(w.ben)
		here, elsewhere, bens := w.logIn(w.ann), w.logIn(w.ann), w.logIn(w.ben)
		before := len(of[userSessionsEnded](w.news))
		w.ok(w.profile.EndOtherSessions(w.Context(), w.identified(here)))
		w.loggedOut(elsewhere)
		w.identified(bens)
		equal(w, of[userSessionsEnded](w.news)[before:], userSessionsEnded{w.ann.ID})
		sessions, err := w.profile.Sessions(w.Context(), w.identified(here))
		w.ok(err)
		if len(sessions) != 1 || !sessions[0].Current {
			w.Errorf("left are %+v", sessions)
		}
		w.ok(w.profile.EndOtherSessions(w.Context(), w.identified(here))) // again
		w.identified(here)
	})
}

func TestSetPassword_forgetsTheLoginsItEnds(t *testing.T) {
	each(t, func(w *world) {
		w.knows(w.ann)
		w.logIn(w.ann)
		w.knows(w.ann)
		if n := w.count(&models.Login{}, "1 = 1"); n != 0 {
			w.Errorf("%d logins are listed", n)
		}
	})
}

// code is what ann's app shows after d.
func (w *world) code(setup services.SecondFactorSetup, d time.Duration) string {
	w.Helper()
	code, err := totp.GenerateCode(setup.Secret, w.clock.Now().Add(d))
	w.ok(err)
	return code
}

// twoFactors turns ann's second factor on; codes of this time step are used up by it.
func (w *world) twoFactors() (setup services.SecondFactorSetup, recovery []string) {
	w.Helper()
	w.knows(w.ann)
	setup, err := w.profile.BeginSecondFactor(w.Context(), w.ann)
	w.ok(err)
	recovery, err = w.profile.ConfirmSecondFactor(w.Context(), w.ann, w.code(setup, 0))
	w.ok(err)
	w.ann = w.user(w.ann.ID)
	w.clock.advance(time.Minute)
	return setup, recovery
}

// halfway is a login of ann that waits for the code.
func (w *world) halfway() string {
	w.Helper()
	result, err := w.login.Login(w.Context(), w.ann.Email, password, device)
	w.ok(err)
	if !result.SecondFactor {
		w.Fatal("no second factor is asked for")
	}
	return result.Token
}

func wrongCode(w *world, err error) {
	w.Helper()
	if err == nil || services.KindOf(err) != services.Invalid || services.AsError(err).Field != "code" {
		w.Errorf("%v, not a wrong code", err)
	}
}

func TestSecondFactor_isAskedForAtLogin(t *testing.T) {
	each(t, func(w *world) {
		setup, _ := w.twoFactors()
		waiting := w.halfway()
		w.loggedOut(waiting)
		w.ok(w.login.AwaitsSecondFactor(w.Context(), waiting))
		for _, wrong := range []string{"", "000000", "1", w.code(setup, 2*time.Minute), w.code(setup, -2*time.Minute), strings.Repeat("x", 10_000), "\x00"} {
			_, err := w.login.SecondFactor(w.Context(), waiting, wrong, device)
			wrongCode(w, err)
		}
		fresh, err := w.login.SecondFactor(w.Context(), waiting, " "+w.code(setup, 0)[:3]+" "+w.code(setup, 0)[3:]+" ", device)
		w.ok(err)
		if fresh == waiting || w.identified(fresh).User.ID != w.ann.ID {
			w.Error("the token from before the code goes on")
		}
		w.loggedOut(waiting)
		w.refused(services.Unauthorized, w.login.AwaitsSecondFactor(w.Context(), waiting))
		w.refused(services.Unauthorized, w.login.AwaitsSecondFactor(w.Context(), fresh))
		_, err = w.login.SecondFactor(w.Context(), fresh, w.code(setup, 30*time.Second), device)
		w.refused(services.Unauthorized, err)
		w.login.Wait()
		if noted := strings.Join(w.noted(), "\n"); strings.Count(noted, "login.failed") != 7 || strings.Count(noted, "login.succeeded") != 1 || !strings.Contains(noted, "second factor") {
			w.Errorf("noted\n%s", noted)
		}
	})
}

func TestSecondFactor_waitsTenMinutes(t *testing.T) {
	each(t, func(w *world) {
		setup, _ := w.twoFactors()
		waiting := w.halfway()
		w.clock.advance(10*time.Minute - time.Second)
		w.ok(w.login.AwaitsSecondFactor(w.Context(), waiting))
		w.clock.advance(time.Second)
		_, err := w.login.SecondFactor(w.Context(), waiting, w.code(setup, 0), device)
		w.refused(services.Unauthorized, err)
		waiting = w.halfway()
		w.ok(w.members.Disable(w.Context(), w.owner, w.ann.ID))
		_, err = w.login.SecondFactor(w.Context(), waiting, w.code(setup, 0), device)
		w.refused(services.Unauthorized, err)
	})
}

func TestSecondFactor_takesTheStepsBesideAndEachCodeOnce(t *testing.T) {
	each(t, func(w *world) {
		setup, _ := w.twoFactors()
		for _, beside := range []time.Duration{-30 * time.Second, 0, 30 * time.Second} {
			code := w.code(setup, beside)
			_, err := w.login.SecondFactor(w.Context(), w.halfway(), code, device)
			w.ok(err)
			_, err = w.login.SecondFactor(w.Context(), w.halfway(), code, device)
			wrongCode(w, err)
		}
		_, err := w.login.SecondFactor(w.Context(), w.halfway(), w.code(setup, 0), device) // older than the last
		wrongCode(w, err)
	})
}

// The code that turned the second factor on is used up by that.
func TestSecondFactor_takesNotTheCodeThatTurnedItOn(t *testing.T) {
	each(t, func(w *world) {
		w.knows(w.ann)
		setup, err := w.profile.BeginSecondFactor(w.Context(), w.ann)
		w.ok(err)
		if result, err := w.login.Login(w.Context(), w.ann.Email, password, device); err != nil || result.SecondFactor {
			w.Errorf("asked for a second factor that is not on: %v", err)
		}
		_, err = w.profile.ConfirmSecondFactor(w.Context(), w.ann, w.code(setup, 0))
		w.ok(err)
		_, err = w.login.SecondFactor(w.Context(), w.halfway(), w.code(setup, 0), device)
		wrongCode(w, err)
	})
}

func TestSecondFactor_ofManyWithOneCodeOneGetsIn(t *testing.T) {
	each(t, func(w *world) {
		setup, recovery := w.twoFactors()
		for _, code := range []string{w.code(setup, 0), recovery[3]} {
			errs := make(chan error)
			for range 4 {
				waiting := w.halfway()
				go func() {
					_, err := w.login.SecondFactor(w.Context(), waiting, code, device)
					errs <- err
				}()
			}
			in := 0
			for range 4 {
				if err := <-errs; err == nil {
					in++
				} else {
					wrongCode(w, err)
				}
			}
			if in != 1 {
				w.Errorf("%d got in with one code", in)
			}
		}
	})
}

func TestRecoveryCodes_workOnceEach(t *testing.T) {
	each(t, func(w *world) {
		_, recovery := w.twoFactors()
		if len(recovery) != 10 || services.RecoveryCodesLeft(w.ann) != 10 {
			w.Fatalf("%d codes, %d left", len(recovery), services.RecoveryCodesLeft(w.ann))
		}
		if n := w.count(&models.User{}, "recovery_codes LIKE ?", "%"+strings.ReplaceAll(recovery[0], "-", "")+"%"); n != 0 {
			w.Error("the codes themselves are stored")
		}
		for i, code := range recovery {
			if i%2 == 0 {
				code = strings.ToUpper(strings.ReplaceAll(code, "-", " "))
			}
			_, err := w.login.SecondFactor(w.Context(), w.halfway(), code, device)
			w.ok(err)
			if _, err = w.login.SecondFactor(w.Context(), w.halfway(), code, device); i < 2 {
				wrongCode(w, err)
			}
			w.clock.advance(services.LoginRate.Window)
		}
		if left := services.RecoveryCodesLeft(w.user(w.ann.ID)); left != 0 {
			w.Errorf("%d are left", left)
		}
	})
}

// Who gets as far as the code knows the password; another address gives no further attempts.
func TestSecondFactor_limitsAttemptsByUser(t *testing.T) {
	each(t, func(w *world) {
		setup, _ := w.twoFactors()
		w.clock.advance(services.CodeRate.Window)
		waiting := w.halfway()
		errs := make(chan error)
		const guesses = 60
		for i := range guesses {
			go func() {
				_, err := w.login.SecondFactor(w.Context(), waiting, "00000", services.Device{Address: fmt.Sprint("203.0.113.", i)})
				errs <- err
			}()
		}
		tried := 0
		for range guesses {
			if err := <-errs; services.KindOf(err) == services.Invalid {
				tried++
			} else {
				w.refused(services.RateLimited, err)
			}
		}
		if tried != services.CodeRate.Count {
			w.Errorf("%d of %d guesses were tried", tried, guesses)
		}
		_, err := w.login.SecondFactor(w.Context(), waiting, w.code(setup, 0), device)
		w.refused(services.RateLimited, err)
		w.clock.advance(services.CodeRate.Window)
		_, err = w.login.SecondFactor(w.Context(), waiting, w.code(setup, 0), device)
		w.ok(err)
	})
}

func TestBeginSecondFactor_sealsTheSecret(t *testing.T) {
	each(t, func(w *world) {
		setup, err := w.profile.BeginSecondFactor(w.Context(), w.ann)
		w.ok(err)
		u, err := url.Parse(setup.URL)
		w.ok(err)
		secret, err := base32.StdEncoding.DecodeString(setup.Secret)
		w.ok(err)
		if u.Scheme != "otpauth" || u.Query().Get("secret") != setup.Secret || u.Query().Get("issuer") != "Parley" || !strings.HasSuffix(u.Path, w.ann.Email) ||
			len(secret) != 20 || !strings.HasPrefix(string(setup.QR), "\x89PNG") {
			w.Errorf("set up with %s", setup.URL)
		}
		stored := w.user(w.ann.ID)
		if strings.Contains(stored.TotpSecret, setup.Secret) || !strings.HasPrefix(stored.TotpSecret, "v1.") || stored.TotpEnabledAt != nil {
			w.Errorf("stored %q", stored.TotpSecret)
		}
		shown, err := w.profile.BegunSecondFactor(w.Context(), w.ann)
		w.ok(err)
		if shown.Secret != setup.Secret {
			w.Error("shown again, it is another secret")
		}
		// Another user's sealed secret is worth nothing here.
		w.ok(w.db.Write.Model(&models.User{}).Where("id = ?", w.ben.ID).Update("totp_secret", stored.TotpSecret).Error)
		if _, err := w.profile.ConfirmSecondFactor(w.Context(), w.ben, w.code(setup, 0)); err == nil {
			w.Error("a secret was moved to another user")
		}
	})
}

func TestConfirmSecondFactor_wantsACodeOfTheNewestSecret(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.profile.ConfirmSecondFactor(w.Context(), w.ann, "000000")
		w.refused(services.Conflict, err) // not begun
		_, err = w.profile.BegunSecondFactor(w.Context(), w.ann)
		w.refused(services.Conflict, err)
		first, err := w.profile.BeginSecondFactor(w.Context(), w.ann)
		w.ok(err)
		second, err := w.profile.BeginSecondFactor(w.Context(), w.ann)
		w.ok(err)
		_, err = w.profile.ConfirmSecondFactor(w.Context(), w.ann, w.code(first, 0))
		wrongCode(w, err)
		_, err = w.profile.ConfirmSecondFactor(w.Context(), w.ann, "")
		wrongCode(w, err)
		_, err = w.profile.ConfirmSecondFactor(w.Context(), w.ann, w.code(second, 0))
		w.ok(err)
		_, err = w.profile.ConfirmSecondFactor(w.Context(), w.ann, w.code(second, 0)) // a second click
		w.refused(services.Conflict, err)
		_, err = w.profile.BeginSecondFactor(w.Context(), w.ann)
		w.refused(services.Conflict, err)
		equal(w, w.noted(), "Ann second_factor.enabled "+personOf(w.ann))
		if w.user(w.ben.ID).TotpEnabledAt != nil {
			w.Error("on for another user")
		}
	})
}

func TestDisableSecondFactor_wantsThePasswordOrACode(t *testing.T) {
	each(t, func(w *world) {
		for name, proof := range map[string]func(setup services.SecondFactorSetup, recovery []string) string{
			"the password":    func(services.SecondFactorSetup, []string) string { return password },
			"a code":          func(setup services.SecondFactorSetup, _ []string) string { return w.code(setup, 0) },
			"a recovery code": func(_ services.SecondFactorSetup, recovery []string) string { return recovery[9] },
		} {
			setup, recovery := w.twoFactors()
			for _, wrong := range []string{"", "wrong password", "000000", "aaaa-bbbb-cccc-dddd"} {
				err := w.profile.DisableSecondFactor(w.Context(), w.ann, wrong)
				if err == nil || services.KindOf(err) != services.Invalid || services.AsError(err).Field != "proof" {
					w.Errorf("%q: %v", wrong, err)
				}
			}
			if err := w.profile.DisableSecondFactor(w.Context(), w.ann, proof(setup, recovery)); err != nil {
				w.Errorf("%s: %v", name, err)
			}
			w.ann = w.user(w.ann.ID)
			if w.ann.TotpEnabledAt != nil || w.ann.TotpSecret != "" || services.RecoveryCodesLeft(w.ann) != 0 {
				w.Errorf("%s: left is %+v", name, w.ann)
			}
			w.ok(w.profile.DisableSecondFactor(w.Context(), w.ann, ""))
			w.identified(w.logIn(w.ann))
			w.clock.advance(services.LoginRate.Window)
		}
	})
}

func TestLogin_isNotedForTheKnown(t *testing.T) {
	each(t, func(w *world) {
		w.knows(w.ann)
		w.logIn(w.ann)
		w.clock.advance(time.Second)
		for _, email := range []string{w.ann.Email, "nobody@acme.example"} {
			_, err := w.login.Login(w.Context(), email, "wrong password", device)
			w.refused(services.Unauthorized, err)
		}
		w.login.Wait()
		equal(w, w.noted(), "Ann login.succeeded "+personOf(w.ann), "Ann login.failed "+personOf(w.ann)+" password")
		if n := w.count(&models.AuditEntry{}, "1 = 1"); n != 2 {
			w.Errorf("%d entries", n)
		}
	})
}

func TestSetSettings_areOfOneOrganizationAndForAdmins(t *testing.T) {
	each(t, func(w *world) {
		stranger := w.newHouse("Globex", silent)
		w.refused(services.Forbidden, w.organizations.SetSettings(w.Context(), w.ann, "Mine", "UTC", "en"))
		for range 2 { // the same again changes nothing
			w.ok(w.organizations.SetSettings(w.Context(), w.admin(), " Acme & Sons ", "Asia/Kathmandu", "pt-BR"))
		}
		for field, form := range map[string][3]string{"name": {" ", "UTC", "en"}, "time_zone": {"Acme", "Mars/Olympus", "en"}, "language": {"Acme", "UTC", "e n"}} {
			err := w.organizations.SetSettings(w.Context(), w.owner, form[0], form[1], form[2])
			if services.KindOf(err) != services.Invalid || services.AsError(err).Field != field {
				w.Errorf("%s: %v", field, err)
			}
		}
		for _, zone := range []string{"", "Local", "../etc/passwd", "UTC\x00"} {
			if err := w.organizations.SetSettings(w.Context(), w.owner, "Acme", zone, "en"); services.AsError(err).Field != "time_zone" {
				w.Errorf("%q: %v", zone, err)
			}
		}
		acme, err := w.organizations.Get(w.Context(), w.organization.ID)
		w.ok(err)
		globex, err := w.organizations.Get(w.Context(), stranger.organization.ID)
		w.ok(err)
		if acme.Name != "Acme & Sons" || acme.TimeZone != "Asia/Kathmandu" || acme.Language != "pt-BR" || globex.Name != "Globex" || globex.TimeZone != "UTC" || globex.Language != "en" {
			w.Errorf("%+v and %+v", acme, globex)
		}
		equal(w, w.noted(), "Ben organization.changed Acme & Sons language, name, time zone")
	})
}
