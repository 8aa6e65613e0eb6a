package services

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"gorm.io/gorm"

	"parley/models"
)

// Profile is what users do with their own account, whatever their role.
type Profile struct {
	db     *models.DB
	login  *Login
	photos *Photos
	audit  *Audit
	clock  Clock
}

// NewProfile makes the service.
func NewProfile(db *models.DB, login *Login, photos *Photos, audit *Audit, clock Clock) *Profile {
	return &Profile{db: db, login: login, photos: photos, audit: audit, clock: clock}
}

// SetName changes what others read. Error: Invalid.
func (s *Profile) SetName(ctx context.Context, user models.User, name string) error {
	name, err := properName("name", "name", name)
	if err != nil {
		return err
	}
	return s.change(ctx, user, "name: "+name, func(_ *gorm.DB, now models.User) (map[string]any, error) {
		if name == now.Name {
			return nil, nil
		}
		return map[string]any{"name": name}, nil
	})
}

// SetPhoto gives the user a picture. Errors: Invalid, TooLarge.
func (s *Profile) SetPhoto(ctx context.Context, user models.User, upload []byte) error {
	photo, err := s.photos.read(ctx, user.OrganizationID, upload)
	if err != nil {
		return err
	}
	return s.replacePhoto(ctx, user, &photo)
}

// RemovePhoto takes it away.
func (s *Profile) RemovePhoto(ctx context.Context, user models.User) error {
	return s.replacePhoto(ctx, user, nil)
}

func (s *Profile) replacePhoto(ctx context.Context, user models.User, photo *models.Photo) error {
	return s.change(ctx, user, "photo", func(tx *gorm.DB, now models.User) (map[string]any, error) {
		photoID, err := replacePhoto(tx, now.OrganizationID, now.PhotoID, photo)
		if err != nil || photoID == now.PhotoID {
			return nil, err
		}
		return map[string]any{"photo_id": photoID}, nil
	})
}

// change stores the columns that change answers, and writes into the audit log what they are about. No columns: nothing
// changes.
func (s *Profile) change(ctx context.Context, user models.User, about string,
	change func(*gorm.DB, models.User) (map[string]any, error)) error {
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := lockOrganization(tx, s.db, user.OrganizationID); err != nil {
			return err
		}
		now, err := userOf(tx, user.OrganizationID, user.ID)
		if KindOf(err) == NotFound && err != nil {
			return loggedOut()
		} else if err != nil {
			return err
		}
		columns, err := change(tx, now)
		if err != nil || columns == nil {
			return err
		}
		columns["updated_at"] = s.clock()
		if err := s.update(tx, user, columns); err != nil {
			return err
		}
		return s.audit.Note(tx, now, ProfileChanged, auditName(now), about)
	})
}

// update stores columns of a user who is still there.
func (s *Profile) update(tx *gorm.DB, user models.User, columns map[string]any) error {
	result := tx.Model(&models.User{}).Where("organization_id = ? AND id = ? AND disabled_at IS NULL",
		user.OrganizationID, user.ID).Updates(columns)
	if result.Error == nil && result.RowsAffected == 0 {
		return loggedOut()
	}
	return result.Error
}

// ChangePassword changes the user's password. This web session goes on, the others and their sockets end. Errors:
// Invalid, RateLimited, Conflict when the logins were changed from elsewhere at the same time.
func (s *Profile) ChangePassword(ctx context.Context, identity Identity, current, password string) error {
	user := identity.User
	if err := s.verifyPassword(ctx, user, "current_password", current); err != nil {
		return err
	}
	hash, err := s.login.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	return s.endOthers(ctx, identity, map[string]any{"password_hash": hash}, PasswordChanged)
}

// verifyPassword fails unless password is the user's. Failures count together, wherever they come from: who gets here
// sits at the user's screen.
func (s *Profile) verifyPassword(ctx context.Context, user models.User, field, password string) error {
	attempt := "password:" + user.ID
	if err := s.login.mayTry(ctx, attempt); err != nil {
		return err
	}
	err := s.login.try(ctx, attempt, password, user.PasswordHash)
	if err != nil && KindOf(err) == Unauthorized {
		return refuseField(field, "This is not your password.")
	}
	return err
}

// ActiveSession is a web session as its user reads of it.
type ActiveSession struct {
	UserAgent, Address    string
	CreatedAt, LastSeenAt time.Time
	Current               bool
}

// Sessions are the web sessions of the user that have not ended, this one first, then the one seen last.
func (s *Profile) Sessions(ctx context.Context, identity Identity) ([]ActiveSession, error) {
	var logins []models.Login
	err := s.db.Read.WithContext(ctx).Where("organization_id = ? AND user_id = ? AND last_seen_at > ?",
		identity.User.OrganizationID, identity.User.ID,
		s.clock().Add(-webSessionLife)).Order("last_seen_at DESC, id").Find(&logins).Error
	if err != nil {
		return nil, fmt.Errorf("list logins: %w", err)
	}
	var here, elsewhere []ActiveSession
	for _, login := range logins {
		session := ActiveSession{
			UserAgent:  login.UserAgent,
			Address:    login.Address,
			CreatedAt:  login.CreatedAt,
			LastSeenAt: login.LastSeenAt,
			Current:    login.ID == identity.WebSessionID,
		}
		if session.Current {
			here = append(here, session)
		} else {
			elsewhere = append(elsewhere, session)
		}
	}
	return append(here, elsewhere...), nil
}

