package main

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"parley/services"
)

// from is a browser whose requests a trusted proxy passes on from an address.
type from struct {
	*browser
	address string
}

func (w *world) from(node int, address string) from {
	w.t.Helper()
	b := from{w.browser(node), address}
	b.get("/auth/login", "X-Forwarded-For", address)
	return b
}

// logIn tries to log in.
func (f from) logIn(email, password string) answer {
	f.t.Helper()
	values := formValues("csrf_token", f.csrf, "email", email, "password", password)
	return f.do(http.MethodPost, "/auth/login", values.Encode(), "Content-Type", "application/x-www-form-urlencoded",
		"X-Forwarded-For", f.address)
}

// limited fails unless an answer is 429 and says when to come again.
func limited(t *testing.T, a answer) {
	t.Helper()
	a.status(t, http.StatusTooManyRequests)
	if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || seconds < 1 || seconds > 300 {
		t.Errorf("429 comes with Retry-After %q", a.Header.Get("Retry-After"))
	}
}

// Twelve addresses that guess at one account at once, on every node, get as far as one address that takes its time.
func TestLogin_guessesFromManyAddressesAreLimitedAndTheOwnerGetsIn(t *testing.T) {
	eachWithRedis(t, func(t *testing.T, w *world, _ *redisServer) {
		known := w.from(0, "198.51.100.1")
		known.logIn(w.seeded.Agent.Email, w.seeded.Agent.Password).status(t, http.StatusSeeOther)
		known.get("/inbox").status(t, 200)
		known.form("/auth/logout").status(t, http.StatusSeeOther)

		const addresses, each = 12, 10
		tried, refused := 0, 0
		var mu sync.Mutex
		var attackers sync.WaitGroup
		for i := range addresses {
			attackers.Go(func() {
				b := w.from(i, fmt.Sprintf("203.0.113.%d", i))
				for range each {
					a := b.logIn(w.seeded.Agent.Email, "a wrong password")
					mu.Lock()
					switch a.StatusCode {
					case http.StatusUnauthorized:
						tried++
					case http.StatusTooManyRequests:
						refused++
					}
					mu.Unlock()
				}
			})
		}
		attackers.Wait()
		if tried < 50 || tried > 52 || tried+refused != addresses*each { // one more for each 10 s
			t.Errorf("%d guesses were tried, %d refused", tried, refused)
		}
		limited(t, w.from(1, "192.0.2.9").logIn(w.seeded.Agent.Email, w.seeded.Agent.Password))
		known = from{known.at(w, 1), "203.0.113.1"} // an attacker's address
		known.get("/auth/login", "X-Forwarded-For", known.address)
		known.logIn(w.seeded.Agent.Email, w.seeded.Agent.Password).status(t, http.StatusSeeOther)
		w.from(0, "192.0.2.9").logIn(w.seeded.Admin.Email, w.seeded.Admin.Password).status(t, http.StatusSeeOther)
	}, "TRUSTED_PROXIES=127.0.0.1")
}

func TestLogin_sprayingAccountsFromOneAddressIsLimited(t *testing.T) {
	eachWithRedis(t, func(t *testing.T, w *world, _ *redisServer) {
		tried := 0
		for i := range 120 {
			// of IPv6 the whole network counts
			b := w.from(i, fmt.Sprintf("2001:db8:1:2::%x", i))
			if a := b.logIn(fmt.Sprintf("user%d@example.com", i), "Summer2026!"); a.StatusCode != 401 {
				limited(t, a)
			} else {
				tried++
			}
		}
		if tried != 100 {
			t.Errorf("%d accounts were tried", tried)
		}
		limited(t, w.from(0, "2001:db8:1:2:ffff::").logIn(w.seeded.Agent.Email, w.seeded.Agent.Password))
		w.from(0, "2001:db8:1:3::1").logIn(w.seeded.Agent.Email, w.seeded.Agent.Password).status(t, 303)
	}, "TRUSTED_PROXIES=127.0.0.1")
}

func TestLogin_manyRightPasswordsAtOncePass(t *testing.T) {
	eachWithRedis(t, func(t *testing.T, w *world, _ *redisServer) {
		var logins sync.WaitGroup
		for i := range 130 {
			logins.Go(func() {
				who := []services.Credentials{w.seeded.Agent, w.seeded.Admin}[i%2]
				w.from(i, "203.0.113.7").logIn(who.Email, who.Password).status(t, http.StatusSeeOther)
			})
		}
		logins.Wait()
	}, "TRUSTED_PROXIES=127.0.0.1")
}

func TestInvitation_guessingIsLimited(t *testing.T) {
	eachWithRedis(t, func(t *testing.T, w *world, _ *redisServer) {
		for i := range 20 {
			w.browser(i).get(fmt.Sprintf("/invitation/inv_guess%d", i)).status(t, 404)
		}
		limited(t, w.browser(1).get("/invitation/inv_another"))
		b := w.browser(0)
		b.get("/auth/login")
		limited(t, b.form("/invitation/inv_another", "name", "Mallory", "password", "a good password"))
		w.login(0, w.seeded.Agent) // other limits are other limits
	})
}

func TestSetup_guessingIsLimited(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]func(t *testing.T) map[string]string{
		"sqlite":   func(t *testing.T) map[string]string { return sqliteEnv(t) },
		"postgres": func(t *testing.T) map[string]string { return postgresEnv(t, "REDIS_URL="+newRedis(t).url) },
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{t: t, env: env(t)}
			w.start()
			b := w.browser(0)
			b.get("/setup")
			for range 20 {
				b.form("/setup", "setup_token", "guess").status(t, 403)
			}
			limited(t, b.form("/setup", "setup_token", "guess"))
			b.form("/setup", "setup_token", w.setupToken(t)).status(t, 400)
		})
	}
}
