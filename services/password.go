package services

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"

	"parley/models"
)

const (
	minPassword      = 10   // characters
	maxPassword      = 256  // characters
	maxPasswordBytes = 4096 // 256 characters need fewer, however they are composed
	parallelHashes   = 4    // a hash takes 19 MB and some 50 ms
	hashingPatience  = 10 * time.Second
)

// Passwords hashes and checks passwords, and limits guesses.
type Passwords struct {
	db      *models.DB
	audit   *Audit
	clock   Clock
	known   knownDevices
	logins  throttle
	params  argon2id.Params
	compare func(password, hash string) (bool, error)
	decoy   string // a hash of nothing: an unknown email address costs the same time as a wrong password

	hashing  chan struct{}
	reserved chan struct{} // room to hash that strangers' guesses cannot take from known devices
}

// NewPasswords makes the service. secret signs the cookies of known devices; cost is that of a hash.
func NewPasswords(db *models.DB, limiter Limiter, audit *Audit, clock Clock, secret []byte,
	cost argon2id.Params) (*Passwords, error) {
	decoy, err := argon2id.CreateHash(rand.Text(), &cost)
	if err != nil {
		return nil, fmt.Errorf("hash: %w", err)
	}
	return &Passwords{
		db:       db,
		audit:    audit,
		clock:    clock,
		known:    knownDevices{secret: secret},
		logins:   throttle{limiter: limiter, secret: "login"},
		params:   cost,
		compare:  argon2id.ComparePasswordAndHash,
		decoy:    decoy,
		hashing:  make(chan struct{}, parallelHashes),
		reserved: make(chan struct{}, 1),
	}, nil
}

// Check returns the user whose email address and password these are. Errors: Unauthorized with one sentence for every
// cause, RateLimited, Unavailable.
func (s *Passwords) Check(ctx context.Context, email, password string, client Client) (models.User, error) {
	user, found, err := userByEmail(s.db.Read.WithContext(ctx), email)
	if err != nil {
		return models.User{}, fmt.Errorf("find user: %w", err)
	}
	if !found || user.DisabledAt != nil || user.PasswordHash == "" {
		user = models.User{PasswordHash: s.decoy}
	}
	err = s.try(ctx, s.logins, attempt{
		account: normalEmail(email),
		device:  s.known.id(client.DeviceCookie, user),
	}, user, password)
	if KindOf(err) == Unauthorized && user.ID != "" {
		s.audit.NoteLater(ctx, user, LoginFailed, "password")
	}
	if err != nil {
		return models.User{}, err
	}
	return user, nil
}

// Verify asks users who are logged in for their password again. Failures count together, wherever they come from: the
// one who gets here has the user's session. Errors: Invalid about field, RateLimited, Unavailable.
func (s *Passwords) Verify(ctx context.Context, user models.User, field, password string) error {
	err := s.try(ctx, s.verifying(), attempt{device: user.ID}, user, password)
	if KindOf(err) == Unauthorized {
		return refuseField(field, "This is not your password.")
	}
	return err
}

// verifying limits guesses by those who are logged in.
func (s *Passwords) verifying() throttle {
	return throttle{limiter: s.logins.limiter, secret: "verify"}
}

// try compares a password with the user's, within the limits. A user without an id is nobody, and is never let in.
func (s *Passwords) try(ctx context.Context, limits throttle, a attempt, user models.User, password string) error {
	if err := limits.check(ctx, a); err != nil { // before waiting for room to hash
		return err
	}
	release, err := s.acquireHashing(ctx, a.device != "")
	if err != nil {
		return err
	}
	defer release()
	succeeded, err := limits.begin(ctx, a)
	if err != nil {
		return err
	}
	form, matches, err := s.match(password, user.PasswordHash)
	if err != nil {
		succeeded() // or did not fail, at least
		return err
	}
	if !matches || user.ID == "" {
		return Refuse(Unauthorized, "Wrong email or password.")
	}
	succeeded()
	s.upgrade(ctx, user, form)
	return nil
}

