package services

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"image/png"
	"time"

	"github.com/pquerna/otp/totp"
	"gorm.io/gorm"

	"parley/models"
)

// SecondFactors turns two-factor login on and off, and checks codes.
type SecondFactors struct {
	db        *models.DB
	passwords *Passwords
	publisher Publisher
	audit     *Audit
	clock     Clock
	box       *SecretBox
	known     knownDevices
	logins    throttle
	verifying throttle
}

// NewSecondFactors makes the service.
func NewSecondFactors(d Dependencies, passwords *Passwords, audit *Audit) *SecondFactors {
	return &SecondFactors{
		db:        d.DB,
		passwords: passwords,
		publisher: d.Publisher,
		audit:     audit,
		clock:     d.Clock,
		box:       d.SecretBox,
		known:     knownDevices{secret: d.SecretKey},
		logins:    throttle{limiter: d.Limiter, secret: "code", isCode: true},
		verifying: newVerifying(d.Limiter),
	}
}

// SecondFactorSetup is what an authenticator app is set up with: the secret to type, and a PNG to scan.
type SecondFactorSetup struct {
	Secret string
	QR     []byte
}

// Begin creates the secret for an authenticator app. Confirm turns it on. Error: Conflict when it is already on.
func (s *SecondFactors) Begin(ctx context.Context, user models.User) error {
	secret := make([]byte, 20)
	rand.Read(secret)
	result := s.db.Write.WithContext(ctx).Model(&models.User{}).
		Where("organization_id = ? AND id = ? AND disabled_at IS NULL AND totp_enabled_at IS NULL", user.OrganizationID,
			user.ID).
		Updates(map[string]any{"totp_secret": s.box.Seal(secret, totpRow(user)...), "updated_at": s.clock()})
	if result.Error != nil {
		return fmt.Errorf("store second factor: %w", result.Error)
	}
	if result.RowsAffected == 0 {
		return secondFactorIsOn()
	}
	return nil
}

func secondFactorIsOn() *Error { return Refuse(Conflict, "Two-factor login is already on.") }

// Setup returns what the last Begin created. Error: Conflict when the second factor is on or was not begun.
func (s *SecondFactors) Setup(ctx context.Context, user models.User) (SecondFactorSetup, error) {
	stored, err := begunBy(s.db.Read.WithContext(ctx), user)
	if err != nil {
		return SecondFactorSetup{}, err
	}
	secret, err := s.box.Open(stored.TotpSecret, totpRow(user)...)
	if err != nil {
		return SecondFactorSetup{}, err
	}
	return newSecondFactorSetup(user, secret)
}

// begunBy reads a user again who has begun to set up a second factor. Error: Conflict as for Setup.
func begunBy(tx *gorm.DB, user models.User) (models.User, error) {
	stored, err := userOf(tx, user.OrganizationID, user.ID)
	switch {
	case err != nil:
		return stored, err
	case stored.TotpEnabledAt != nil:
		return stored, secondFactorIsOn()
	case stored.TotpSecret == "":
		return stored, Refuse(Conflict, "Set up two-factor login first.")
	}
	return stored, nil
}

func newSecondFactorSetup(user models.User, secret []byte) (SecondFactorSetup, error) {
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer:      "Parley",
		AccountName: user.Email,
		Secret:      secret,
	})
	if err != nil {
		return SecondFactorSetup{}, fmt.Errorf("make second factor: %w", err)
	}
	picture, err := key.Image(240, 240)
	if err != nil {
		return SecondFactorSetup{}, fmt.Errorf("draw QR code: %w", err)
	}
	var code bytes.Buffer
	if err := png.Encode(&code, picture); err != nil {
		return SecondFactorSetup{}, fmt.Errorf("draw QR code: %w", err)
	}
	return SecondFactorSetup{Secret: key.Secret(), QR: code.Bytes()}, nil
}

// Confirmation proves that the user wants the second factor, and has an app that shows its codes.
type Confirmation struct {
	Password     string // keeps out someone who found the screen unlocked
	Code         string
	LogOutOthers bool // ends the logins on other devices, which were opened without a code
}