// EndOtherSessions ends all web sessions of the user but this one, and their sockets. Error: Conflict as for
// ChangePassword.
func (s *Profile) EndOtherSessions(ctx context.Context, identity Identity) error {
	return s.endOthers(ctx, identity, map[string]any{}, SessionsEnded)
}

// endOthers stores change, ends the user's other web sessions, and notes both as action.
func (s *Profile) endOthers(ctx context.Context, identity Identity, change map[string]any, action string) error {
	err := s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := s.login.endOtherSessions(tx, identity.User, identity.WebSessionID, change); err != nil {
			return err
		}
		return s.audit.Note(tx, identity.User, action, auditName(identity.User), "")
	})
	if err == nil {
		s.login.keep(identity)
	}
	return err
}

// BeginSecondFactor makes a secret for an authenticator app; ConfirmSecondFactor turns it on. Error: Conflict when it
// is on.
func (s *Profile) BeginSecondFactor(ctx context.Context, user models.User) (SecondFactorSetup, error) {
	secret := make([]byte, 20)
	rand.Read(secret)
	setup, err := newSecondFactorSetup(user, secret)
	if err != nil {
		return SecondFactorSetup{}, err
	}
	result := s.db.Write.WithContext(ctx).Model(&models.User{}).
		Where("organization_id = ? AND id = ? AND disabled_at IS NULL AND totp_enabled_at IS NULL", user.OrganizationID,
			user.ID).
		Updates(map[string]any{"totp_secret": s.login.box.Seal(secret, totpRow(user)...), "updated_at": s.clock()})
	if result.Error != nil {
		return SecondFactorSetup{}, fmt.Errorf("store second factor: %w", result.Error)
	}
	if result.RowsAffected == 0 {
		return SecondFactorSetup{}, secondFactorIsOn()
	}
	return setup, nil
}

func secondFactorIsOn() *Error { return Refuse(Conflict, "The second factor is on already.") }

// BegunSecondFactor is what BeginSecondFactor answered last, to be shown again beside an error. Error: Conflict when it
// is on or was not begun.
func (s *Profile) BegunSecondFactor(ctx context.Context, user models.User) (SecondFactorSetup, error) {
	now, err := s.begun(s.db.Read.WithContext(ctx), user)
	if err != nil {
		return SecondFactorSetup{}, err
	}
	secret, err := s.login.box.Open(now.TotpSecret, totpRow(user)...)
	if err != nil {
		return SecondFactorSetup{}, err
	}
	return newSecondFactorSetup(user, secret)
}

func (s *Profile) begun(tx *gorm.DB, user models.User) (models.User, error) {
	now, err := userOf(tx, user.OrganizationID, user.ID)
	switch {
	case err != nil:
		return now, err
	case now.TotpEnabledAt != nil:
		return now, secondFactorIsOn()
	case now.TotpSecret == "":
		return now, Refuse(Conflict, "Begin with a new secret first.")
	}
	return now, nil
}

// ConfirmSecondFactor turns the second factor on, with a code that shows that the app works, and returns ten recovery
// codes; they are stored hashed, so this is the only time to read them. Errors: Invalid for a wrong code, RateLimited,
// Conflict when it is on or was not begun.
func (s *Profile) ConfirmSecondFactor(ctx context.Context, user models.User,
	code string) (recovery []string, err error) {
	if err := s.login.limitCodes(ctx, user); err != nil {
		return nil, err
	}
	codes, hashes := newRecoveryCodes()
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		begun, err := s.begun(tx, user)
		if err != nil {
			return err
		}
		step, err := s.login.stepOf(begun, plainCode(code))
		if err != nil {
			return err
		}
		if step == 0 {
			return wrongCode()
		}
		now := s.clock()
		result := tx.Model(&models.User{}).
			Where("organization_id = ? AND id = ? AND disabled_at IS NULL AND totp_enabled_at IS NULL AND "+
				"totp_secret = ?", user.OrganizationID, user.ID, begun.TotpSecret).
			Updates(map[string]any{"totp_enabled_at": now, "totp_last_step": step, "recovery_codes": mustJSON(hashes),
				"updated_at": now})
		if result.Error != nil {
			return result.Error
		}
		if result.RowsAffected == 0 { // another page was faster
			return secondFactorIsOn()
		}
		return s.audit.Note(tx, user, SecondFactorEnabled, auditName(user), "")
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// DisableSecondFactor turns it off, for who has a code or knows the password. It is no error when it is off. Errors:
// Invalid, RateLimited.
func (s *Profile) DisableSecondFactor(ctx context.Context, user models.User, proof string) error {
	if user.TotpEnabledAt == nil {
		return nil
	}
	err := error(wrongCode())
	if isCode(plainCode(proof)) {
		err = s.login.useCode(ctx, user, proof, s.login.disableSecondFactor)
	}
	if KindOf(err) != Invalid || err == nil {
		return err
	}
	if err := s.verifyPassword(ctx, user, "proof", proof); KindOf(err) == Invalid && err != nil {
		return refuseField("proof", "This is neither your password nor a code that works.")
	} else if err != nil {
		return err
	}
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		return s.login.disableSecondFactor(tx, user)
	})
}
