package models

import "time"

// Login is what a user reads about one of their web sessions. Its ID is the web session's.
type Login struct {
	ID             string
	OrganizationID string
	UserID         string
	UserAgent      string
	Address        string
	CreatedAt      time.Time
	LastSeenAt     time.Time
}
