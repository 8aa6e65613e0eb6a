package services

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"parley/models"
)

const (
	webSessionLife   = 14 * 24 * time.Hour // since the last request
	secondFactorLife = 10 * time.Minute    // between password and code
	deviceSeenPause  = 5 * time.Minute     // how often it is stored that a device was seen
)

// Client is the browser that a request comes from. Its address is in the context, see WithAddress.
type Client struct {
	UserAgent    string
	DeviceCookie string // what WebSessions.Remember made for this browser, or anything it likes to send
}

// Login is an opened web session. Token is for the cookie and is stored nowhere.
type Login struct {
	Token              string
	AwaitsSecondFactor bool   // Token opens nothing but LogInWithCode
	DeviceCookie       string // makes the browser a known device; empty before the second factor
}

// Identity is who a web session belongs to.
type Identity struct {
	User         models.User
	WebSessionID string // the device's id: names the session without opening it
}

// WebSessions opens and ends logins. Each is a row of devices: every request looks there, so a login that has ended has
// ended on every node, whether or not Redis answers.
type WebSessions struct {
	db            *models.DB
	passwords     *Passwords
	secondFactors *SecondFactors
	publisher     Publisher
	audit         *Audit
	clock         Clock
	secret        []byte
}

// NewWebSessions makes the service. secret signs CSRF tokens.
func NewWebSessions(db *models.DB, passwords *Passwords, secondFactors *SecondFactors, publisher Publisher,
	audit *Audit, clock Clock, secret []byte) *WebSessions {
	return &WebSessions{
		db:            db,
		passwords:     passwords,
		secondFactors: secondFactors,
		publisher:     publisher,
		audit:         audit,
		clock:         clock,
		secret:        secret,
	}
}

// LogIn checks email address and password and opens a web session, or one that waits for the second factor. Errors:
// Unauthorized with one sentence for every cause, RateLimited, Unavailable.
func (s *WebSessions) LogIn(ctx context.Context, email, password string, client Client) (Login, error) {
	user, err := s.passwords.Check(ctx, email, password, client)
	if err != nil {
		return Login{}, err
	}
	if user.TotpEnabledAt == nil {
		return s.Open(ctx, user, client)
	}
	token, device := s.newDevice(ctx, user, client)
	device.AwaitsSecondFactor = true
	err = s.db.Transact(ctx, func(tx *gorm.DB) error { return s.insert(tx, device) })
	if err != nil {
		return Login{}, fmt.Errorf("store device: %w", err)
	}
	return Login{Token: token, AwaitsSecondFactor: true}, nil
}

// LogInWithCode finishes a login with a code of the app, or a recovery code; either works once. The token it returns is
// a fresh one, and the one before it is worthless. Errors: Unauthorized when token does not wait for a code, Invalid
// for a wrong code, RateLimited.
func (s *WebSessions) LogInWithCode(ctx context.Context, token, code string, client Client) (Login, error) {
	waiting, err := s.awaiting(ctx, token)
	if err != nil {
		return Login{}, err
	}
	user := waiting.User
	fresh, device := s.newDevice(ctx, user, client)
	err = s.secondFactors.use(ctx, user, code, client, func(tx *gorm.DB) error {
		result := tx.Where("organization_id = ? AND id = ?", user.OrganizationID, waiting.WebSessionID).
			Delete(&models.Device{})
		if result.Error == nil && result.RowsAffected == 0 { // used, or ended, at the same moment
			return loggedOut()
		} else if result.Error != nil {
			return result.Error
		}
		return s.opened(tx, user, device)
	})
	if err != nil {
		return Login{}, err
	}
	return Login{Token: fresh, DeviceCookie: s.Remember(client.DeviceCookie, user)}, nil
}

// AwaitsSecondFactor says whether a cookie's token waits for a code. Errors: Unauthorized when it does not.
func (s *WebSessions) AwaitsSecondFactor(ctx context.Context, token string) error {
	_, err := s.awaiting(ctx, token)
	return err
}

func (s *WebSessions) awaiting(ctx context.Context, token string) (Identity, error) {
	found, err := s.find(ctx, token)
	if err == nil && !found.AwaitsSecondFactor {
		err = loggedOut()
	}
	return found.identity(token), err
}

// Open opens a web session for a user who has just proven who they are, like one who has accepted an invitation.
func (s *WebSessions) Open(ctx context.Context, user models.User, client Client) (Login, error) {
	token, device := s.newDevice(ctx, user, client)
	err := s.db.Transact(ctx, func(tx *gorm.DB) error { return s.opened(tx, user, device) })
	if err != nil {
		return Login{}, fmt.Errorf("store device: %w", err)
	}
	return Login{Token: token, DeviceCookie: s.Remember(client.DeviceCookie, user)}, nil
}

