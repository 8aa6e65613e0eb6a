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
	w.verifyPassword(w.ann)
	setup, err := w.Profile.BeginSecondFactor(w.Context(), w.ann)
	w.ok(err)
	recovery, err = w.Profile.ConfirmSecondFactor(w.Context(), w.ann, w.code(setup, 0))
	w.ok(err)
	w.ann = w.user(w.ann.ID)
	w.clock.advance(time.Minute)
	return setup, recovery
}

// halfway is a login of ann that waits for the code.
func (w *world) halfway() string {
	w.Helper()
	result, err := w.Login.Login(w.Context(), w.ann.Email, password, device)
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
		w.ok(w.Login.AwaitsSecondFactor(w.Context(), waiting))
		for _, wrong := range []string{"", "000000", "1", w.code(setup, 2*time.Minute), w.code(setup, -2*time.Minute),
			strings.Repeat("x", 10_000), "\x00"} {
			_, err := w.Login.SecondFactor(w.Context(), waiting, wrong, device)
			wrongCode(w, err)
		}
		fresh, err := w.Login.SecondFactor(w.Context(), waiting, " "+w.code(setup, 0)[:3]+" "+w.code(setup, 0)[3:]+" ",
			device)
		w.ok(err)
		if fresh == waiting || w.identified(fresh).User.ID != w.ann.ID {
			w.Error("the token from before the code goes on")
		}
		w.loggedOut(waiting)
		w.refused(services.Unauthorized, w.Login.AwaitsSecondFactor(w.Context(), waiting))
		w.refused(services.Unauthorized, w.Login.AwaitsSecondFactor(w.Context(), fresh))
		_, err = w.Login.SecondFactor(w.Context(), fresh, w.code(setup, 30*time.Second), device)
		w.refused(services.Unauthorized, err)
		w.Login.Wait()
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
		w.ok(w.Login.AwaitsSecondFactor(w.Context(), waiting))
		w.clock.advance(time.Second)
		_, err := w.Login.SecondFactor(w.Context(), waiting, w.code(setup, 0), device)
		w.refused(services.Unauthorized, err)
		waiting = w.halfway()
		w.ok(w.Users.Disable(w.Context(), w.owner, w.ann.ID))
		_, err = w.Login.SecondFactor(w.Context(), waiting, w.code(setup, 0), device)
		w.refused(services.Unauthorized, err)
	})
}

func TestSecondFactor_takesTheStepsBesideAndEachCodeOnce(t *testing.T) {
	each(t, func(w *world) {
		setup, _ := w.twoFactors()
		for _, beside := range []time.Duration{-30 * time.Second, 0, 30 * time.Second} {
			code := w.code(setup, beside)
			_, err := w.Login.SecondFactor(w.Context(), w.halfway(), code, device)
			w.ok(err)
			_, err = w.Login.SecondFactor(w.Context(), w.halfway(), code, device)
			wrongCode(w, err)
		}
		_, err := w.Login.SecondFactor(w.Context(), w.halfway(), w.code(setup, 0), device) // older than the last
		wrongCode(w, err)
	})
}

