package services_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

// guess is an attempt from the address in ctx.
type guess func(ctx context.Context) error

// at returns the context of a request from the nth address: every second one is IPv6.
func (w *world) at(n int) context.Context {
	if n%2 == 0 {
		return w.from(fmt.Sprintf("203.0.%d.%d", n/200, n%200))
	}
	return w.from(fmt.Sprintf("2001:db8:%x::1", n))
}

// guessable returns a wrong and a right attempt at every secret that can be guessed.
func (w *world) guessable() map[string]func() (wrong, right guess) {
	logIn := func(password string) guess {
		return func(ctx context.Context) error {
			_, err := w.WebSessions.LogIn(ctx, w.ann.Email, password, browser)
			return err
		}
	}
	return map[string]func() (wrong, right guess){
		"password": func() (guess, guess) {
			w.givePassword(w.ann)
			return logIn("not the password"), logIn(password)
		},
		"password of nobody": func() (guess, guess) {
			wrong := func(ctx context.Context) error {
				_, err := w.WebSessions.LogIn(ctx, "nobody@acme.example", password, browser)
				return err
			}
			return wrong, wrong
		},
		"second factor": func() (guess, guess) {
			_, recovery := w.twoFactors()
			enter := func(code func() string) guess {
				return func(ctx context.Context) error {
					_, err := w.WebSessions.LogInWithCode(ctx, w.halfway(), code(), browser)
					return err
				}
			}
			used := 0
			return enter(func() string { return "000000" }), enter(func() string { used++; return recovery[used-1] })
		},
	}
}

// fails fails the test unless the attempt was made and was wrong.
func (w *world) fails(err error) {
	w.Helper()
	if kind := services.KindOf(err); kind != services.Unauthorized && kind != services.Invalid {
		w.Errorf("%v, not a failed attempt", err)
	}
}

// limited fails the test unless the attempt was refused for wait.
func (w *world) limited(err error, wait time.Duration) {
	w.Helper()
	refusal := services.AsError(err)
	if err == nil || refusal.Kind != services.RateLimited || refusal.RetryAfter != wait ||
		strings.Count(refusal.Message, ".") != 1 {
		w.Errorf("%v, come again in %s, not %s", err, refusal.RetryAfter, wait)
	}
}

// eachSecret runs test for every guessable secret. If the secret does not exist, right is wrong too.
func eachSecret(t *testing.T, test func(w *world, wrong, right guess, exists bool)) {
	t.Parallel()
	for _, name := range []string{"password", "password of nobody", "second factor"} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				wrong, right := w.guessable()[name]()
				test(w, wrong, right, name != "password of nobody")
			})
		})
	}
}

func TestThrottle_limitsFailuresByAccountAndAddress(t *testing.T) {
	eachSecret(t, func(w *world, wrong, right guess, exists bool) {
		for range services.PairRate.Count - 1 {
			w.fails(wrong(w.at(1)))
		}
		if exists {
			w.ok(right(w.at(1))) // does not count
		}
		w.clock.advance(time.Minute)
		w.fails(wrong(w.from("2001:db8:1::ffff"))) // the same network
		w.limited(wrong(w.at(1)), services.PairRate.Window-time.Minute)
		w.limited(right(w.from("2001:db8:1:0:1:2:3:4")), services.PairRate.Window-time.Minute)
		if exists {
			w.ok(right(w.at(2)))
		}
		w.clock.advance(services.PairRate.Window - time.Minute)
		if exists {
			w.ok(right(w.at(1)))
		}
		w.fails(wrong(w.at(1)))
	})
}

func TestThrottle_slowsDownAnAccountFromAnyAddress(t *testing.T) {
	eachSecret(t, func(w *world, wrong, right guess, exists bool) {
		tried, address := 0, 0
		for ; address < 12*10; address++ { // 12 addresses, 10 attempts each
			if err := wrong(w.at(address / 10)); services.KindOf(err) != services.RateLimited {
				w.fails(err)
				tried++
			}
		}
		if most := services.AccountRate.Count + 1; tried != most {
			w.Errorf("%d attempts were made, not %d", tried, most)
		}
		w.limited(right(w.at(address)), services.SlowRate.Window)
		w.clock.advance(services.SlowRate.Window)
		if exists {
			w.ok(right(w.at(address)))
			w.ok(right(w.at(address))) // a right one does not count
		}
		w.fails(wrong(w.at(address)))
		w.limited(right(w.at(address+1)), services.SlowRate.Window)
		w.clock.advance(services.AccountRate.Window)
		w.fails(wrong(w.at(address)))
		w.fails(wrong(w.at(address)))
	})
}

