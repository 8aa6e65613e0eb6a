package models

import "time"

// Bot answers while no agent is assigned. Greeting and Fallback are JSON of services.BotReply, or empty. Rules is a
// JSON list of services.BotRule.
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

// Channel is where conversations come from. A bot has at most one channel of each type.
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
