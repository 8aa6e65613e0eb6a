package services

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"gorm.io/gorm"

	"parley/models"
)

const (
	webSessionLife    = 14 * 24 * time.Hour // since the last request; renewed when a day has passed
	webSessionRenewal = 24 * time.Hour
	minPassword       = 10  // characters
	maxPassword       = 256 // bytes: longer ones only cost hashing time
)

// loginRate limits failed attempts by address and e-mail: more than a person mistypes, too few to guess.
var loginRate = Rate{Count: 20, Window: 5 * time.Minute}

// Identity is who a web session belongs to.
type Identity struct {
	User         models.User
	WebSessionID string // the hash under which the session is stored: names it without opening it
}

// Login checks passwords and keeps web sessions.
type Login struct {
	db        *models.DB
	sessions  WebSessionStore
	limiter   Limiter
	publisher Publisher
	clock     Clock
	secret    []byte
	params    argon2id.Params
	hashing   chan struct{} // a hash takes 19 MB and some 50 ms: as many at once as this holds
	decoy     string        // a hash of nothing: an unknown e-mail costs the same time as a wrong password
}

// NewLogin makes the service. secret signs CSRF tokens; params is the cost of a password hash.
func NewLogin(db *models.DB, sessions WebSessionStore, limiter Limiter, publisher Publisher, clock Clock, secret []byte, params argon2id.Params) (*Login, error) {
	decoy, err := argon2id.CreateHash(rand.Text(), &params)
	if err != nil {
		return nil, fmt.Errorf("hash: %w", err)
	}
	return &Login{db: db, sessions: sessions, limiter: limiter, publisher: publisher, clock: clock, secret: secret, params: params,
		hashing: make(chan struct{}, 4), decoy: decoy}, nil
}

type webSession struct {
	UserID       string    `json:"user_id"`
	LoginVersion int       `json:"login_version"`
	RenewedAt    time.Time `json:"renewed_at"`
}

// Login checks e-mail and password and opens a web session; the token goes into the cookie and is stored nowhere. Errors:
// Unauthorized with one sentence for every cause, RateLimited, Unavailable.
func (s *Login) Login(ctx context.Context, email, password, address string) (token string, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	attempt := "login:" + address + ":" + email
	if err := s.mayTry(ctx, attempt); err != nil {
		return "", err
	}
	var users []models.User
	if storable(email) {
		if err := s.db.Read.WithContext(ctx).Where("email = ? AND disabled_at IS NULL", email).Limit(1).Find(&users).Error; err != nil {
			return "", fmt.Errorf("find user: %w", err)
		}
	}
	hash := s.decoy
	if len(users) == 1 {
		hash = users[0].PasswordHash
	}
	if err := s.try(ctx, attempt, password, hash); err != nil {
		return "", err
	}
	token = rand.Text() + rand.Text()
	return token, s.store(HashToken(token), webSession{UserID: users[0].ID, LoginVersion: users[0].LoginVersion})
}

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

// try compares in one of the few places to hash in, and counts a failure before it leaves: guesses that come at once cannot
// all pass the limit before the first has failed.
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

func (s *Login) store(id string, session webSession) error {
	session.RenewedAt = s.clock()
	value, err := json.Marshal(session)
	if err != nil {
		return err
	}
	if err := s.sessions.Set(id, value, webSessionLife); err != nil {
		logFailure("store web session", err)
		return Refuse(Unavailable, "Logging in is not possible right now. Please try again.")
	}
	return nil
}

// Identify returns who a cookie's token belongs to. Errors: Unauthorized when it belongs to nobody, or no longer; Unavailable
// when that cannot be known now: the cookie must be kept then.
func (s *Login) Identify(ctx context.Context, token string) (Identity, error) {
	if token == "" || len(token) > 128 {
		return Identity{}, Refuse(Unauthorized, "Log in to continue.")
	}
	id := HashToken(token)
	value, err := s.sessions.Get(id)
	if err != nil {
		logFailure("read web session", err)
		return Identity{}, Refuse(Unavailable, "Logins cannot be checked right now. Please try again.")
	}
	var session webSession
	if value == nil || json.Unmarshal(value, &session) != nil {
		return Identity{}, Refuse(Unauthorized, "Log in to continue.")
	}
	var user models.User
	err = s.db.Read.WithContext(ctx).Where("id = ? AND disabled_at IS NULL AND login_version = ?", session.UserID, session.LoginVersion).Take(&user).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Identity{}, Refuse(Unauthorized, "Log in to continue.")
	} else if err != nil {
		return Identity{}, fmt.Errorf("find user: %w", err)
	}
	if s.clock().Sub(session.RenewedAt) > webSessionRenewal {
		s.store(id, session) // what fails is logged, and tried again with the next request
	}
	return Identity{User: user, WebSessionID: id}, nil
}