// Guesses that come at once must not pass the limit before the first has failed.
func TestThrottle_limitsGuessesAtOnce(t *testing.T) {
	eachSecret(t, func(w *world, wrong, _ guess, _ bool) {
		for addresses, most := range map[int]int{1: services.PairRate.Count, 120: services.AccountRate.Count + 1} {
			w.clock.advance(services.AccountRate.Window)
			const guesses = 120
			errs := make(chan error, guesses)
			for i := range guesses {
				go func() { errs <- wrong(w.at(i % addresses)) }()
			}
			tried := 0
			for range guesses {
				if err := <-errs; services.KindOf(err) != services.RateLimited {
					w.fails(err)
					tried++
				}
			}
			if tried != most {
				w.Errorf("%d of %d guesses were tried from %d addresses, not %d", tried, guesses, addresses, most)
			}
		}
	})
}

func TestThrottle_limitsAnAddressForAnyAccount(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		spray := func(ctx context.Context, i int) error {
			_, err := w.WebSessions.LogIn(ctx, fmt.Sprintf("user%d@acme.example", i), "a common password", browser)
			return err
		}
		for i := range services.AddressRate.Count {
			w.fails(spray(w.at(1), i))
		}
		w.limited(spray(w.at(1), 1000), services.AddressRate.Window)
		w.limited(spray(w.from("2001:db8:1:0:ffff::"), 1001), services.AddressRate.Window)
		_, err := w.WebSessions.LogIn(w.at(1), w.ann.Email, password, browser)
		w.limited(err, services.AddressRate.Window)
		w.fails(spray(w.at(2), 1000))
		_, err = w.WebSessions.LogIn(w.at(3), w.ann.Email, password, browser)
		w.ok(err)
	})
}

// Many people log in from one office at nine o'clock, and one person's scripts from many places.
func TestThrottle_doesNotCountRightPasswords(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		const logins = 150
		errs := make(chan error, logins)
		for range logins {
			go func() {
				_, err := w.WebSessions.LogIn(w.at(1), w.ann.Email, password, browser)
				errs <- err
			}()
		}
		for range logins {
			w.ok(<-errs)
		}
	})
}

func TestThrottle_limitsCodesByDay(t *testing.T) {
	each(t, func(w *world) {
		w.twoFactors()
		enter := func() error {
			_, err := w.WebSessions.LogInWithCode(w.from("203.0.113.7"), w.halfway(), "000000", browser)
			return err
		}
		for i := range services.CodeDayRate.Count {
			w.fails(enter())
			if i%services.PairRate.Count == services.PairRate.Count-1 {
				w.clock.advance(services.PairRate.Window)
			}
		}
		w.fails(enter())
		w.limited(enter(), 5*time.Minute)
		w.clock.advance(24 * time.Hour)
		w.fails(enter())
		w.fails(enter())
	})
}

// knownTo returns a browser in which users have logged in before.
func (w *world) knownTo(users ...models.User) services.Client {
	w.Helper()
	client := browser
	for _, user := range users {
		client.DeviceCookie = w.login(user, client).DeviceCookie
	}
	return client
}

// attack guesses at ann's password until every further login of hers is limited.
func (w *world) attack() {
	w.Helper()
	for i := range 12 * services.PairRate.Count {
		_, err := w.WebSessions.LogIn(w.at(i/services.PairRate.Count), w.ann.Email, "a guess", browser)
		if err == nil {
			w.Fatal("guessed")
		}
	}
	_, err := w.WebSessions.LogIn(w.at(999), w.ann.Email, password, browser)
	w.refused(services.RateLimited, err)
}

