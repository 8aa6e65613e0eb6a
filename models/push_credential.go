package models

import "time"

// The kinds of a push credential.
const (
	PushFCMLegacy = "fcm_legacy"
	PushFCM       = "fcm"
	PushAPNs      = "apns"
)

// PushCredential lets the server push to the apps of a mobile channel: one a channel and kind.
type PushCredential struct {
	ID             string
	OrganizationID string
	ChannelID      string
	Kind           string
	Settings       string `gorm:"default:{}"` // what may be shown again, as JSON
	Secret         string // sealed
	ReplacedAt     *time.Time
	ReplacedBy     *string // a user's id
	CreatedAt      time.Time
}
