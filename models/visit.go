package models

import "time"

// Visit is the page that the end user of a conversation last had open. Unknown fields are empty.
type Visit struct {
	ConversationID string `gorm:"primaryKey"`
	OrganizationID string
	PageURL        string
	PageTitle      string
	UserAgent      string
	TimeZone       string // IANA name, such as Europe/Berlin
	Language       string // BCP 47 tag, such as pt-BR
	SeenAt         time.Time
}
