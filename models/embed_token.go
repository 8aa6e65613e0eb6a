package models

import "time"

// EmbedToken lets a web page or WebView open the widget of a channel. Only its hash is stored.
type EmbedToken struct {
	ID             string
	OrganizationID string
	ChannelID      string
	Name           string
	Prefix         string   // the first characters, for display
	TokenHash      string   // hex SHA-256
	AllowedOrigins []string `gorm:"serializer:json"` // empty: every origin
	Appearance     string   `gorm:"default:{}"`      // JSON; the shape is services.Appearance
	LastSeenAt     *time.Time
	LastSeenOrigin string // empty if unknown
	RevokedAt      *time.Time
	CreatedAt      time.Time
	UpdatedAt      *time.Time // of the last change by a person
}
