package services_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

const (
	password = "correct horse battery"
)

var device = services.Device{Address: "203.0.113.7", UserAgent: "Mozilla/5.0 (test)"}

// verifyPassword gives a user the password.
func (w *world) verifyPassword(user models.User) {
	w.Helper()
	hash, err := w.Login.HashPassword(w.Context(), password)
	w.ok(err)
	w.ok(w.db.Write.Model(&models.User{}).Where("id = ?", user.ID).Update("password_hash", hash).Error)
}

func (w *world) logIn(user models.User) (token string) {
	w.Helper()
	result, err := w.Login.Login(w.Context(), user.Email, password, device)
	w.ok(err)
	return result.Token
}

func (w *world) identified(token string) services.Identity {
	w.Helper()
	identity, err := w.Login.Identify(w.Context(), token)
	w.ok(err)
	return identity
}

// loggedOut fails unless token opens nothing any more.
func (w *world) loggedOut(token string) {
	w.Helper()
	_, err := w.Login.Identify(w.Context(), token)
	w.refused(services.Unauthorized, err)
}

func TestLogin_opensAWebSession(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		first := w.logIn(w.ann)
		again, err := w.Login.Login(w.Context(), "  "+strings.ToUpper(w.ann.Email)+" ", password, device)
		w.ok(err)
		if first == again.Token || again.SecondFactor || len(first) < 52 {
			w.Errorf("tokens %q and %q", first, again.Token)
		}
		identity := w.identified(first)
		if identity.User.ID != w.ann.ID || identity.User.OrganizationID != w.organization.ID ||
			identity.WebSessionID != services.HashToken(first) {
			w.Errorf("identified %+v", identity)
		}
		if n := w.count(&models.WebSession{}, "id = ? OR value LIKE ?", first, "%"+first+"%"); n != 0 {
			w.Error("the token itself is stored")
		}
	})
}

func TestLogin_hasOneSentenceForEveryCause(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		w.verifyPassword(w.ben)
		w.ok(w.Users.Disable(w.Context(), w.owner, w.ben.ID))
		for name, try := range map[string][2]string{
			"a wrong password": {w.ann.Email, password + "!"}, "no password": {w.ann.Email, ""},
			"a long password":   {w.ann.Email, strings.Repeat("x", 10_000)},
			"an unknown e-mail": {"nobody@acme.example", password}, "no e-mail": {"", password},
			"NUL":          {"a\x00@acme.example", password},
			"broken UTF-8": {"\xff", password}, "a disabled user": {w.ben.Email, password},
			"SQL": {"' OR 1=1 --", password},
		} {
			result, err := w.Login.Login(w.Context(), try[0], try[1], device)
			if err == nil || services.KindOf(err) != services.Unauthorized ||
				err.Error() != "E-mail or password is wrong." || result.Token != "" {
				w.Errorf("%s: %q, %v", name, result.Token, err)
			}
		}
		if n := w.count(&models.WebSession{}, "1 = 1"); n != 0 {
			w.Errorf("%d web sessions were opened", n)
		}
	})
}

func TestLogin_limitsFailuresByAddressAndEmail(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		w.verifyPassword(w.ben)
		fail := func(email string, from services.Device) error {
			_, err := w.Login.Login(w.Context(), email, "wrong password", from)
			return err
		}
		for range services.LoginRate.Count - 1 {
			w.refused(services.Unauthorized, fail(w.ann.Email, device))
		}
		for range 5 {
			w.logIn(w.ann) // who succeeds is not counted
		}
		w.refused(services.Unauthorized, fail(strings.ToUpper(w.ann.Email), device)) // the last that may
		w.clock.advance(time.Minute)
		_, err := w.Login.Login(w.Context(), w.ann.Email, password, device)
		w.refused(services.RateLimited, err)
		if wait := services.AsError(err).RetryAfter; wait != services.LoginRate.Window-time.Minute {
			w.Errorf("come again in %v", wait)
		}
		if _, err := w.Login.Login(w.Context(), w.ann.Email, password,
			services.Device{Address: "203.0.113.8"}); err != nil {
			w.Errorf("from elsewhere: %v", err)
		}
		w.refused(services.Unauthorized, fail(w.ben.Email, device))
		w.clock.advance(services.LoginRate.Window - time.Minute)
		w.logIn(w.ann)
	})
}

