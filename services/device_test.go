package services_test

import (
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

func TestDevices_listsWhereOneIsLoggedIn(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		w.givePassword(w.ben)
		w.logIn(w.ben)
		phone, err := w.WebSessions.LogIn(w.from("2001:db8::1"), w.ann.Email, password,
			services.Client{UserAgent: "Phone\n\x00" + strings.Repeat("x", 1000)})
		w.ok(err)
		w.clock.advance(time.Minute)
		desk := w.logIn(w.ann)
		w.clock.advance(services.DeviceSeenPause)
		list := func() []services.Device {
			w.Helper()
			devices, err := w.WebSessions.Devices(w.Context(), w.identified(desk))
			w.ok(err)
			return devices
		}
		devices := list()
		if len(devices) != 2 || !devices[0].Current || devices[1].Current ||
			devices[0].UserAgent != browser.UserAgent || !devices[0].LastSeenAt.Equal(w.clock.Now()) {
			w.Fatalf("listed %+v", devices)
		}
		if other := devices[1]; other.Address != "2001:db8::1" || len(other.UserAgent) != 400 ||
			!strings.HasPrefix(other.UserAgent, "Phone xxx") || !other.LastSeenAt.Equal(other.CreatedAt) {
			w.Errorf("listed %+v", other)
		}
		w.ok(w.WebSessions.Logout(w.Context(), phone.Token))
		if devices := list(); len(devices) != 1 {
			w.Errorf("after logging out: %+v", devices)
		}
		other := w.logIn(w.ann)
		w.clock.advance(services.WebSessionLife / 2)
		w.identified(desk)
		w.clock.advance(services.WebSessionLife / 2)
		w.loggedOut(other)
		if devices := list(); len(devices) != 1 {
			w.Errorf("an expired one is listed: %+v", devices)
		}
		w.logIn(w.ann)
		if n := w.count(&models.Device{}, "user_id = ?", w.ann.ID); n != 2 {
			w.Errorf("%d rows: the expired one stays", n)
		}
	})
}

func TestDevices_omitsLoginsThatWaitForTheCode(t *testing.T) {
	each(t, func(w *world) {
		_, recovery := w.twoFactors()
		waiting := w.halfway()
		fresh, err := w.logInWithCode(w.halfway(), recovery[0])
		w.ok(err)
		devices, err := w.WebSessions.Devices(w.Context(), w.identified(fresh.Token))
		w.ok(err)
		if len(devices) != 1 || !devices[0].Current {
			w.Errorf("listed %+v", devices)
		}
		w.clock.advance(services.SecondFactorLife)
		_, err = w.logInWithCode(w.halfway(), recovery[1])
		w.ok(err)
		if n := w.count(&models.Device{}, "id = ?", services.HashToken(waiting)); n != 0 {
			w.Error("the row of an expired login stays")
		}
	})
}

func TestLogOutOthers_keepsThisOne(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		w.givePassword(w.ben)
		here, elsewhere := w.logIn(w.ann), w.logIn(w.ann)
		bens := w.logIn(w.ben)
		for range 2 {
			w.ok(w.WebSessions.LogOutOthers(w.Context(), w.identified(here)))
			w.identified(here)
		}
		w.loggedOut(elsewhere)
		w.identified(bens)
		equal(w, of[userSessionsEnded](w.events), userSessionsEnded{w.ann.ID}, userSessionsEnded{w.ann.ID})
		devices, err := w.WebSessions.Devices(w.Context(), w.identified(here))
		w.ok(err)
		if len(devices) != 1 || !devices[0].Current {
			w.Errorf("left are %+v", devices)
		}
	})
}

// A device that was just logged out must not get its login back by logging out the others.
func TestLogOutOthers_failsOnADeviceThatWasLoggedOut(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		stolen, here := w.logIn(w.ann), w.logIn(w.ann)
		thief, owner := w.identified(stolen), w.identified(here)
		w.ok(w.WebSessions.LogOutOthers(w.Context(), owner))
		w.refused(services.Conflict, w.WebSessions.LogOutOthers(w.Context(), thief))
		w.loggedOut(stolen)
		w.identified(here)

		again := w.logIn(w.ann)
		thief = w.identified(again)
		w.ok(w.WebSessions.Logout(w.Context(), again))
		w.refused(services.Unauthorized, w.WebSessions.LogOutOthers(w.Context(), thief))
		w.loggedOut(again)
		w.identified(here)
	})
}

func TestEnded_namesTheLoginsWhoseSocketsMustClose(t *testing.T) {
	each(t, func(w *world) {
		for _, user := range []models.User{w.ann, w.ben, w.owner} {
			w.givePassword(user)
		}
		stays, loggedOut := w.logIn(w.owner), w.logIn(w.owner)
		reset, disabled := w.logIn(w.ann), w.logIn(w.ben)
		w.ok(w.WebSessions.Logout(w.Context(), loggedOut))
		w.ok(w.Passwords.Reset(w.Context(), w.ann.Email, password, false))
		w.ok(w.Users.Disable(w.Context(), w.owner, w.ben.ID))
		after := w.logIn(w.ann)
		ids := map[string]string{}
		var asked []string
		for name, token := range map[string]string{"stays": stays, "logged out": loggedOut, "reset": reset,
			"disabled": disabled, "after": after, "unknown": "x"} {
			ids[services.HashToken(token)] = name
			asked = append(asked, services.HashToken(token))
		}
		ended, err := w.WebSessions.Ended(w.Context(), asked)
		w.ok(err)
		names := map[string]bool{}
		for _, id := range ended {
			names[ids[id]] = true
		}
		if len(ended) != 4 || names["stays"] || names["after"] {
			w.Errorf("ended: %v", names)
		}
		if ended, err := w.WebSessions.Ended(w.Context(), nil); err != nil || len(ended) != 0 {
			w.Errorf("of no logins: %v, %v", ended, err)
		}
	})
}

func TestEnded_looksUpManyLogins(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		stays := services.HashToken(w.logIn(w.ann))
		asked := []string{stays}
		for range 2500 {
			asked = append(asked, models.NewID())
		}
		ended, err := w.WebSessions.Ended(w.Context(), append(asked, stays))
		w.ok(err)
		if len(ended) != 2500 {
			w.Errorf("%d have ended", len(ended))
		}
	})
}

func TestReset_deletesTheDevices(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		w.logIn(w.ann)
		w.ok(w.Passwords.Reset(w.Context(), w.ann.Email, password, false))
		if n := w.count(&models.Device{}, "1 = 1"); n != 0 {
			w.Errorf("%d devices are listed", n)
		}
	})
}
