package services_test

import (
	"encoding/base32"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"parley/models"
	"parley/services"
)

// code is what ann's app shows after d.
func (w *world) code(setup services.SecondFactorSetup, d time.Duration) string {
	w.Helper()
	code, err := totp.GenerateCode(setup.Secret, w.clock.Now().Add(d))
	w.ok(err)
	return code
}

// begun is the setup of a second factor that a user has begun.
func (w *world) begun(user models.User) services.SecondFactorSetup {
	w.Helper()
	w.ok(w.SecondFactors.Begin(w.Context(), user))
	setup, err := w.SecondFactors.Setup(w.Context(), user)
	w.ok(err)
	return setup
}

// confirm turns ann's second factor on, with her password.
func (w *world) confirm(code string) (recovery []string, err error) {
	return w.SecondFactors.Confirm(w.Context(), services.Identity{User: w.user(w.ann.ID)}, services.Confirmation{
		Password: password,
		Code:     code,
	})
}

// logInWithCode finishes a login from ann's browser.
func (w *world) logInWithCode(token, code string) (services.Login, error) {
	return w.WebSessions.LogInWithCode(w.Context(), token, code, browser)
}

// twoFactors turns ann's second factor on; codes of this time step are used up by it.
func (w *world) twoFactors() (setup services.SecondFactorSetup, recovery []string) {
	w.Helper()
	w.givePassword(w.ann)
	setup = w.begun(w.ann)
	recovery, err := w.confirm(w.code(setup, 0))
	w.ok(err)
	w.ann = w.user(w.ann.ID)
	w.clock.advance(time.Minute)
	return setup, recovery
}

// halfway is a login of ann that waits for the code.
func (w *world) halfway() string {
	w.Helper()
	result, err := w.WebSessions.LogIn(w.Context(), w.ann.Email, password, browser)
	w.ok(err)
	if !result.AwaitsSecondFactor {
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
		w.ok(w.WebSessions.AwaitsSecondFactor(w.Context(), waiting))
		for _, wrong := range []string{"", "000000", "1", w.code(setup, 2*time.Minute), w.code(setup, -2*time.Minute),
			strings.Repeat("x", 10_000), "\x00"} {
			_, err := w.logInWithCode(waiting, wrong)
			wrongCode(w, err)
		}
		fresh, err := w.logInWithCode(waiting, " "+w.code(setup, 0)[:3]+" "+w.code(setup, 0)[3:]+" ")
		w.ok(err)
		if fresh.Token == waiting || w.identified(fresh.Token).User.ID != w.ann.ID {
			w.Error("the token from before the code goes on")
		}
		w.loggedOut(waiting)
		w.refused(services.Unauthorized, w.WebSessions.AwaitsSecondFactor(w.Context(), waiting))
		w.refused(services.Unauthorized, w.WebSessions.AwaitsSecondFactor(w.Context(), fresh.Token))
		_, err = w.logInWithCode(fresh.Token, w.code(setup, 30*time.Second))
		w.refused(services.Unauthorized, err)
		w.Wait()
		if noted := strings.Join(w.noted(), "\n"); strings.Count(noted, "login.failed") != 7 ||
			strings.Count(noted, "login.succeeded") != 1 || !strings.Contains(noted, "second factor") {
			w.Errorf("noted\n%s", noted)
		}
	})
}

func TestSecondFactor_waitsTenMinutes(t *testing.T) {
	each(t, func(w *world) {
		setup, _ := w.twoFactors()
		waiting := w.halfway()
		w.clock.advance(10*time.Minute - time.Second)
		w.ok(w.WebSessions.AwaitsSecondFactor(w.Context(), waiting))
		w.clock.advance(time.Second)
		_, err := w.logInWithCode(waiting, w.code(setup, 0))
		w.refused(services.Unauthorized, err)
		waiting = w.halfway()
		w.ok(w.Users.Disable(w.Context(), w.owner, w.ann.ID))
		_, err = w.logInWithCode(waiting, w.code(setup, 0))
		w.refused(services.Unauthorized, err)
	})
}

func TestSecondFactor_acceptsAdjacentTimeStepsAndEachCodeOnce(t *testing.T) {
	each(t, func(w *world) {
		setup, _ := w.twoFactors()
		for _, beside := range []time.Duration{-30 * time.Second, 0, 30 * time.Second} {
			code := w.code(setup, beside)
			_, err := w.logInWithCode(w.halfway(), code)
			w.ok(err)
			_, err = w.logInWithCode(w.halfway(), code)
			wrongCode(w, err)
		}
		_, err := w.logInWithCode(w.halfway(), w.code(setup, 0)) // older than the last
		wrongCode(w, err)
	})
}