func TestKnownDevice_isNotLockedOutByOthers(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		w.givePassword(w.ben)
		mine, shared := w.knownTo(w.ann), w.knownTo(w.ann, w.ben)
		bens := w.knownTo(w.ben)
		w.ok(w.WebSessions.Logout(w.Context(), w.logIn(w.ann)))
		w.attack()
		for range 3 {
			_, err := w.WebSessions.LogIn(w.at(0), w.ann.Email, password, mine) // from the attacker's own address
			w.ok(err)
		}
		_, err := w.WebSessions.LogIn(w.at(1), w.ann.Email, password, shared)
		w.ok(err)
		for name, forged := range map[string]string{"another user's": bens.DeviceCookie, "none": "",
			"cut": mine.DeviceCookie[:len(mine.DeviceCookie)-1], "garbage": "~~.~...~" + strings.Repeat("x", 10_000),
			"unsigned": w.ann.ID + ".1.x.", "for another user": strings.Replace(bens.DeviceCookie, w.ben.ID, w.ann.ID, 1),
			"for another version": strings.Replace(mine.DeviceCookie, ".1.", ".2.", 1), "NUL": "\x00"} {
			_, err := w.WebSessions.LogIn(w.at(998), w.ann.Email, password, services.Client{DeviceCookie: forged})
			if services.KindOf(err) != services.RateLimited {
				w.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Guesses from many addresses at many accounts pass every limit, and keep the server busy.
func TestKnownDevice_logsInWhileGuessesKeepTheServerBusy(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		known := w.knownTo(w.ann)
		release := w.Passwords.Occupy()
		defer release()
		w.login(w.ann, known)
		ctx, cancel := context.WithTimeout(w.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := w.WebSessions.LogIn(ctx, w.ann.Email, password, browser)
		w.refused(services.Unavailable, err)
	})
}

func TestKnownDevice_hasALimitOfItsOwn(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		known := w.knownTo(w.ann)
		guess := func(i int) error {
			_, err := w.WebSessions.LogIn(w.at(i), w.ann.Email, "a guess", known)
			return err
		}
		for i := range services.PairRate.Count {
			w.fails(guess(i))
		}
		w.limited(guess(999), services.PairRate.Window) // a stolen cookie allows no more
		w.identified(w.logIn(w.ann))                    // and its failures count for nobody else
		w.clock.advance(services.PairRate.Window)
		again := w.login(w.ann, known)
		for i := range services.PairRate.Count {
			w.fails(guess(i))
		}
		_, err := w.WebSessions.LogIn(w.Context(), w.ann.Email, password,
			services.Client{DeviceCookie: again.DeviceCookie})
		w.limited(err, services.PairRate.Window) // logging in does not make it a second device
	})
}

func TestKnownDevice_isForgottenWhenLoginsEnd(t *testing.T) {
	for name, end := range map[string]func(w *world, here services.Identity) error{
		"password change": func(w *world, here services.Identity) error {
			return w.Profile.ChangePassword(w.Context(), here, password, "another good password")
		},
		"password reset": func(w *world, _ services.Identity) error {
			return w.Passwords.Reset(w.Context(), w.ann.Email, "another good password", false)
		},
		"log out other devices": func(w *world, here services.Identity) error {
			return w.WebSessions.LogOutOthers(w.Context(), here)
		},
		"disabled": func(w *world, _ services.Identity) error {
			if err := w.Users.Disable(w.Context(), w.owner, w.ann.ID); err != nil {
				return err
			}
			return w.Users.Enable(w.Context(), w.owner, w.ann.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.givePassword(w.ann)
				stolen := w.knownTo(w.ann)
				here := w.logIn(w.ann)
				w.ok(end(w, w.identified(here)))
				w.attack()
				_, err := w.WebSessions.LogIn(w.at(998), w.ann.Email, password, stolen)
				w.refused(services.RateLimited, err)
				if name == "log out other devices" {
					kept := services.Client{DeviceCookie: w.WebSessions.Remember("", w.identified(here).User)}
					_, err := w.WebSessions.LogIn(w.at(998), w.ann.Email, password, kept)
					w.ok(err)
				}
			})
		})
	}
}

// The password alone makes no known device where there is a second factor.
func TestKnownDevice_needsTheSecondFactor(t *testing.T) {
	each(t, func(w *world) {
		_, recovery := w.twoFactors()
		half := w.login(w.ann, browser)
		if half.DeviceCookie != "" {
			w.Error("known before the code")
		}
		whole, err := w.logInWithCode(half.Token, recovery[0])
		w.ok(err)
		known := services.Client{DeviceCookie: whole.DeviceCookie}
		for i := range 12 * services.PairRate.Count { // by someone who knows the password
			w.WebSessions.LogInWithCode(w.at(i/services.PairRate.Count), w.halfway(), "000000", browser)
		}
		half = w.login(w.ann, known)
		_, err = w.WebSessions.LogInWithCode(w.at(999), half.Token, recovery[1], browser)
		w.refused(services.RateLimited, err)
		_, err = w.WebSessions.LogInWithCode(w.at(999), half.Token, recovery[1], known)
		w.ok(err)
	})
}

func TestRemember_keepsTheLastFew(t *testing.T) {
	each(t, func(w *world) {
		cookie := "garbage~" + strings.Repeat("~", 100)
		users := make([]models.User, 8)
		for i := range users {
			users[i] = models.User{ID: models.NewID(), LoginVersion: 1}
			cookie = w.WebSessions.Remember(cookie, users[i])
		}
		if marks := strings.Split(cookie, "~"); len(marks) != 5 || len(cookie) > 1000 ||
			!strings.HasPrefix(cookie, users[7].ID) {
			w.Errorf("%d marks in %d bytes", len(marks), len(cookie))
		}
		if again := w.WebSessions.Remember(cookie, users[7]); again != cookie {
			w.Error("remembering a user again makes another device")
		}
	})
}
