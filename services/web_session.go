package services

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"parley/models"
)

const (
	webSessionLife    = 14 * 24 * time.Hour // since the last request; renewed when a day has passed
	webSessionRenewal = 24 * time.Hour
	secondFactorLife  = 10 * time.Minute // between password and code
	loginPause        = 5 * time.Minute  // how often it is stored that a web session was seen
)

// Identity is who a web session belongs to.
type Identity struct {
	User         models.User
	WebSessionID string // the hash under which the session is stored: names it without opening it
}

type webSession struct {
	UserID             string    `json:"user_id"`
	LoginVersion       int       `json:"login_version"`
	AwaitsSecondFactor bool      `json:"awaits_second_factor,omitempty"`
	RenewedAt          time.Time `json:"renewed_at"`
}

func newWebSessionToken() string { return rand.Text() + rand.Text() }

// open opens a web session of user, and writes down where from.
func (s *Login) open(ctx context.Context, user models.User, device Device) (token string, err error) {
	token = newWebSessionToken()
	id := HashToken(token)
	if err := s.store(id, webSession{
		UserID:       user.ID,
		LoginVersion: user.LoginVersion,
	}); err != nil {
		return "", err
	}
	now := s.clock()
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		old := tx.Where("organization_id = ? AND user_id = ? AND last_seen_at <= ?", user.OrganizationID, user.ID,
			now.Add(-webSessionLife))
		if err := old.Delete(&models.Login{}).Error; err != nil {
			return err
		}
		login := models.Login{
			ID:             id,
			OrganizationID: user.OrganizationID,
			UserID:         user.ID,
			UserAgent:      oneLine(device.UserAgent, maxUserAgent),
			Address:        oneLine(device.Address, 64),
			CreatedAt:      now,
			LastSeenAt:     now,
		}
		if err := tx.Create(&login).Error; err != nil {
			return err
		}
		return s.audit.Note(tx, user, LoginSucceeded, auditName(user), "")
	})
	if err != nil {
		if err := s.sessions.Delete(id); err != nil {
			logFailure("delete web session", err)
		}
		return "", fmt.Errorf("note login: %w", err)
	}
	return token, nil
}

func (s *Login) store(id string, session webSession) error {
	life := webSessionLife
	if session.AwaitsSecondFactor {
		life = secondFactorLife
	}
	session.RenewedAt = s.clock()
	value, err := json.Marshal(session)
	if err != nil {
		return err
	}
	if err := s.sessions.Set(id, value, life); err != nil {
		logFailure("store web session", err)
		return Refuse(Unavailable, "Logging in is not possible right now. Please try again.")
	}
	return nil
}

// Identify returns who a cookie's token belongs to. Errors: Unauthorized when it belongs to nobody, or no longer, or
// waits for a second factor; Unavailable when that cannot be known now: the cookie must be kept then.
func (s *Login) Identify(ctx context.Context, token string) (Identity, error) {
	session, user, err := s.read(ctx, token)
	if err == nil && session.AwaitsSecondFactor {
		err = loggedOut()
	}
	if err != nil {
		return Identity{}, err
	}
	identity := Identity{User: user, WebSessionID: HashToken(token)}
	if s.clock().Sub(session.RenewedAt) > webSessionRenewal {
		s.store(identity.WebSessionID, session) // what fails is logged, and tried again with the next request
	}
	s.noteSeen(ctx, identity)
	return identity, nil
}

func loggedOut() *Error { return Refuse(Unauthorized, "Log in to continue.") }

// read returns the web session of a token, and its user.
func (s *Login) read(ctx context.Context, token string) (session webSession, user models.User, err error) {
	if token == "" || len(token) > 128 {
		return session, user, loggedOut()
	}
	value, err := s.sessions.Get(HashToken(token))
	if err != nil {
		logFailure("read web session", err)
		return session, user, Refuse(Unavailable, "Logins cannot be checked right now. Please try again.")
	}
	if value == nil || json.Unmarshal(value, &session) != nil {
		return session, user, loggedOut()
	}
	err = s.db.Read.WithContext(ctx).Where("id = ? AND disabled_at IS NULL AND login_version = ?", session.UserID,
		session.LoginVersion).Take(&user).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return session, user, loggedOut()
	} else if err != nil {
		return session, user, fmt.Errorf("find user: %w", err)
	}
	return session, user, nil
}

