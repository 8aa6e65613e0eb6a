package models

import "time"

// The kinds of a push credential.
const (
	PushFCMLegacy = "fcm_legacy"
	PushFCM       = "fcm"
	PushAPNs      = "apns"
)

// PushCredential lets the server send push notifications to the apps of a mobile channel. A channel has at most one of
// each kind.
type PushCredential struct {
	ID             string
	OrganizationID string
	ChannelID      string
	Kind           string
	Settings       string `gorm:"default:{}"` // JSON of the settings that are not secret
	Secret         string // sealed
	ReplacedAt     *time.Time
	ReplacedBy     *string // user id
	CreatedAt      time.Time
}
