package models

import "time"

// EndUser is the person who writes to the organization, identified by the external_id of a device or app.
type EndUser struct {
	ID             string
	OrganizationID string
	ExternalID     string
	DisplayName    string
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Conversation contains all messages between one end user and the organization on one channel.
type Conversation struct {
	ID             string
	OrganizationID string
	ChannelID      string
	EndUserID      string
	EmbedTokenID   *string // that last opened it; nil: not known
	LastSeq        int64
	CreatedAt      time.Time
	UpdatedAt      time.Time

	EndUser       EndUser              `gorm:"foreignKey:EndUserID"`
	ActiveSession *ConversationSession `gorm:"foreignKey:ConversationID"` // loaded by some queries
}

// The states of a conversation session.
const (
	SessionOpen     = "open"
	SessionResolved = "resolved"
)

// ConversationSession is one support case within a conversation. At most one is open.
type ConversationSession struct {
	ID              string
	OrganizationID  string
	ConversationID  string
	Status          string
	AssignedAgentID *string
	Tags            []string `gorm:"serializer:json"`
	FirstMessageAt  *time.Time
	AssignedAt      *time.Time
	ResolvedAt      *time.Time
	CreatedAt       time.Time
}
