package models

import "time"

// Invitation lets a person join an organization. Only the hash of its link's secret is stored.
type Invitation struct {
	ID             string
	OrganizationID string
	Email          string // lower case
	Role           Role
	TokenHash      string // hex SHA-256
	InvitedBy      string // user id
	ExpiresAt      time.Time
	AcceptedAt     *time.Time
	RevokedAt      *time.Time
	CreatedAt      time.Time
}
