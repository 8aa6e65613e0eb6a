package services_test

import (
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"parley/models"
	"parley/services"
)

var browser = services.Client{UserAgent: "Mozilla/5.0 (test)"}

// logIn returns the token of a new web session.
func (w *world) logIn(user models.User) (token string) {
	w.Helper()
	return w.login(user, browser).Token
}

func (w *world) login(user models.User, client services.Client) services.Login {
	w.Helper()
	login, err := w.WebSessions.LogIn(w.Context(), user.Email, password, client)
	w.ok(err)
	return login
}

func (w *world) identified(token string) services.Identity {
	w.Helper()
	identity, err := w.WebSessions.Identify(w.Context(), token)
	w.ok(err)
	return identity
}

// loggedOut fails unless token opens nothing.
func (w *world) loggedOut(token string) {
	w.Helper()
	_, err := w.WebSessions.Identify(w.Context(), token)
	w.refused(services.Unauthorized, err)
}

func TestLogIn_opensAWebSession(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		first := w.logIn(w.ann)
		again, err := w.WebSessions.LogIn(w.Context(), "  "+strings.ToUpper(w.ann.Email)+" ", password, browser)
		w.ok(err)
		if first == again.Token || again.AwaitsSecondFactor || len(first) < 52 {
			w.Errorf("tokens %q and %q", first, again.Token)
		}
		identity := w.identified(first)
		if identity.User.ID != w.ann.ID || identity.User.OrganizationID != w.organization.ID ||
			identity.User.Email != w.ann.Email || identity.WebSessionID != services.HashToken(first) {
			w.Errorf("identified %+v", identity)
		}
		if n := w.count(&models.Device{}, "id = ? OR id LIKE ?", first, "%"+first[:20]+"%"); n != 0 {
			w.Error("the token itself is stored")
		}
	})
}

func TestIdentify_refusesOtherTokens(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		token := w.logIn(w.ann)
		for _, wrong := range []string{"", "x", token + "x", strings.ToLower(token), services.HashToken(token),
			strings.Repeat("x", 10_000), "\x00", "\xff"} {
			w.loggedOut(wrong)
		}
		w.identified(token)
	})
}

func TestIdentify_endsLoginsThatAreNotUsed(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
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

func TestIdentify_storesAtMostEveryFiveMinutesThatADeviceWasSeen(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		token := w.logIn(w.ann)
		seen := func() time.Time {
			var device models.Device
			w.ok(w.db.Read.Take(&device).Error)
			return device.LastSeenAt
		}
		first := seen()
		w.clock.advance(services.DeviceSeenPause - time.Microsecond)
		w.identified(token)
		if !seen().Equal(first) {
			w.Error("stored again at once")
		}
		w.clock.advance(time.Microsecond)
		w.identified(token)
		if !seen().Equal(w.clock.Now()) {
			w.Errorf("seen at %v", seen())
		}
	})
}

func TestIdentify_succeedsWhenTheRenewalFails(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		token := w.logIn(w.ann)
		w.ok(w.db.Write.Callback().Update().Before("gorm:update").Register("refuse", func(tx *gorm.DB) {
			tx.AddError(gorm.ErrInvalidDB)
		}))
		w.clock.advance(services.DeviceSeenPause)
		w.identified(token)
	})
}

// A renewal must not undo a logout that comes between reading and renewing.
func TestIdentify_bringsBackNoLoginThatWasJustEnded(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		token := w.logIn(w.ann)
		w.clock.advance(2 * 24 * time.Hour) // so that it is renewed
		ended := false
		w.ok(w.db.Write.Callback().Update().Before("gorm:begin_transaction").Register("log out", func(*gorm.DB) {
			if !ended {
				ended = true
				w.ok(w.WebSessions.Logout(w.Context(), token))
			}
		}))
		w.identified(token)
		if !ended {
			w.Fatal("the login was not renewed")
		}
		w.loggedOut(token)
		if n := w.count(&models.Device{}, "1 = 1"); n != 0 {
			w.Errorf("%d devices are logged in", n)
		}
	})
}

func TestLogout_endsOneSessionAndItsSockets(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		here, elsewhere := w.logIn(w.ann), w.logIn(w.ann)
		for range 2 { // a second click
			w.ok(w.WebSessions.Logout(w.Context(), here))
		}
		for _, nobodys := range []string{"", "x", services.HashToken(elsewhere), strings.Repeat("x", 10_000)} {
			w.ok(w.WebSessions.Logout(w.Context(), nobodys))
		}
		w.loggedOut(here)
		w.identified(elsewhere)
		equal(w, of[webSessionEnded](w.events), webSessionEnded{services.HashToken(here)})
	})
}

func TestLogout_isUnavailableWhileTheDatabaseFails(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		token := w.logIn(w.ann)
		w.ok(w.db.Write.Callback().Delete().Before("gorm:delete").Register("refuse", func(tx *gorm.DB) {
			tx.AddError(gorm.ErrInvalidDB)
		}))
		w.refused(services.Unavailable, w.WebSessions.Logout(w.Context(), token))
		if len(of[webSessionEnded](w.events)) != 0 {
			w.Error("published the end of a session that goes on")
		}
		w.identified(token)
	})
}

// The password was right when it was checked, but has changed before the login is stored.
func TestOpen_opensNothingAfterTheUserHasChanged(t *testing.T) {
	for name, change := range map[string]func(w *world) error{
		"new password": func(w *world) error {
			return w.Passwords.Reset(w.Context(), w.ann.Email, "another good password", false)
		},
		"disabled": func(w *world) error { return w.Users.Disable(w.Context(), w.owner, w.ann.ID) },
		"disabled and enabled": func(w *world) error {
			if err := w.Users.Disable(w.Context(), w.owner, w.ann.ID); err != nil {
				return err
			}
			return w.Users.Enable(w.Context(), w.owner, w.ann.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.givePassword(w.ann)
				checked := w.user(w.ann.ID)
				w.ok(change(w))
				login, err := w.WebSessions.Open(w.Context(), checked, browser)
				w.ok(err)
				w.loggedOut(login.Token)
			})
		})
	}
}

func TestCSRF_isBoundToTheCookie(t *testing.T) {
	each(t, func(w *world) {
		token := w.WebSessions.CSRFToken("cookie")
		if !w.WebSessions.ValidCSRF("cookie", token) || token != w.WebSessions.CSRFToken("cookie") {
			w.Error("the cookie's token is refused")
		}
		for name, try := range map[string][2]string{
			"another cookie": {"other", token}, "no cookie": {"", w.WebSessions.CSRFToken("")}, "no token": {"cookie", ""},
			"a longer token":  {"cookie", token + "A"},
			"a shorter token": {"cookie", token[1:]}, "the cookie": {"cookie", "cookie"},
		} {
			if w.WebSessions.ValidCSRF(try[0], try[1]) {
				w.Errorf("%s is accepted", name)
			}
		}
		other := services.NewWebSessions(services.Dependencies{SecretKey: []byte("another secret")}, nil, nil, nil)
		if other.ValidCSRF("cookie", token) {
			w.Error("another installation's token is accepted")
		}
	})
}