// The code that turned the second factor on is used up by that.
func TestSecondFactor_refusesTheCodeThatTurnedItOn(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		setup := w.begun(w.ann)
		if w.login(w.ann, browser).AwaitsSecondFactor {
			w.Error("asked for a second factor that is not on")
		}
		_, err := w.confirm(w.code(setup, 0))
		w.ok(err)
		_, err = w.logInWithCode(w.halfway(), w.code(setup, 0))
		wrongCode(w, err)
	})
}

func TestSecondFactor_oneOfManyLoginsWithOneCodeSucceeds(t *testing.T) {
	each(t, func(w *world) {
		setup, recovery := w.twoFactors()
		for _, code := range []string{w.code(setup, 0), recovery[3]} {
			errs := make(chan error)
			for range 4 {
				waiting := w.halfway()
				go func() {
					_, err := w.logInWithCode(waiting, code)
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
		if n := w.count(&models.User{}, "recovery_codes LIKE ?",
			"%"+strings.ReplaceAll(recovery[0], "-", "")+"%"); n != 0 {
			w.Error("the codes themselves are stored")
		}
		for i, code := range recovery {
			if i%2 == 0 {
				code = strings.ToUpper(strings.ReplaceAll(code, "-", " "))
			}
			_, err := w.logInWithCode(w.halfway(), code)
			w.ok(err)
			if _, err = w.logInWithCode(w.halfway(), code); i < 2 {
				wrongCode(w, err)
			}
			w.clock.advance(services.PairRate.Window)
		}
		if left := services.RecoveryCodesLeft(w.user(w.ann.ID)); left != 0 {
			w.Errorf("%d are left", left)
		}
	})
}

func TestSecondFactor_acceptsFullWidthDigits(t *testing.T) {
	each(t, func(w *world) {
		setup, _ := w.twoFactors()
		fullWidth := strings.Map(func(digit rune) rune { return digit - '0' + '０' }, w.code(setup, 0))
		_, err := w.logInWithCode(w.halfway(), fullWidth)
		w.ok(err)
	})
}

func TestBegin_encryptsTheSecret(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ben)
		setup := w.begun(w.ann)
		secret, err := base32.StdEncoding.DecodeString(setup.Secret)
		w.ok(err)
		if len(secret) != 20 || !strings.HasPrefix(string(setup.QR), "\x89PNG") {
			w.Errorf("the secret has %d bytes, the picture begins %.4q", len(secret), setup.QR)
		}
		stored := w.user(w.ann.ID)
		if strings.Contains(stored.TotpSecret, setup.Secret) || !strings.HasPrefix(stored.TotpSecret, "v1.") ||
			stored.TotpEnabledAt != nil {
			w.Errorf("stored %q", stored.TotpSecret)
		}
		again, err := w.SecondFactors.Setup(w.Context(), w.ann)
		w.ok(err)
		if again.Secret != setup.Secret {
			w.Error("the second look shows another secret")
		}
		// Another user's encrypted secret is worth nothing here.
		w.ok(w.db.Write.Model(&models.User{}).Where("id = ?", w.ben.ID).Update("totp_secret", stored.TotpSecret).Error)
		if _, err := w.SecondFactors.Confirm(w.Context(), services.Identity{User: w.user(w.ben.ID)},
			services.Confirmation{Password: password, Code: w.code(setup, 0)}); err == nil {
			w.Error("a secret was moved to another user")
		}
	})
}

func TestConfirm_requiresACodeOfTheNewestSecret(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		_, err := w.confirm("000000")
		w.refused(services.Conflict, err) // not begun
		_, err = w.SecondFactors.Setup(w.Context(), w.ann)
		w.refused(services.Conflict, err)
		first, second := w.begun(w.ann), w.begun(w.ann)
		for _, wrong := range []string{w.code(first, 0), "", "000000", strings.Repeat("0", 10_000)} {
			_, err = w.confirm(wrong)
			wrongCode(w, err)
		}
		_, err = w.confirm(w.code(second, 0))
		w.ok(err)
		_, err = w.confirm(w.code(second, 0)) // a second click
		w.refused(services.Conflict, err)
		w.refused(services.Conflict, w.SecondFactors.Begin(w.Context(), w.ann))
		if w.user(w.ben.ID).TotpEnabledAt != nil {
			w.Error("on for another user")
		}
		w.Wait()
		noted := strings.Join(w.noted(), "\n")
		if strings.Count(noted, "second_factor.enabled") != 1 ||
			strings.Count(noted, "second_factor.failed "+personOf(w.ann)+" turning it on, wrong code") != 4 {
			w.Errorf("noted\n%s", noted)
		}
	})
}

