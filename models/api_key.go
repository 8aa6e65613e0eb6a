package models

import "time"

// APIKey is a secret for programs. Only its hash is stored.
type APIKey struct {
	ID             string
	OrganizationID string
	Name           string
	Prefix         string // the first characters, for display
	KeyHash        string // hex SHA-256
	CreatedBy      string // user id
	LastUsedAt     *time.Time
	RevokedAt      *time.Time
	CreatedAt      time.Time
}
