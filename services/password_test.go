package services_test

import (
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"parley/models"
	"parley/services"
)

const password = "correct horse battery"

// givePassword gives a user the password.
func (w *world) givePassword(user models.User) {
	w.Helper()
	hash, err := w.Passwords.Hash(w.Context(), password)
	w.ok(err)
	w.setHash(user, hash)
}

func (w *world) setHash(user models.User, hash string) {
	w.Helper()
	w.ok(w.db.Write.Model(&models.User{}).Where("id = ?", user.ID).Update("password_hash", hash).Error)
}

func TestLogIn_answersEveryFailureWithTheSameSentence(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		w.givePassword(w.ben)
		w.ok(w.Users.Disable(w.Context(), w.owner, w.ben.ID))
		for name, try := range map[string][2]string{
			"a wrong password": {w.ann.Email, password + "!"}, "no password": {w.ann.Email, ""},
			"a long password":        {w.ann.Email, strings.Repeat("x", 10_000)},
			"an email of a megabyte": {strings.Repeat("ü", 1<<19) + "@" + strings.Repeat("ü", 1<<18), password},
			"an unknown email":       {"nobody@acme.example", password}, "no email": {"", password},
			"NUL":          {"a\x00@acme.example", password},
			"broken UTF-8": {"\xff", password}, "a disabled user": {w.ben.Email, password},
			"SQL": {"' OR 1=1 --", password},
		} {
			result, err := w.WebSessions.LogIn(w.Context(), try[0], try[1], browser)
			if err == nil || services.KindOf(err) != services.Unauthorized ||
				err.Error() != "Wrong email or password." || result.Token != "" {
				w.Errorf("%s: %q, %v", name, result.Token, err)
			}
		}
		if n := w.count(&models.Device{}, "1 = 1"); n != 0 {
			w.Errorf("%d logins were opened", n)
		}
	})
}

func TestReset_endsEverySessionOfTheUser(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		w.givePassword(w.ben)
		anns := w.logIn(w.ann)
		other := w.logIn(w.ann)
		bens := w.logIn(w.ben)
		w.ok(w.Passwords.Reset(w.Context(), w.ann.Email, "another good password", false))
		w.loggedOut(anns)
		w.loggedOut(other)
		w.identified(bens)
		_, err := w.WebSessions.LogIn(w.Context(), w.ann.Email, password, browser)
		w.refused(services.Unauthorized, err)
		if _, err := w.WebSessions.LogIn(w.Context(), w.ann.Email, "another good password", browser); err != nil {
			w.Error(err)
		}
	})
}

func TestHash_countsCharacters(t *testing.T) {
	each(t, func(w *world) {
		for name, try := range map[string]struct {
			password string
			valid    bool
		}{
			"none":                        {"", false},
			"9":                           {"123456789", false},
			"10":                          {"1234567890", true},
			"9 of two bytes":              {strings.Repeat("ä", 9), false},
			"10 of two bytes":             {strings.Repeat("ä", 10), true},
			"10 letters, decomposed":      {norm.NFD.String(strings.Repeat("ä", 10)), true},
			"9 letters, decomposed to 18": {norm.NFD.String(strings.Repeat("ä", 9)), false},
			"one that normalizes to 18":   {"ﷺ", false},
			"9 with ligatures":            {"ﬃciently", false},
			"10 of four bytes":            {strings.Repeat("🔑", 10), true},
			"256":                         {strings.Repeat("x", 256), true},
			"257":                         {strings.Repeat("x", 257), false},
			"256 of two bytes":            {strings.Repeat("ä", 256), true},
			"256 of three bytes":          {strings.Repeat("価", 256), true},
			"256 of four bytes":           {strings.Repeat("🔑", 256), true},
			"257 of four bytes":           {strings.Repeat("🔑", 257), false},
			"256 letters, decomposed":     {norm.NFD.String(strings.Repeat("ᾂ", 256)), true},
			"257 letters, decomposed":     {norm.NFD.String(strings.Repeat("ᾂ", 257)), false},
			"256 that normalize to more":  {strings.Repeat("ﷺ", 256), true},
			"a megabyte":                  {strings.Repeat("x", 1<<20), false},
			"bytes that are no UTF-8":     {"\xff\xfe long enough", false},
		} {
			_, err := w.Passwords.Hash(w.Context(), try.password)
			if try.valid != (err == nil) || (!try.valid && services.AsError(err).Field != "password") {
				w.Errorf("%s: %v", name, err)
			}
		}
	})
}

// forms are one password as four keyboards and systems send it.
func forms(password string) map[string]string {
	return map[string]string{"NFC": norm.NFC.String(password), "NFD": norm.NFD.String(password),
		"NFKC": norm.NFKC.String(password), "NFKD": norm.NFKD.String(password)}
}