// newDevice is a device with the user's login version as it was when they proved who they are: if it has changed by the
// time the device is stored, the login is over before it begins.
func (s *WebSessions) newDevice(ctx context.Context, user models.User,
	client Client) (token string, device models.Device) {
	token, now := rand.Text()+rand.Text(), s.clock()
	return token, models.Device{
		ID:             HashToken(token),
		OrganizationID: user.OrganizationID,
		UserID:         user.ID,
		LoginVersion:   user.LoginVersion,
		UserAgent:      oneLine(client.UserAgent, maxUserAgent),
		Address:        AddressOf(ctx),
		CreatedAt:      now,
		LastSeenAt:     now,
	}
}

func (s *WebSessions) opened(tx *gorm.DB, user models.User, device models.Device) error {
	if err := s.insert(tx, device); err != nil {
		return err
	}
	return s.audit.Note(tx, user, LoginSucceeded, auditName(user), "")
}

// insert stores a device, and forgets those of its user that have expired.
func (s *WebSessions) insert(tx *gorm.DB, device models.Device) error {
	err := tx.Where("organization_id = ? AND user_id = ? AND (last_seen_at <= ? OR (awaits_second_factor AND "+
		"last_seen_at <= ?))", device.OrganizationID, device.UserID, device.CreatedAt.Add(-webSessionLife),
		device.CreatedAt.Add(-secondFactorLife)).Delete(&models.Device{}).Error
	if err != nil {
		return err
	}
	return tx.Create(&device).Error
}

// foundSession is a login that goes on, with its user.
type foundSession struct {
	models.User        `gorm:"embedded"`
	AwaitsSecondFactor bool
	LastSeenAt         time.Time
}

func (f foundSession) identity(token string) Identity {
	return Identity{User: f.User, WebSessionID: HashToken(token)}
}

// going narrows a query to devices whose login goes on, joined with their users.
func going(tx *gorm.DB, now time.Time) *gorm.DB {
	return tx.Table("devices").Joins("JOIN users ON users.id = devices.user_id AND users.login_version = "+
		"devices.login_version AND users.disabled_at IS NULL").
		Where("devices.last_seen_at > ?", now.Add(-webSessionLife))
}

// find returns the login that a cookie's token opens. Error: Unauthorized.
func (s *WebSessions) find(ctx context.Context, token string) (found foundSession, err error) {
	if token == "" || len(token) > 128 {
		return found, loggedOut()
	}
	err = going(s.db.Read.WithContext(ctx), s.clock()).
		Select("users.*, devices.awaits_second_factor, devices.last_seen_at").
		Where("devices.id = ?", HashToken(token)).Take(&found).Error
	if errors.Is(err, gorm.ErrRecordNotFound) ||
		(found.AwaitsSecondFactor && s.clock().Sub(found.LastSeenAt) >= secondFactorLife) {
		return foundSession{}, loggedOut()
	} else if err != nil {
		return foundSession{}, fmt.Errorf("find device: %w", err)
	}
	return found, nil
}

func loggedOut() *Error { return Refuse(Unauthorized, "Log in to continue.") }

// Identify returns who a cookie's token belongs to. Error: Unauthorized when it belongs to nobody, or no longer, or
// waits for a second factor.
func (s *WebSessions) Identify(ctx context.Context, token string) (Identity, error) {
	found, err := s.find(ctx, token)
	if err == nil && found.AwaitsSecondFactor {
		err = loggedOut()
	}
	if err != nil {
		return Identity{}, err
	}
	identity := found.identity(token)
	if s.clock().Sub(found.LastSeenAt) >= deviceSeenPause {
		s.noteSeen(ctx, identity)
	}
	return identity, nil
}

// noteSeen stores that a web session was used, which renews it. It changes only a row that is still there, so it brings
// back no login that has ended at the same moment.
func (s *WebSessions) noteSeen(ctx context.Context, identity Identity) {
	now := s.clock()
	err := s.db.Write.WithContext(ctx).Model(&models.Device{}).
		Where("organization_id = ? AND id = ? AND last_seen_at <= ?", identity.User.OrganizationID,
			identity.WebSessionID, now.Add(-deviceSeenPause)).
		UpdateColumn("last_seen_at", now).Error
	if err != nil {
		logFailure("note that a device was seen", err)
	}
}

// Logout ends the web session of a cookie's token, if it has one, and its sockets. Error: Unavailable when it cannot be
// ended now.
func (s *WebSessions) Logout(ctx context.Context, token string) error {
	id := HashToken(token)
	result := s.db.Write.WithContext(ctx).Where("id = ?", id).Delete(&models.Device{})
	if result.Error != nil {
		logFailure("delete device", result.Error)
		return Refuse(Unavailable, "You cannot be logged out right now. Please try again.")
	}
	if result.RowsAffected > 0 {
		s.publisher.WebSessionEnded(id)
	}
	return nil
}

// Remember returns the cookie that makes a browser a known device of the user, whose attempts to log in are limited
// apart from everybody else's.
func (s *WebSessions) Remember(deviceCookie string, user models.User) string {
	return s.passwords.known.remember(deviceCookie, user)
}
