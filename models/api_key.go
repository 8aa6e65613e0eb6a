package models

import "time"

// APIKey is a secret for programs. Only its hash is stored.
type APIKey struct {
	ID             string
	OrganizationID string
	Name           string
	Prefix         string // the first characters, to be recognized by
	KeyHash        string // hex SHA-256
	CreatedBy      string // a user's id
	LastUsedAt     *time.Time
	RevokedAt      *time.Time
	CreatedAt      time.Time
}