// The code that turned the second factor on is used up by that.
func TestSecondFactor_takesNotTheCodeThatTurnedItOn(t *testing.T) {
	each(t, func(w *world) {
		w.verifyPassword(w.ann)
		setup, err := w.Profile.BeginSecondFactor(w.Context(), w.ann)
		w.ok(err)
		if result, err := w.Login.Login(w.Context(), w.ann.Email, password, device); err != nil || result.SecondFactor {
			w.Errorf("asked for a second factor that is not on: %v", err)
		}
		_, err = w.Profile.ConfirmSecondFactor(w.Context(), w.ann, w.code(setup, 0))
		w.ok(err)
		_, err = w.Login.SecondFactor(w.Context(), w.halfway(), w.code(setup, 0), device)
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
					_, err := w.Login.SecondFactor(w.Context(), waiting, code, device)
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
			_, err := w.Login.SecondFactor(w.Context(), w.halfway(), code, device)
			w.ok(err)
			if _, err = w.Login.SecondFactor(w.Context(), w.halfway(), code, device); i < 2 {
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
				_, err := w.Login.SecondFactor(w.Context(), waiting, "00000",
					services.Device{Address: fmt.Sprint("203.0.113.", i)})
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
		_, err := w.Login.SecondFactor(w.Context(), waiting, w.code(setup, 0), device)
		w.refused(services.RateLimited, err)
		w.clock.advance(services.CodeRate.Window)
		_, err = w.Login.SecondFactor(w.Context(), waiting, w.code(setup, 0), device)
		w.ok(err)
	})
}

func TestBeginSecondFactor_sealsTheSecret(t *testing.T) {
	each(t, func(w *world) {
		setup, err := w.Profile.BeginSecondFactor(w.Context(), w.ann)
		w.ok(err)
		u, err := url.Parse(setup.URL)
		w.ok(err)
		secret, err := base32.StdEncoding.DecodeString(setup.Secret)
		w.ok(err)
		if u.Scheme != "otpauth" || u.Query().Get("secret") != setup.Secret || u.Query().Get("issuer") != "Parley" ||
			!strings.HasSuffix(u.Path, w.ann.Email) ||
			len(secret) != 20 || !strings.HasPrefix(string(setup.QR), "\x89PNG") {
			w.Errorf("set up with %s", setup.URL)
		}
		stored := w.user(w.ann.ID)
		if strings.Contains(stored.TotpSecret, setup.Secret) || !strings.HasPrefix(stored.TotpSecret, "v1.") ||
			stored.TotpEnabledAt != nil {
			w.Errorf("stored %q", stored.TotpSecret)
		}
		shown, err := w.Profile.BegunSecondFactor(w.Context(), w.ann)
		w.ok(err)
		if shown.Secret != setup.Secret {
			w.Error("shown again, it is another secret")
		}
		// Another user's sealed secret is worth nothing here.
		w.ok(w.db.Write.Model(&models.User{}).Where("id = ?", w.ben.ID).Update("totp_secret", stored.TotpSecret).Error)
		if _, err := w.Profile.ConfirmSecondFactor(w.Context(), w.ben, w.code(setup, 0)); err == nil {
			w.Error("a secret was moved to another user")
		}
	})
}

func TestConfirmSecondFactor_wantsACodeOfTheNewestSecret(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.Profile.ConfirmSecondFactor(w.Context(), w.ann, "000000")
		w.refused(services.Conflict, err) // not begun
		_, err = w.Profile.BegunSecondFactor(w.Context(), w.ann)
		w.refused(services.Conflict, err)
		first, err := w.Profile.BeginSecondFactor(w.Context(), w.ann)
		w.ok(err)
		second, err := w.Profile.BeginSecondFactor(w.Context(), w.ann)
		w.ok(err)
		_, err = w.Profile.ConfirmSecondFactor(w.Context(), w.ann, w.code(first, 0))
		wrongCode(w, err)
		_, err = w.Profile.ConfirmSecondFactor(w.Context(), w.ann, "")
		wrongCode(w, err)
		_, err = w.Profile.ConfirmSecondFactor(w.Context(), w.ann, w.code(second, 0))
		w.ok(err)
		_, err = w.Profile.ConfirmSecondFactor(w.Context(), w.ann, w.code(second, 0)) // a second click
		w.refused(services.Conflict, err)
		_, err = w.Profile.BeginSecondFactor(w.Context(), w.ann)
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
				err := w.Profile.DisableSecondFactor(w.Context(), w.ann, wrong)
				if err == nil || services.KindOf(err) != services.Invalid || services.AsError(err).Field != "proof" {
					w.Errorf("%q: %v", wrong, err)
				}
			}
			if err := w.Profile.DisableSecondFactor(w.Context(), w.ann, proof(setup, recovery)); err != nil {
				w.Errorf("%s: %v", name, err)
			}
			w.ann = w.user(w.ann.ID)
			if w.ann.TotpEnabledAt != nil || w.ann.TotpSecret != "" || services.RecoveryCodesLeft(w.ann) != 0 {
				w.Errorf("%s: left is %+v", name, w.ann)
			}
			w.ok(w.Profile.DisableSecondFactor(w.Context(), w.ann, ""))
			w.identified(w.logIn(w.ann))
			w.clock.advance(services.LoginRate.Window)
		}
	})
}
