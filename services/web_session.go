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

// Login is an opened web session. Token belongs in the cookie and is stored nowhere.
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

// WebSessions opens and ends logins. A login is a row of devices and nowhere else. Every request reads the row, so a
// login that was ended is over on every node at once, whether or not Redis answers.
type WebSessions struct {
	db            *models.DB
	passwords     *Passwords
	secondFactors *SecondFactors
	publisher     Publisher
	audit         *Audit
	clock         Clock
	known         knownDevices
	csrfKey       []byte
}

// NewWebSessions makes the service.
func NewWebSessions(d Dependencies, passwords *Passwords, secondFactors *SecondFactors, audit *Audit) *WebSessions {
	return &WebSessions{
		db:            d.DB,
		passwords:     passwords,
		secondFactors: secondFactors,
		publisher:     d.Publisher,
		audit:         audit,
		clock:         d.Clock,
		known:         knownDevices{secret: d.SecretKey},
		csrfKey:       d.SecretKey,
	}
}

// LogIn checks email address and password and opens a web session. If the user has a second factor, the session waits
// for LogInWithCode. Errors: Unauthorized with the same sentence for every cause, RateLimited, Unavailable.
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

// LogInWithCode finishes a login with a code of the app or a recovery code; either works once. It returns a new token
// and ends the waiting one. Errors: Unauthorized when token does not wait for a code, Invalid for a wrong code,
// RateLimited.
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
		if result.Error == nil && result.RowsAffected == 0 { // used or ended by another request
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

// AwaitsSecondFactor returns nil if a token waits for a code. Error: Unauthorized.
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

// Open opens a web session without asking for a password, for a user who has just accepted an invitation, say.
func (s *WebSessions) Open(ctx context.Context, user models.User, client Client) (Login, error) {
	token, device := s.newDevice(ctx, user, client)
	err := s.db.Transact(ctx, func(tx *gorm.DB) error { return s.opened(tx, user, device) })
	if err != nil {
		return Login{}, fmt.Errorf("store device: %w", err)
	}
	return Login{Token: token, DeviceCookie: s.Remember(client.DeviceCookie, user)}, nil
}

// newDevice returns a device with the login version that user had when the password was checked. If the password is
// changed before the device is stored, the versions differ and the login never becomes active.
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

// insert stores a device and deletes the expired ones of its user.
func (s *WebSessions) insert(tx *gorm.DB, device models.Device) error {
	err := tx.Where("organization_id = ? AND user_id = ? AND (last_seen_at <= ? OR (awaits_second_factor AND "+
		"last_seen_at <= ?))", device.OrganizationID, device.UserID, device.CreatedAt.Add(-webSessionLife),
		device.CreatedAt.Add(-secondFactorLife)).Delete(&models.Device{}).Error
	if err != nil {
		return err
	}
	return tx.Create(&device).Error
}

// activeSession is an active login with its user.
type activeSession struct {
	models.User        `gorm:"embedded"`
	AwaitsSecondFactor bool
	LastSeenAt         time.Time
}

func (f activeSession) identity(token string) Identity {
	return Identity{User: f.User, WebSessionID: HashToken(token)}
}

// activeDevices starts a query of the devices whose login is active, joined with their users.
func activeDevices(tx *gorm.DB, now time.Time) *gorm.DB {
	return tx.Table("devices").Joins("JOIN users ON users.id = devices.user_id AND users.login_version = "+
		"devices.login_version AND users.disabled_at IS NULL").
		Where("devices.last_seen_at > ?", now.Add(-webSessionLife))
}

// find returns the active login of a token. Error: Unauthorized.
func (s *WebSessions) find(ctx context.Context, token string) (found activeSession, err error) {
	if token == "" || len(token) > 128 {
		return found, loggedOut()
	}
	err = activeDevices(s.db.Read.WithContext(ctx), s.clock()).
		Select(columnsOf(s.db.Read, "users", &models.User{})+", devices.awaits_second_factor, devices.last_seen_at").
		Where("devices.id = ?", HashToken(token)).Take(&found).Error
	if errors.Is(err, gorm.ErrRecordNotFound) ||
		(found.AwaitsSecondFactor && s.clock().Sub(found.LastSeenAt) >= secondFactorLife) {
		return activeSession{}, loggedOut()
	} else if err != nil {
		return activeSession{}, fmt.Errorf("find device: %w", err)
	}
	return found, nil
}

func loggedOut() *Error { return Refuse(Unauthorized, "Log in to continue.") }

// Identify returns whose web session a token is. Error: Unauthorized when the session is unknown, was ended, or waits
// for the second factor.
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

// noteSeen stores that a web session was used, which renews it. It only updates the row, so it cannot bring back a
// login that another request has just ended.
func (s *WebSessions) noteSeen(ctx context.Context, identity Identity) {
	now := s.clock()
	err := s.db.Write.WithContext(ctx).Model(&models.Device{}).
		Where("organization_id = ? AND id = ? AND last_seen_at <= ?", identity.User.OrganizationID,
			identity.WebSessionID, now.Add(-deviceSeenPause)).
		UpdateColumn("last_seen_at", now).Error
	if err != nil {
		LogFailure("note that a device was seen", err)
	}
}

// Logout ends the web session of a token, if there is one, and closes its sockets. Error: Unavailable when the database
// does not answer.
func (s *WebSessions) Logout(ctx context.Context, token string) error {
	id := HashToken(token)
	result := s.db.Write.WithContext(ctx).Where("id = ?", id).Delete(&models.Device{})
	if result.Error != nil {
		LogFailure("delete device", result.Error)
		return Refuse(Unavailable, "You cannot be logged out right now. Please try again.")
	}
	if result.RowsAffected > 0 {
		s.publisher.WebSessionEnded(id)
	}
	return nil
}

// Remember returns the cookie that makes a browser a known device of the user. Attempts to log in from a known device
// have a limit of their own.
func (s *WebSessions) Remember(deviceCookie string, user models.User) string {
	return s.known.remember(deviceCookie, user)
}