func TestLogIn_acceptsAPasswordInEveryUnicodeForm(t *testing.T) {
	each(t, func(w *world) {
		for _, password := range []string{"Zürich und Åland, ﬁn", "パスワードはヒミツだよ", "ｆｕｌｌ ｗｉｄｔｈ １２３",
			"한국어 비밀번호입니다", "no\u00a0break\u3000spaces", "ᾂ ệ ẛ̣ ṩ and so on"} {
			for set, form := range forms(password) {
				w.ok(w.Passwords.Reset(w.Context(), w.ann.Email, form, false))
				for typed, form := range forms(password) {
					if _, err := w.WebSessions.LogIn(w.Context(), w.ann.Email, form, browser); err != nil {
						w.Errorf("%q set in %s, typed in %s: %v", password, set, typed, err)
					}
				}
			}
			_, err := w.WebSessions.LogIn(w.Context(), w.ann.Email, password+"x", browser)
			w.refused(services.Unauthorized, err)
		}
	})
}

// Passwords were once hashed as they came.
func TestLogIn_acceptsAPasswordHashedBeforeNormalization(t *testing.T) {
	each(t, func(w *world) {
		for _, password := range []string{norm.NFD.String("Zürich, Åland, fin"), "ｆｕｌｌ ｗｉｄｔｈ １２３", "\xff\xfe old bytes"} {
			hash, err := argon2id.CreateHash(password, &cheap)
			w.ok(err)
			w.setHash(w.ann, hash)
			for range 2 { // also after the first login has hashed it again
				_, err = w.WebSessions.LogIn(w.Context(), w.ann.Email, password, browser)
				w.ok(err)
			}
			_, err = w.WebSessions.LogIn(w.Context(), w.ann.Email, norm.NFKC.String(password), browser)
			if err != nil {
				w.Errorf("%q in the normal form, after a login: %v", password, err)
			}
		}
	})
}

func TestLogIn_replacesAHashOfAnotherCost(t *testing.T) {
	each(t, func(w *world) {
		old := cheap
		old.Iterations++
		hash, err := argon2id.CreateHash(password, &old)
		w.ok(err)
		w.setHash(w.ann, hash)
		_, err = w.WebSessions.LogIn(w.Context(), w.ann.Email, "not the password", browser)
		w.refused(services.Unauthorized, err)
		if w.user(w.ann.ID).PasswordHash != hash {
			w.Error("a wrong password was hashed")
		}
		w.logIn(w.ann)
		upgraded := w.user(w.ann.ID).PasswordHash
		if params, _, _, err := argon2id.DecodeHash(upgraded); err != nil || *params != cheap {
			w.Errorf("the cost is %+v, %v", params, err)
		}
		w.logIn(w.ann)
		if w.user(w.ann.ID).PasswordHash != upgraded {
			w.Error("hashed again without a reason")
		}
	})
}

// A login must take as long for an address that nobody has: what takes the time is hashing.
func TestLogIn_hashesAsOftenForAnUnknownEmail(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		w.givePassword(w.ben)
		w.ok(w.Users.Disable(w.Context(), w.owner, w.ben.ID))
		comparisons := w.Passwords.CountComparisons()
		for wrong, hashes := range map[string]int64{"wrong password": 1, norm.NFD.String("Zürich, Åland"): 2, "": 1,
			strings.Repeat("x", 10_000): 0} {
			for who, email := range map[string]string{"a user": w.ann.Email, "nobody": "nobody@acme.example",
				"nothing": "", "a disabled user": w.ben.Email, "a user without a password": w.owner.Email} {
				comparisons.Store(0)
				_, err := w.WebSessions.LogIn(w.Context(), email, wrong, browser)
				w.refused(services.Unauthorized, err)
				if n := comparisons.Load(); n != hashes {
					w.Errorf("%.20q for %s: %d comparisons, not %d", wrong, who, n, hashes)
				}
			}
		}
	})
}

func TestReset_ofAnUnknownUserIsNotFound(t *testing.T) {
	each(t, func(w *world) {
		for _, email := range []string{"nobody@example.com", "", "a\x00b", "\xff"} {
			w.refused(services.NotFound, w.Passwords.Reset(w.Context(), email, password, true))
		}
		if n := w.count(&models.User{}, "login_version > 1 OR password_hash <> ''"); n != 0 {
			w.Errorf("%d users were changed", n)
		}
	})
}

func TestReset_turnsTheSecondFactorOffIfAsked(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		w.ok(w.db.Write.Model(&models.User{}).Where("id = ?", w.ann.ID).Update("totp_enabled_at", w.clock.Now()).Error)
		for _, without := range []bool{false, true} {
			w.ok(w.Passwords.Reset(w.Context(), " "+strings.ToUpper(w.ann.Email), password, without))
			result, err := w.WebSessions.LogIn(w.Context(), w.ann.Email, password, browser)
			w.ok(err)
			if result.AwaitsSecondFactor == without {
				w.Errorf("without one: %t, asked for one: %t", without, result.AwaitsSecondFactor)
			}
		}
	})
}
