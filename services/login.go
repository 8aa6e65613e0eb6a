package services

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"gorm.io/gorm"

	"parley/models"
)

const (
	minPassword = 10  // characters
	maxPassword = 256 // bytes: longer ones only cost hashing time
)

// loginRate limits failed attempts by address and e-mail: more than a person mistypes, too few to guess.
var loginRate = Rate{Count: 20, Window: 5 * time.Minute}

// Login checks passwords and second factors and keeps web sessions.
type Login struct {
	db        *models.DB
	sessions  WebSessionStore
	limiter   Limiter
	publisher Publisher
	clock     Clock
	secret    []byte
	box       *SecretBox
	audit     *Audit
	params    argon2id.Params
	hashing   chan struct{} // a hash takes 19 MB and some 50 ms: as many at once as this holds
	decoy     string        // a hash of nothing: an unknown e-mail costs the same time as a wrong password
	noting    sync.WaitGroup

	mu   sync.Mutex
	seen map[string]time.Time // by web session: when this node last stored that it was seen
}

// NewLogin makes the service. secret signs CSRF tokens; box seals the secrets of second factors; params is the cost of
// a password hash.
func NewLogin(db *models.DB, sessions WebSessionStore, limiter Limiter, publisher Publisher, clock Clock, secret []byte,
	box *SecretBox,
	params argon2id.Params) (*Login, error) {
	decoy, err := argon2id.CreateHash(rand.Text(), &params)
	if err != nil {
		return nil, fmt.Errorf("hash: %w", err)
	}
	return &Login{
		db:        db,
		sessions:  sessions,
		limiter:   limiter,
		publisher: publisher,
		clock:     clock,
		secret:    secret,
		box:       box,
		audit:     NewAudit(db, clock),
		params:    params,
		hashing:   make(chan struct{}, 4),
		decoy:     decoy,
		seen:      map[string]time.Time{},
	}, nil
}

// Device is where a login comes from, as its user reads it later.
type Device struct{ Address, UserAgent string }

// LoginResult is the token for the cookie, which is stored nowhere. With SecondFactor it opens nothing but
// Login.SecondFactor.
type LoginResult struct {
	Token        string
	SecondFactor bool
}

// Login checks e-mail and password and opens a web session, or one that waits for the second factor. Errors:
// Unauthorized with one sentence for every cause, RateLimited, Unavailable.
func (s *Login) Login(ctx context.Context, email, password string, device Device) (LoginResult, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	attempt := "login:" + device.Address + ":" + email
	if err := s.mayTry(ctx, attempt); err != nil {
		return LoginResult{}, err
	}
	var users []models.User
	if storable(email) {
		if err := s.db.Read.WithContext(ctx).Where("email = ? AND disabled_at IS NULL", email).Limit(1).
			Find(&users).Error; err != nil {
			return LoginResult{}, fmt.Errorf("find user: %w", err)
		}
	}
	hash := s.decoy
	if len(users) == 1 {
		hash = users[0].PasswordHash
	}
	if err := s.try(ctx, attempt, password, hash); err != nil {
		if len(users) == 1 && KindOf(err) == Unauthorized {
			s.noteFailure(ctx, users[0], "password")
		}
		return LoginResult{}, err
	}
	if users[0].TotpEnabledAt != nil {
		token := newWebSessionToken()
		waiting := webSession{
			UserID:             users[0].ID,
			LoginVersion:       users[0].LoginVersion,
			AwaitsSecondFactor: true,
		}
		return LoginResult{Token: token, SecondFactor: true}, s.store(HashToken(token), waiting)
	}
	token, err := s.open(ctx, users[0], device)
	return LoginResult{Token: token}, err
}

// noteFailure writes a failed attempt at a user into the audit log. In the background: the answer must not take longer
// for an e-mail that somebody has.
func (s *Login) noteFailure(ctx context.Context, user models.User, at string) {
	s.noting.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err := s.db.Transact(ctx, func(tx *gorm.DB) error {
			return s.audit.Note(tx, user, LoginFailed, auditName(user), at)
		})
		if err != nil {
			logFailure("note failed login", err)
		}
	})
}

