package models

import "time"

// Bot answers while no agent is assigned. Greeting and Fallback are a reply as JSON or empty; Rules is a JSON list. The
// shapes are services.BotReply and services.BotRule.
type Bot struct {
	ID             string
	OrganizationID string
	Name           string
	Greeting       string
	Rules          string
	Fallback       string
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// The types of a channel.
const (
	ChannelWebchat   = "webchat"
	ChannelMobileSDK = "mobile_sdk"
)

// Channel is where conversations come from: one a bot and type.
type Channel struct {
	ID             string
	OrganizationID string
	BotID          string
	Type           string
	Name           string
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// EmbedToken lets a web page or WebView open the widget of a channel. Only its hash is stored.
type EmbedToken struct {
	ID             string
	OrganizationID string
	ChannelID      string
	Name           string
	Prefix         string   // the first characters, to be recognized by
	TokenHash      string   // hex SHA-256
	AllowedOrigins []string `gorm:"serializer:json"` // empty: every origin
	RevokedAt      *time.Time
	CreatedAt      time.Time
}
