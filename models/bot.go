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
	PhotoID        *string
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
	ID                 string
	OrganizationID     string
	BotID              string
	Type               string
	Name               string
	ConversationPrefix string // first 8 hex digits of the ids of its conversations; empty until it is first opened
	ConversationKey    string // secret that the ids are derived from; empty as long
	CreatedAt          time.Time
	UpdatedAt          time.Time
}