// Guesses that come at once must not all slip past the limit before the first has failed.
func TestLogin_limitsGuessesThatComeAtOnce(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		const guesses = 120
		errs := make(chan error, guesses)
		for i := range guesses {
			go func() {
				_, err := w.Login.Login(w.Context(), w.ann.Email, fmt.Sprint("wrong guess ", i), device)
				errs <- err
			}()
		}
		tried := 0
		for range guesses {
			if err := <-errs; services.KindOf(err) == services.Unauthorized {
				tried++
			} else {
				w.refused(services.RateLimited, err)
			}
		}
		if most := services.LoginRate.Count + 3; tried > most { // as many as are hashed at once
			w.Errorf("%d of %d guesses were tried, not %d", tried, guesses, most)
		}
	})
}

func TestIdentify_refusesWhatOpensNothing(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		token := w.logIn(w.ann)
		for _, wrong := range []string{"", "x", token + "x", strings.ToLower(token), services.HashToken(token),
			strings.Repeat("x", 10_000), "\x00"} {
			w.loggedOut(wrong)
		}
		w.ok(w.sessions.Set(services.HashToken("broken"), []byte("{"), time.Hour))
		w.loggedOut("broken")
		w.ok(w.sessions.Set(services.HashToken("nobody"), []byte(`{"user_id":"nobody","login_version":1}`), time.Hour))
		w.loggedOut("nobody")
	})
}

func TestIdentify_keepsThoseWhoComeBackAndEndsOthers(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		coming, staying := w.logIn(w.ann), w.logIn(w.ann)
		for range 3 { // longer than a session lives, but never away for long
			w.clock.advance(services.WebSessionLife / 2)
			w.identified(coming)
		}
		w.loggedOut(staying)
		w.clock.advance(services.WebSessionLife - time.Microsecond)
		w.identified(coming)
		w.clock.advance(services.WebSessionLife)
		w.loggedOut(coming)
	})
}

func TestIdentify_renewsOnceADay(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		token := w.logIn(w.ann)
		expires := func() time.Time {
			var session models.WebSession
			w.ok(w.db.Read.Take(&session).Error)
			return session.ExpiresAt
		}
		first := expires()
		w.clock.advance(services.WebSessionRenewal)
		w.identified(token)
		if !expires().Equal(first) {
			w.Error("renewed before a day has passed")
		}
		w.clock.advance(time.Second)
		w.identified(token)
		if !expires().Equal(w.clock.Now().Add(services.WebSessionLife)) {
			w.Errorf("expires at %v", expires())
		}
	})
}

func TestLogout_endsOneSessionAndItsSockets(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		here, elsewhere := w.logIn(w.ann), w.logIn(w.ann)
		w.ok(w.Login.Logout(w.Context(), w.identified(here)))
		w.loggedOut(here)
		w.identified(elsewhere)
		equal(w, of[webSessionEnded](w.events), webSessionEnded{services.HashToken(here)})
	})
}

func TestResetPassword_endsEverySessionOfTheUser(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		w.verifyPassword(w.ben)
		anns := w.logIn(w.ann)
		other := w.logIn(w.ann)
		bens := w.logIn(w.ben)
		w.ok(w.Login.ResetPassword(w.Context(), w.ann.Email, "another good password", false))
		w.loggedOut(anns)
		w.loggedOut(other)
		w.identified(bens)
		if _, err := w.Login.Login(w.Context(), w.ann.Email, password,
			device); services.KindOf(err) != services.Unauthorized {
			w.Errorf("with the old password: %v", err)
		}
		if _, err := w.Login.Login(w.Context(), w.ann.Email, "another good password", device); err != nil {
			w.Error(err)
		}
	})
}

func TestResetPassword_wantsItLongEnough(t *testing.T) {
	each(t, func(w *world) {
		for password, valid := range map[string]bool{
			"": false, "123456789": false, "1234567890": true, "äöüäöüäöü": false, "äöüäöüäöüä": true,
			strings.Repeat("x", 256): true, strings.Repeat("x", 257): false,
		} {
			err := w.Login.ResetPassword(w.Context(), w.ann.Email, password, false)
			if valid != (err == nil) || (!valid && services.AsError(err).Field != "password") {
				w.Errorf("%q: %v", password, err)
			}
		}
	})
}

func TestResetPassword_ofNobodyIsNotFound(t *testing.T) {
	each(t, func(w *world) {
		for _, email := range []string{"nobody@example.com", "", "a\x00b", "\xff"} {
			w.refused(services.NotFound, w.Login.ResetPassword(w.Context(), email, password, true))
		}
		if n := w.count(&models.User{}, "login_version > 1 OR password_hash <> ''"); n != 0 {
			w.Errorf("%d users were changed", n)
		}
	})
}