// Confirm turns the second factor on and returns ten recovery codes. They are stored as hashes, so they can be shown
// only now. Errors: Invalid for a wrong password or code, RateLimited, Unauthorized, Conflict when it is on or was not
// begun, or when another device changed the logins at the same time.
func (s *SecondFactors) Confirm(ctx context.Context, identity Identity, c Confirmation) (recovery []string, err error) {
	user := identity.User
	if err := s.passwords.Verify(ctx, user, "password", c.Password); err != nil {
		return nil, s.notedFailure(ctx, user, err, "turning it on, wrong password")
	}
	succeeded, err := s.verifying.begin(ctx, attempt{device: user.ID})
	if err != nil {
		return nil, err
	}
	codes, hashes := newRecoveryCodes()
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := s.turnOn(tx, user, c.Code, hashes); err != nil || !c.LogOutOthers {
			return err
		}
		return endOtherDevices(tx, s.clock(), identity, map[string]any{})
	})
	if KindOf(err) != Invalid {
		succeeded()
	}
	if err != nil {
		return nil, s.notedFailure(ctx, user, err, "turning it on, wrong code")
	}
	if c.LogOutOthers {
		s.publisher.UserSessionsEnded(user.ID)
	}
	return codes, nil
}

func (s *SecondFactors) turnOn(tx *gorm.DB, user models.User, code string, recoveryHashes []string) error {
	begun, err := begunBy(tx, user)
	if err != nil {
		return err
	}
	step, err := s.stepOf(begun, plainCode(code))
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
		Updates(map[string]any{"totp_enabled_at": now, "totp_last_step": step,
			"recovery_codes": mustJSON(recoveryHashes), "updated_at": now})
	if result.Error != nil {
		return result.Error
	}
	if result.RowsAffected == 0 { // another request was faster
		return secondFactorIsOn()
	}
	return s.audit.Note(tx, user, SecondFactorEnabled, auditName(user), "")
}

// notedFailure returns err, and notes a wrong password or code in the audit log.
func (s *SecondFactors) notedFailure(ctx context.Context, user models.User, err error, detail string) error {
	if KindOf(err) == Invalid {
		s.audit.NoteLater(ctx, user, SecondFactorFailed, detail)
	}
	return err
}

// Disable turns the second factor off. proof is a code or the password. If it is already off, nothing happens. Errors:
// Invalid, RateLimited.
func (s *SecondFactors) Disable(ctx context.Context, user models.User, proof string) error {
	if user.TotpEnabledAt == nil {
		return nil
	}
	off := func(tx *gorm.DB) error { return disableSecondFactor(tx, s.audit, s.clock(), user) }
	if isCode(plainCode(proof)) {
		err := s.useWithin(ctx, s.verifying, attempt{device: user.ID}, user, proof, off)
		if KindOf(err) != Invalid {
			return err
		}
	}
	if err := s.passwords.Verify(ctx, user, "proof", proof); KindOf(err) == Invalid {
		wrong := refuseField("proof", "This is neither your password nor a valid code.")
		return s.notedFailure(ctx, user, wrong, "turning it off")
	} else if err != nil {
		return err
	}
	return s.db.Transact(ctx, off)
}

// disableSecondFactor turns the second factor off if it is on.
func disableSecondFactor(tx *gorm.DB, audit *Audit, now time.Time, user models.User) error {
	result := tx.Model(&models.User{}).
		Where("organization_id = ? AND id = ? AND totp_enabled_at IS NOT NULL", user.OrganizationID, user.ID).
		Updates(map[string]any{"totp_secret": "", "totp_enabled_at": nil, "totp_last_step": 0,
			"recovery_codes": "[]", "updated_at": now})
	if result.Error != nil || result.RowsAffected == 0 {
		return result.Error
	}
	return audit.Note(tx, user, SecondFactorDisabled, auditName(user), "")
}