// Someone at an unlocked screen must not lock its owner out.
func TestConfirm_requiresThePassword(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		identity := w.identified(w.logIn(w.ann))
		setup := w.begun(w.ann)
		for _, wrong := range []string{"", "not the password", strings.Repeat("x", 10_000)} {
			_, err := w.SecondFactors.Confirm(w.Context(), identity, services.Confirmation{
				Password: wrong,
				Code:     w.code(setup, 0),
			})
			if services.KindOf(err) != services.Invalid || services.AsError(err).Field != "password" {
				w.Errorf("%.20q: %v", wrong, err)
			}
		}
		if w.user(w.ann.ID).TotpEnabledAt != nil {
			w.Error("it is on without the password")
		}
		w.Wait()
		if noted := strings.Join(w.noted(), "\n"); strings.Count(noted,
			"second_factor.failed "+personOf(w.ann)+" turning it on, wrong password") != 3 {
			w.Errorf("noted\n%s", noted)
		}
		for range services.PairRate.Count - 3 {
			_, err := w.SecondFactors.Confirm(w.Context(), identity, services.Confirmation{Password: "guess"})
			w.refused(services.Invalid, err)
		}
		_, err := w.confirm(w.code(setup, 0))
		w.refused(services.RateLimited, err)
		w.clock.advance(services.PairRate.Window)
		_, err = w.confirm(w.code(setup, 0))
		w.ok(err)
	})
}

func TestConfirm_logsOutOtherDevicesIfAsked(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		w.givePassword(w.ben)
		here, elsewhere := w.logIn(w.ann), w.logIn(w.ann)
		bens := w.logIn(w.ben)
		setup := w.begun(w.ann)
		confirmed := services.Confirmation{
			Password:     password,
			Code:         w.code(setup, 0),
			LogOutOthers: true,
		}
		_, err := w.SecondFactors.Confirm(w.Context(), w.identified(here), confirmed)
		w.ok(err)
		w.identified(here)
		w.loggedOut(elsewhere)
		w.identified(bens)
		equal(w, of[userSessionsEnded](w.events), userSessionsEnded{w.ann.ID})

		w.ok(w.SecondFactors.Disable(w.Context(), w.user(w.ann.ID), password))
		elsewhere = w.logIn(w.ann)
		w.clock.advance(time.Minute)
		setup = w.begun(w.ann)
		confirmed = services.Confirmation{Password: password, Code: w.code(setup, 0)}
		_, err = w.SecondFactors.Confirm(w.Context(), w.identified(here), confirmed)
		w.ok(err)
		w.identified(elsewhere) // not asked for
	})
}

func TestDisableSecondFactor_requiresThePasswordOrACode(t *testing.T) {
	each(t, func(w *world) {
		for name, proof := range map[string]func(setup services.SecondFactorSetup, recovery []string) string{
			"the password":    func(services.SecondFactorSetup, []string) string { return password },
			"a code":          func(setup services.SecondFactorSetup, _ []string) string { return w.code(setup, 0) },
			"a recovery code": func(_ services.SecondFactorSetup, recovery []string) string { return recovery[9] },
		} {
			setup, recovery := w.twoFactors()
			for _, wrong := range []string{"", "wrong password", "000000", "aaaa-bbbb-cccc-dddd"} {
				err := w.SecondFactors.Disable(w.Context(), w.ann, wrong)
				if err == nil || services.KindOf(err) != services.Invalid || services.AsError(err).Field != "proof" {
					w.Errorf("%q: %v", wrong, err)
				}
			}
			if err := w.SecondFactors.Disable(w.Context(), w.ann, proof(setup, recovery)); err != nil {
				w.Errorf("%s: %v", name, err)
			}
			w.ann = w.user(w.ann.ID)
			if w.ann.TotpEnabledAt != nil || w.ann.TotpSecret != "" || services.RecoveryCodesLeft(w.ann) != 0 {
				w.Errorf("%s: left is %+v", name, w.ann)
			}
			w.ok(w.SecondFactors.Disable(w.Context(), w.ann, ""))
			w.identified(w.logIn(w.ann))
			w.clock.advance(services.PairRate.Window)
		}
	})
}
