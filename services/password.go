package services

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"

	"parley/models"
)

const (
	minPassword      = 10              // characters
	maxPassword      = 256             // characters
	maxPasswordBytes = 4096            // 256 characters need fewer, however they are composed
	hashingPatience  = 2 * time.Second // less than a request has
)

// parallelHashes returns how many hashes are computed at once. Each takes 19 MB and 50 ms of a processor: with more, a
// stranger who guesses could fill the memory and slow everybody down.
func parallelHashes() int { return max(1, runtime.GOMAXPROCS(0)/2) }

// Passwords hashes, checks and resets passwords, and limits guesses.
type Passwords struct {
	db        *models.DB
	audit     *Audit
	clock     Clock
	known     knownDevices
	logins    throttle
	verifying throttle
	params    argon2id.Params
	compare   func(password, hash string) (bool, error)
	decoy     string // compared for unknown email addresses, so that they take as long as a wrong password

	hashing  chan struct{}
	reserved chan struct{} // capacity for known devices, so that strangers' guesses cannot use up all of it
}

// NewPasswords makes the service.
func NewPasswords(d Dependencies, audit *Audit) (*Passwords, error) {
	decoy, err := argon2id.CreateHash(rand.Text(), &d.PasswordCost)
	if err != nil {
		return nil, fmt.Errorf("hash: %w", err)
	}
	return &Passwords{
		db:        d.DB,
		audit:     audit,
		clock:     d.Clock,
		known:     knownDevices{secret: d.SecretKey},
		logins:    throttle{limiter: d.Limiter, secret: "login"},
		verifying: newVerifying(d.Limiter),
		params:    d.PasswordCost,
		compare:   argon2id.ComparePasswordAndHash,
		decoy:     decoy,
		hashing:   make(chan struct{}, parallelHashes()),
		reserved:  make(chan struct{}, 1),
	}, nil
}

// Check returns the user with an email address and password. Errors: Unauthorized with the same sentence for every
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

// Verify checks the password of a user who is logged in. The limit is by user, whatever the address: the person who
// gets here has the user's session. Errors: Invalid about field, RateLimited, Unavailable.
func (s *Passwords) Verify(ctx context.Context, user models.User, field, password string) error {
	err := s.try(ctx, s.verifying, attempt{device: user.ID}, user, password)
	if KindOf(err) == Unauthorized {
		return refuseField(field, "Wrong password.")
	}
	return err
}

// try compares a password with the user's, within the limits. A user without an id is an unknown one and is
// always refused.
func (s *Passwords) try(ctx context.Context, limits throttle, a attempt, user models.User, password string) error {
	if err := limits.check(ctx, a); err != nil { // before waiting to hash
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
		succeeded() // it was no failed guess
		return err
	}
	if !matches || user.ID == "" {
		return Refuse(Unauthorized, "Wrong email or password.")
	}
	succeeded()
	s.upgrade(ctx, user, form)
	return nil
}

// match returns the form of a password that matches a hash. If none does, it has compared all of them, so the time it
// takes reveals nothing about the account.
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

// passwordForms returns a password in normal form, because systems compose the same letters differently, and as it came
// if that differs: older hashes are of passwords as they came.
func passwordForms(password string) []string {
	forms := []string{norm.NFKC.String(password)}
	if forms[0] != password {
		forms = append(forms, password)
	}
	return forms
}

// upgrade replaces a hash that has another cost, or is of a password that was not normalized. A failure is only logged.
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
		LogFailure("upgrade password hash", err)
	}
}

// Hash checks and hashes a new password. Errors: Invalid, Unavailable.
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

// checkPassword checks the length of a new password. Characters are counted in composed form, so the count does not
// depend on the keyboard. Error: Invalid.
func checkPassword(password string) error {
	if !utf8.ValidString(password) {
		return refuseField("password", "The password must be UTF-8 text.")
	}
	length := maxPassword + 1
	if len(password) <= maxPasswordBytes {
		length = utf8.RuneCountInString(norm.NFC.String(password))
	}
	if length < minPassword || length > maxPassword {
		return refuseField("password", "Choose a password with at least %d characters and at most %d.",
			minPassword, maxPassword)
	}
	return nil
}

// acquireHashing waits for a free place to hash. The caller must call release. Error: Unavailable.
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

// Reset sets a new password for the user with an email address and ends all their logins; servers close the sockets
// within seconds. withoutSecondFactor also turns the second factor off. It asks for no proof, so only a command on the
// server may call it. Errors: Invalid, NotFound.
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