func TestResetPassword_takesTheSecondFactorOffWhereAsked(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		w.ok(w.db.Write.Model(&models.User{}).Where("id = ?", w.ann.ID).Update("totp_enabled_at", w.clock.Now()).Error)
		for _, without := range []bool{false, true} {
			w.ok(w.Login.ResetPassword(w.Context(), " "+strings.ToUpper(w.ann.Email), password, without))
			result, err := w.Login.Login(w.Context(), w.ann.Email, password, device)
			w.ok(err)
			if result.SecondFactor == without {
				w.Errorf("without one: %t, asked for one: %t", without, result.SecondFactor)
			}
		}
	})
}

func TestEnded_namesThoseWhoseSocketsMustClose(t *testing.T) {
	each(t, func(w *world) {
		w.ok(w.Login.ResetPassword(w.Context(), w.ann.Email, password, false)) // login version 2 from now on
		w.ok(w.Users.Disable(w.Context(), w.owner, w.ben.ID))
		gone := models.NewID()
		ended, err := w.Login.Ended(w.Context(), map[string]int{w.ann.ID: 1, w.ben.ID: 2, w.owner.ID: 1, gone: 1})
		w.ok(err)
		if len(ended) != 3 || strings.Contains(strings.Join(ended, " "), w.owner.ID) {
			w.Errorf("ended: %v", ended)
		}
		if ended, err = w.Login.Ended(w.Context(), map[string]int{w.ann.ID: 2}); err != nil || len(ended) != 0 {
			w.Errorf("ended: %v, %v", ended, err)
		}
		if ended, err = w.Login.Ended(w.Context(), nil); err != nil || len(ended) != 0 {
			w.Errorf("of nobody: %v, %v", ended, err)
		}
	})
}

func TestLogin_isUnavailableWhileTheStoreFails(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		token := w.logIn(w.ann)
		identity := w.identified(token)
		w.sessions.fail(true)
		_, err := w.Login.Login(w.Context(), w.ann.Email, password, device)
		w.refused(services.Unavailable, err)
		_, identifyErr := w.Login.Identify(w.Context(), token)
		w.refused(services.Unavailable, identifyErr) // not Unauthorized: the cookie is kept
		logoutErr := w.Login.Logout(w.Context(), identity)
		w.refused(services.Unavailable, logoutErr)
		for _, err := range []error{err, identifyErr, logoutErr} {
			if strings.Contains(services.AsError(err).Message, "refused") {
				w.Errorf("the user reads %q", services.AsError(err).Message)
			}
		}
		if len(of[webSessionEnded](w.events)) != 0 {
			w.Error("told of the end of a session that goes on")
		}
		w.sessions.fail(false)
		w.identified(token)
	})
}

// forgetful is a store that can be read but not written.
type forgetful struct{ services.WebSessionStore }

func (forgetful) Set(string, []byte, time.Duration) error { return errStoreDown }

func TestIdentify_needsNoRenewalToSucceed(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		token := w.logIn(w.ann)
		w.sessions.WebSessionStore = forgetful{w.sessions.WebSessionStore}
		w.clock.advance(services.WebSessionRenewal + time.Second)
		w.identified(token)
	})
}

func TestCSRF_isBoundToTheCookie(t *testing.T) {
	each(t, func(w *world) {
		token := w.Login.CSRFToken("cookie")
		if !w.Login.ValidCSRF("cookie", token) || token != w.Login.CSRFToken("cookie") {
			w.Error("the cookie's token is refused")
		}
		for name, try := range map[string][2]string{
			"another cookie": {"other", token}, "no cookie": {"", w.Login.CSRFToken("")}, "no token": {"cookie", ""},
			"a longer token":  {"cookie", token + "A"},
			"a shorter token": {"cookie", token[1:]}, "the cookie": {"cookie", "cookie"},
		} {
			if w.Login.ValidCSRF(try[0], try[1]) {
				w.Errorf("%s is accepted", name)
			}
		}
		other, err := services.NewLogin(w.db, w.sessions, nil, w.events, w.clock.Now, []byte("another secret"),
			services.NewSecretBox([]byte("another secret")), cheap)
		w.ok(err)
		if other.ValidCSRF("cookie", token) {
			w.Error("another installation's token is accepted")
		}
	})
}
