package services

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"strings"
	"sync"

	"parley/models"
)

// Setup creates the first organization of an installation, for someone who can read what the server prints.
type Setup struct {
	organizations *Organizations
	tokens        throttle
	token         string

	mu   sync.Mutex
	done bool // once there is an organization, there always is one
}

// NewSetup makes the service. Its token is derived from the secret key, so it is the same on every node and after every
// start.
func NewSetup(d Dependencies, organizations *Organizations) *Setup {
	mac := hmac.New(sha256.New, d.SecretKey)
	mac.Write([]byte("setup token"))
	return &Setup{
		organizations: organizations,
		tokens:        throttle{limiter: d.Limiter, secret: "setup token"},
		token:         strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil))[:26]),
	}
}

// Token returns the setup token. The server prints it while setup is needed.
func (s *Setup) Token() string { return s.token }

// Needed reports whether there is no organization yet.
func (s *Setup) Needed(ctx context.Context) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return false
	}
	empty, err := s.organizations.Empty(ctx)
	if err != nil {
		LogFailure("look for an organization", err)
		return false
	}
	s.done = !empty
	return empty
}

// SetUp creates the first organization and its owner. The limit applies only to wrong tokens: the token is too long to
// be guessed, so nobody must be locked out. Errors: Forbidden for a wrong token and Invalid for every other wrong
// field, joined; RateLimited, and Conflict when there is an organization.
func (s *Setup) SetUp(ctx context.Context, token string, request NewOrganization) (owner models.User, err error) {
	if subtle.ConstantTimeCompare([]byte(strings.TrimSpace(token)), []byte(s.token)) == 1 {
		return s.organizations.SetUp(ctx, request)
	}
	if _, err := s.tokens.begin(ctx, attempt{}); err != nil {
		return owner, err
	}
	return owner, errors.Join(&Error{
		Kind:    Forbidden,
		Message: "This is not the setup token. Copy it from the output of the server, after “Setup token:”.",
		Field:   "setup_token",
	}, request.Check())
}
