package services

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"image/png"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
	"gorm.io/gorm"

	"parley/models"
)

const (
	totpStep       = 30 * time.Second
	recoveryCodes  = 10
	recoveryLength = 16 // characters of base32: 80 random bits, so a hash without salt is enough
)

// codeRate limits attempts at a user's codes. Three of a million are good at a time: at this rate who knows the
// password needs months for an even chance, and the audit log holds every attempt.
var codeRate = Rate{Count: 10, Window: 5 * time.Minute}

// AwaitsSecondFactor says whether a cookie's token waits for a code. Errors: Unauthorized when it does not,
// Unavailable.
func (s *Login) AwaitsSecondFactor(ctx context.Context, token string) error {
	_, err := s.awaiting(ctx, token)
	return err
}

func (s *Login) awaiting(ctx context.Context, token string) (models.User, error) {
	session, user, err := s.read(ctx, token)
	if err == nil && !session.AwaitsSecondFactor {
		err = loggedOut()
	}
	return user, err
}

// SecondFactor finishes a login with a code of the app, or a recovery code; either works once. The token is a fresh one
// for the cookie, and the one before it is worthless. Errors: Unauthorized when token does not wait for a code, Invalid
// for a wrong code, RateLimited, Unavailable.
func (s *Login) SecondFactor(ctx context.Context, token, code string, device Device) (fresh string, err error) {
	user, err := s.awaiting(ctx, token)
	if err != nil {
		return "", err
	}
	if err := s.useCode(ctx, user, code, nil); err != nil {
		if KindOf(err) == Invalid {
			s.noteFailure(ctx, user, "second factor")
		}
		return "", err
	}
	if fresh, err = s.open(ctx, user, device); err != nil {
		return "", err
	}
	if err := s.sessions.Delete(HashToken(token)); err != nil {
		logFailure("delete web session", err) // it still wants a code, and ends by itself
	}
	return fresh, nil
}

// limitCodes counts an attempt at the user's codes. All count, whatever their address: who gets here knows the
// password, and could come from many.
func (s *Login) limitCodes(ctx context.Context, user models.User) error {
	wait, err := s.limiter.Allow(ctx, "second factor:"+user.ID, codeRate)
	if err != nil {
		return fmt.Errorf("limit second factors: %w", err)
	}
	if wait > 0 {
		return limited(wait)
	}
	return nil
}

// plainCode is a code without the blanks and dashes that people type.
func plainCode(code string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(strings.ToLower(strings.TrimSpace(code)))
}

// isCode reports whether a plain code has the length of one.
func isCode(code string) bool {
	return len(code) == otp.DigitsSix.Length() || len(code) == recoveryLength
}

// useCode uses up a code of the user and runs then, if given, in the same transaction. Errors: Invalid, RateLimited.
func (s *Login) useCode(ctx context.Context, user models.User, code string,
	then func(*gorm.DB, models.User) error) error {
	if err := s.limitCodes(ctx, user); err != nil {
		return err
	}
	code = plainCode(code)
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		now, err := userOf(tx, user.OrganizationID, user.ID)
		if err != nil {
			return err
		}
		query := tx.Model(&models.User{}).Where(
			"organization_id = ? AND id = ? AND totp_enabled_at IS NOT NULL AND disabled_at IS NULL",
			user.OrganizationID, user.ID)
		column, left, err := s.matching(now, code)
		if err != nil {
			return err
		}
		switch column { // of two who come with one code at once, one finds the row as it was
		case "totp_last_step":
			query = query.Where("totp_last_step = ?", now.TotpLastStep)
		case "recovery_codes":
			query = query.Where("recovery_codes = ?", now.RecoveryCodes)
		default:
			return wrongCode()
		}
		result := query.UpdateColumn(column, left)
		if result.Error != nil {
			return result.Error
		}
		if result.RowsAffected == 0 {
			return wrongCode()
		}
		if then != nil {
			return then(tx, now)
		}
		return nil
	})
}

func wrongCode() *Error {
	return refuseField("code", "This code is wrong, or was used before. Wait for the next one.")
}

// matching says in which column of the user a code is used up, and what stands there then.
func (s *Login) matching(user models.User, code string) (column string, left any, err error) {
	if user.TotpEnabledAt == nil {
		return "", nil, nil
	}
	if len(code) == recoveryLength {
		codes := recoveryHashes(user)
		at := slices.Index(codes, HashToken(code))
		if at < 0 {
			return "", nil, nil
		}
		return "recovery_codes", mustJSON(slices.Delete(codes, at, at+1)), nil
	}
	step, err := s.stepOf(user, code)
	if err != nil || step <= user.TotpLastStep {
		return "", nil, err
	}
	return "totp_last_step", step, nil
}

// stepOf is the time step of a code: this one, the one before or the one after, since clocks differ. 0: none of them.
func (s *Login) stepOf(user models.User, code string) (int64, error) {
	secret, err := s.box.Open(user.TotpSecret, totpRow(user)...)
	if err != nil {
		return 0, err
	}
	now := s.clock().Unix() / int64(totpStep/time.Second)
	for step := now - 1; step <= now+1; step++ {
		expected, err := hotp.GenerateCodeCustom(base32.StdEncoding.EncodeToString(secret), uint64(step),
			hotp.ValidateOpts{
				Digits:    otp.DigitsSix,
				Algorithm: otp.AlgorithmSHA1,
			})
		if err != nil {
			return 0, fmt.Errorf("generate code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(expected), []byte(code)) == 1 {
			return step, nil
		}
	}
	return 0, nil
}

func totpRow(user models.User) []string {
	return []string{"users", user.ID, user.OrganizationID, "totp_secret"}
}

func recoveryHashes(user models.User) (hashes []string) {
	if json.Unmarshal([]byte(user.RecoveryCodes), &hashes) != nil {
		return nil
	}
	return hashes
}

// RecoveryCodesLeft is how many recovery codes a user has not used.
func RecoveryCodesLeft(user models.User) int { return len(recoveryHashes(user)) }

// newRecoveryCodes are shown once, in groups of four.
func newRecoveryCodes() (codes, hashes []string) {
	for range recoveryCodes {
		code := strings.ToLower(rand.Text()[:recoveryLength])
		hashes = append(hashes, HashToken(code))
		codes = append(codes, code[:4]+"-"+code[4:8]+"-"+code[8:12]+"-"+code[12:])
	}
	return codes, hashes
}

// SecondFactorSetup is what an authenticator app is set up with: the secret to type, the otpauth URL, and that as a PNG
// to scan.
type SecondFactorSetup struct {
	Secret, URL string
	QR          []byte
}

// newSecondFactorSetup is the setup of a user's secret.
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
	return SecondFactorSetup{Secret: key.Secret(), URL: key.URL(), QR: code.Bytes()}, nil
}