// match returns the form of a password that a hash is of. Where none matches it has tried them all, so the time it
// takes says nothing about the account.
func (s *Passwords) match(password, hash string) (form string, matches bool, err error) {
	if len(password) > maxPasswordBytes {
		return "", false, nil
	}
	for _, form := range passwordForms(password) {
		matches, err := s.compare(form, hash)
		if err != nil {
			return "", false, fmt.Errorf("compare password: %w", err)
		}
		if matches {
			return form, true, nil
		}
	}
	return "", false, nil
}

// passwordForms are the form in which a password is hashed, and the one it came in where that differs: passwords were
// once hashed as they came. Keyboards and systems compose the same letters differently.
func passwordForms(password string) []string {
	forms := []string{norm.NFKC.String(password)}
	if forms[0] != password {
		forms = append(forms, password)
	}
	return forms
}

// upgrade hashes a password again that was hashed at another cost, or before it was normalized. The login goes on if
// that fails.
func (s *Passwords) upgrade(ctx context.Context, user models.User, password string) {
	params, _, _, err := argon2id.DecodeHash(user.PasswordHash)
	normal := norm.NFKC.String(password)
	if err != nil || (*params == s.params && normal == password) {
		return
	}
	hash, err := argon2id.CreateHash(normal, &s.params)
	if err == nil {
		err = s.db.Write.WithContext(ctx).Model(&models.User{}).Where("organization_id = ? AND id = ? AND "+
			"password_hash = ?", user.OrganizationID, user.ID, user.PasswordHash).
			UpdateColumn("password_hash", hash).Error
	}
	if err != nil {
		logFailure("upgrade password hash", err)
	}
}

// Hash checks a new password's length and hashes it. Error: Invalid.
func (s *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	release, err := s.acquireHashing(ctx, false)
	if err != nil {
		return "", err
	}
	defer release()
	return argon2id.CreateHash(norm.NFKC.String(password), &s.params)
}

// checkPassword refuses a password that may not be set. Characters are counted in the composed form, so that the same
// letters are as long on every keyboard. Error: Invalid.
func checkPassword(password string) error {
	if !utf8.ValidString(password) {
		return refuseField("password", "The password must be UTF-8 text.")
	}
	length := maxPassword + 1
	if len(password) <= maxPasswordBytes {
		length = utf8.RuneCountInString(norm.NFC.String(password))
	}
	if length < minPassword || length > maxPassword {
		return refuseField("password", "Choose a password with at least %d characters and at most %d.", minPassword,
			maxPassword)
	}
	return nil
}

// acquireHashing waits for room to hash. release must follow.
func (s *Passwords) acquireHashing(ctx context.Context, known bool) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, hashingPatience)
	defer cancel()
	var reserved chan struct{} // nil: never ready
	if known {
		reserved = s.reserved
	}
	select {
	case s.hashing <- struct{}{}:
		return func() { <-s.hashing }, nil
	case reserved <- struct{}{}:
		return func() { <-s.reserved }, nil
	case <-ctx.Done():
		return nil, Refuse(Unavailable, "Too many people are logging in. Please try again.")
	}
}

// Reset gives the user with an email address a new password, without a second factor if that is lost too, and ends all
// their logins; servers notice within seconds and close the sockets. It asks for no proof: only the one who runs the
// installation may call it. Errors: Invalid, NotFound.
func (s *Passwords) Reset(ctx context.Context, email, password string, withoutSecondFactor bool) error {
	hash, err := s.Hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		user, found, err := userByEmail(tx, email)
		if err != nil {
			return err
		}
		if !found {
			return Refuse(NotFound, "User not found.")
		}
		if err := endDevices(tx, s.clock(), user, map[string]any{"password_hash": hash}); err != nil {
			return err
		}
		if withoutSecondFactor {
			if err := disableSecondFactor(tx, s.audit, s.clock(), user); err != nil {
				return err
			}
		}
		return s.audit.Note(tx, user, PasswordChanged, auditName(user), "reset on the server")
	})
}
