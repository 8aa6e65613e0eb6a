package models

import "time"

// Photo is the picture of a user or bot.
type Photo struct {
	ID             string
	OrganizationID string
	Content        string // base64 of a JPEG or PNG
	CreatedAt      time.Time
}