// noteSeen stores now and then that a web session was used. Most requests only look into memory.
func (s *Login) noteSeen(ctx context.Context, identity Identity) {
	now := s.clock()
	s.mu.Lock()
	due := now.Sub(s.seen[identity.WebSessionID]) >= loginPause
	if due {
		if len(s.seen) >= 10_000 {
			clear(s.seen)
		}
		s.seen[identity.WebSessionID] = now
	}
	s.mu.Unlock()
	if !due {
		return
	}
	err := s.db.Write.WithContext(ctx).Model(&models.Login{}).
		Where("organization_id = ? AND id = ? AND last_seen_at <= ?", identity.User.OrganizationID,
			identity.WebSessionID, now.Add(-loginPause)).
		UpdateColumn("last_seen_at", now).Error
	if err != nil {
		logFailure("note web session", err)
	}
}

// Logout ends a web session and its sockets.
func (s *Login) Logout(ctx context.Context, identity Identity) error {
	if err := s.sessions.Delete(identity.WebSessionID); err != nil {
		logFailure("delete web session", err)
		return Refuse(Unavailable, "Logging out is not possible right now. Please try again.")
	}
	err := s.db.Write.WithContext(ctx).Where("organization_id = ? AND id = ?", identity.User.OrganizationID,
		identity.WebSessionID).Delete(&models.Login{}).Error
	if err != nil {
		logFailure("forget web session", err) // who it belonged to is logged out all the same
	}
	s.publisher.WebSessionEnded(identity.WebSessionID)
	return nil
}

// endSessions stores change and makes every web session of a user worthless; the caller tells the publisher after the
// commit. Error: NotFound.
func (s *Login) endSessions(tx *gorm.DB, organizationID, userID string, change map[string]any) error {
	return s.endOtherSessions(tx, models.User{
		ID:             userID,
		OrganizationID: organizationID,
	}, "", change)
}

// endOtherSessions spares one web session, which must be stored anew with the next login version once this is
// committed. With a user of a known login version it also sees that nobody else ends them at the same time; Error:
// Conflict.
func (s *Login) endOtherSessions(tx *gorm.DB, user models.User, spared string, change map[string]any) error {
	change["login_version"] = gorm.Expr("login_version + 1")
	change["updated_at"] = s.clock()
	query := tx.Model(&models.User{}).Where("organization_id = ? AND id = ?", user.OrganizationID, user.ID)
	if spared != "" {
		query = query.Where("login_version = ?", user.LoginVersion)
	}
	result := query.Updates(change)
	if result.Error != nil {
		return result.Error
	}
	if result.RowsAffected == 0 && spared != "" {
		return Refuse(Conflict, "Your logins have changed meanwhile. Load the page again.")
	} else if result.RowsAffected == 0 {
		return Refuse(NotFound, "User not found.")
	}
	return tx.Where("organization_id = ? AND user_id = ? AND id <> ?", user.OrganizationID, user.ID, spared).
		Delete(&models.Login{}).Error
}

// keep is for after endOtherSessions: the spared web session goes on. All sockets of the user close, and the spared
// one's come back.
func (s *Login) keep(identity Identity) {
	s.store(identity.WebSessionID, webSession{
		UserID:       identity.User.ID,
		LoginVersion: identity.User.LoginVersion + 1,
	}) // what fails is logged: they log in again
	s.publisher.UserSessionsEnded(identity.User.ID)
}

// Ended returns those of users whose sockets must close: disabled, gone, or with a newer login version. users maps a
// user's id to the login version that its sockets were opened with.
func (s *Login) Ended(ctx context.Context, users map[string]int) ([]string, error) {
	ids := make([]string, 0, len(users))
	for id := range users {
		ids = append(ids, id)
	}
	var valid []models.User
	err := s.db.Read.WithContext(ctx).Select("id", "login_version").Where("id IN ? AND disabled_at IS NULL", ids).
		Find(&valid).Error
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