// Logout ends a web session and its sockets.
func (s *Login) Logout(identity Identity) error {
	if err := s.sessions.Delete(identity.WebSessionID); err != nil {
		logFailure("delete web session", err)
		return Refuse(Unavailable, "Logging out is not possible right now. Please try again.")
	}
	s.publisher.WebSessionEnded(identity.WebSessionID)
	return nil
}

// SetPassword changes a user's password and ends all their web sessions and sockets. Errors: Invalid, NotFound.
func (s *Login) SetPassword(ctx context.Context, organizationID, userID, password string) error {
	hash, err := s.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	return s.endSessions(ctx, organizationID, userID, map[string]any{"password_hash": hash})
}

// Disable locks a user out, or lets them in again, and ends their web sessions and sockets. Errors: NotFound, Forbidden for
// the owner.
func (s *Login) Disable(ctx context.Context, organizationID, userID string, disabled bool) error {
	var user models.User
	err := s.db.Read.WithContext(ctx).Where("organization_id = ? AND id = ?", organizationID, userID).Take(&user).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Refuse(NotFound, "User not found.")
	} else if err != nil {
		return err
	}
	if user.Role == models.RoleOwner {
		return Refuse(Forbidden, "The owner cannot be disabled.")
	}
	var at *time.Time
	if disabled {
		now := s.clock()
		at = &now
	}
	return s.endSessions(ctx, organizationID, userID, map[string]any{"disabled_at": at})
}

func (s *Login) endSessions(ctx context.Context, organizationID, userID string, change map[string]any) error {
	change["login_version"] = gorm.Expr("login_version + 1")
	change["updated_at"] = s.clock()
	result := s.db.Write.WithContext(ctx).Model(&models.User{}).Where("organization_id = ? AND id = ?", organizationID, userID).Updates(change)
	if result.Error != nil {
		return result.Error
	}
	if result.RowsAffected == 0 {
		return Refuse(NotFound, "User not found.")
	}
	s.publisher.UserSessionsEnded(userID)
	return nil
}

// Ended returns those of users whose sockets must close: disabled, gone, or with a newer login version. users maps a user's id
// to the login version that its sockets were opened with.
func (s *Login) Ended(ctx context.Context, users map[string]int) ([]string, error) {
	ids := make([]string, 0, len(users))
	for id := range users {
		ids = append(ids, id)
	}
	var valid []models.User
	err := s.db.Read.WithContext(ctx).Select("id", "login_version").Where("id IN ? AND disabled_at IS NULL", ids).Find(&valid).Error
	if err != nil {
		return nil, err
	}
	for _, user := range valid {
		if users[user.ID] == user.LoginVersion {
			delete(users, user.ID)
		}
	}
	ended := ids[:0]
	for id := range users {
		ended = append(ended, id)
	}
	return ended, nil
}

// HashPassword checks a new password's length and hashes it. Error: Invalid.
func (s *Login) HashPassword(ctx context.Context, password string) (string, error) {
	if len([]rune(password)) < minPassword || len(password) > maxPassword {
		return "", refuseField("password", "A password must have at least %d characters and at most %d.", minPassword, maxPassword)
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

// CSRFToken is the token that forms of the page shown with this cookie must carry: a signature of the cookie, so nothing is
// stored, and it changes with the session.
func (s *Login) CSRFToken(cookie string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("csrf:" + cookie))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// ValidCSRF reports whether token is the cookie's.
func (s *Login) ValidCSRF(cookie, token string) bool {
	return cookie != "" && hmac.Equal([]byte(token), []byte(s.CSRFToken(cookie)))
}
