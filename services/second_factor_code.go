package services

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"

	"parley/models"
)

const (
	totpStep       = 30 * time.Second
	recoveryCodes  = 10
	recoveryLength = 16 // characters of base32: 80 random bits, so a hash without salt is enough
)

// use uses up a code for a login, and runs then in the same transaction. It notes a wrong code in the audit log.
// Errors: Invalid, RateLimited.
func (s *SecondFactors) use(ctx context.Context, user models.User, code string, client Client,
	then func(*gorm.DB) error) error {
	err := s.useWithin(ctx, s.logins, attempt{
		account: user.ID,
		device:  s.known.id(client.DeviceCookie, user),
	}, user, code, then)
	if KindOf(err) == Invalid {
		s.audit.NoteLater(ctx, user, LoginFailed, "second factor")
	}
	return err
}

// useWithin is use with limits of the caller's choice, and without the note.
func (s *SecondFactors) useWithin(ctx context.Context, limits throttle, a attempt, user models.User, code string,
	then func(*gorm.DB) error) error {
	succeeded, err := limits.begin(ctx, a)
	if err != nil {
		return err
	}
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := s.useUp(tx, user, plainCode(code)); err != nil {
			return err
		}
		return then(tx)
	})
	if KindOf(err) != Invalid {
		succeeded()
	}
	return err
}

// useUp stores that a code was used. If several logins use one code at once, only one finds the row unchanged.
func (s *SecondFactors) useUp(tx *gorm.DB, user models.User, code string) error {
	stored, err := userOf(tx, user.OrganizationID, user.ID)
	if err != nil {
		return err
	}
	query := tx.Model(&models.User{}).
		Where("organization_id = ? AND id = ?", user.OrganizationID, user.ID).
		Where("totp_enabled_at IS NOT NULL AND disabled_at IS NULL")
	column, left, err := s.matching(stored, code)
	if err != nil {
		return err
	}
	switch column {
	case "totp_last_step":
		query = query.Where("totp_last_step = ?", stored.TotpLastStep)
	case "recovery_codes":
		query = query.Where("recovery_codes = ?", stored.RecoveryCodes)
	default:
		return wrongCode()
	}
	result := query.UpdateColumn(column, left)
	if result.Error == nil && result.RowsAffected == 0 {
		return wrongCode()
	}
	return result.Error
}

func wrongCode() *Error {
	return refuseField("code", "This code is wrong or was used before. Wait for the next one.")
}

// matching returns the column that stores the use of a code, and its new value. Without a column the code is wrong.
func (s *SecondFactors) matching(user models.User, code string) (column string, left any, err error) {
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

// stepOf returns the time step of a code: the current one, the one before or the one after, since clocks differ. It
// returns 0 for a code of none of them.
func (s *SecondFactors) stepOf(user models.User, code string) (int64, error) {
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

// plainCode removes the spaces and dashes that people type, and turns full-width digits into plain ones.
func plainCode(code string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(strings.ToLower(strings.TrimSpace(norm.NFKC.String(code))))
}

// isCode reports whether a plain code has the length of one.
func isCode(code string) bool {
	return len(code) == otp.DigitsSix.Length() || len(code) == recoveryLength
}

func recoveryHashes(user models.User) (hashes []string) {
	if json.Unmarshal([]byte(user.RecoveryCodes), &hashes) != nil {
		return nil
	}
	return hashes
}

// RecoveryCodesLeft returns how many recovery codes a user has not used.
func RecoveryCodesLeft(user models.User) int { return len(recoveryHashes(user)) }

// newRecoveryCodes returns recovery codes in groups of four characters, and their hashes.
func newRecoveryCodes() (codes, hashes []string) {
	for range recoveryCodes {
		code := strings.ToLower(rand.Text()[:recoveryLength])
		hashes = append(hashes, HashToken(code))
		codes = append(codes, code[:4]+"-"+code[4:8]+"-"+code[8:12]+"-"+code[12:])
	}
	return codes, hashes
}