// Wait returns when nothing is written in the background any more.
func (s *Login) Wait() { s.noting.Wait() }

func (s *Login) mayTry(ctx context.Context, attempt string) error {
	wait, err := s.limiter.Wait(ctx, attempt, loginRate)
	if err != nil {
		return fmt.Errorf("limit logins: %w", err)
	}
	if wait > 0 {
		return limited(wait)
	}
	return nil
}

// try compares in one of the few places to hash in, and counts a failure before it leaves: guesses that come at once
// cannot all pass the limit before the first has failed.
func (s *Login) try(ctx context.Context, attempt, password, hash string) error {
	if err := s.acquireHashing(ctx); err != nil {
		return err
	}
	defer func() { <-s.hashing }()
	if err := s.mayTry(ctx, attempt); err != nil {
		return err
	}
	if len(password) <= maxPassword {
		matches, err := argon2id.ComparePasswordAndHash(password, hash)
		if err != nil {
			return fmt.Errorf("compare password: %w", err)
		}
		if matches && hash != s.decoy {
			return nil
		}
	}
	if _, err := s.limiter.Allow(ctx, attempt, loginRate); err != nil {
		return fmt.Errorf("limit logins: %w", err)
	}
	return Refuse(Unauthorized, "E-mail or password is wrong.")
}

// ResetPassword gives the user with an e-mail a new password, without a second factor if that is lost too, and ends all
// their web sessions; a server notices within seconds and closes the sockets. For whoever runs the installation: it
// asks for no proof. Errors: Invalid, NotFound.
func (s *Login) ResetPassword(ctx context.Context, email, password string, withoutSecondFactor bool) error {
	email = strings.ToLower(strings.TrimSpace(email))
	if !storable(email) {
		return Refuse(NotFound, "User not found.")
	}
	hash, err := s.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		var users []models.User
		if err := tx.Where("email = ?", email).Limit(1).Find(&users).Error; err != nil {
			return err
		}
		if len(users) == 0 {
			return Refuse(NotFound, "User not found.")
		}
		user := users[0]
		if err := s.endSessions(tx, user.OrganizationID, user.ID, map[string]any{"password_hash": hash}); err != nil {
			return err
		}
		if withoutSecondFactor {
			if err := s.disableSecondFactor(tx, user); err != nil {
				return err
			}
		}
		return s.audit.Note(tx, user, PasswordChanged, auditName(user), "reset on the server")
	})
}

// disableSecondFactor changes nothing where there is none.
func (s *Login) disableSecondFactor(tx *gorm.DB, user models.User) error {
	result := tx.Model(&models.User{}).Where("organization_id = ? AND id = ? AND totp_enabled_at IS NOT NULL",
		user.OrganizationID, user.ID).
		Updates(map[string]any{"totp_secret": "", "totp_enabled_at": nil, "totp_last_step": 0, "recovery_codes": "[]",
			"updated_at": s.clock()})
	if result.Error != nil || result.RowsAffected == 0 {
		return result.Error
	}
	return s.audit.Note(tx, user, SecondFactorDisabled, auditName(user), "")
}

// HashPassword checks a new password's length and hashes it. Error: Invalid.
func (s *Login) HashPassword(ctx context.Context, password string) (string, error) {
	if len([]rune(password)) < minPassword || len(password) > maxPassword {
		return "", refuseField("password", "A password must have at least %d characters and at most %d.", minPassword,
			maxPassword)
	}
	if err := s.acquireHashing(ctx); err != nil {
		return "", err
	}
	defer func() { <-s.hashing }()
	return argon2id.CreateHash(password, &s.params)
}

func (s *Login) acquireHashing(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return Refuse(Unavailable, "Too many people are logging in. Please try again.")
	}
}

// CSRFToken is the token that forms of the page shown with this cookie must carry: a signature of the cookie, so
// nothing is stored, and it changes with the session.
func (s *Login) CSRFToken(cookie string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("csrf:" + cookie))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// ValidCSRF reports whether token is the cookie's.
func (s *Login) ValidCSRF(cookie, token string) bool {
	return cookie != "" && hmac.Equal([]byte(token), []byte(s.CSRFToken(cookie)))
}
