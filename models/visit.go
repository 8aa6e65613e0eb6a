package models

import "time"

// Visit is where the end user of a conversation was last seen. What is not known is empty.
type Visit struct {
	ConversationID string `gorm:"primaryKey"`
	OrganizationID string
	PageURL        string
	PageTitle      string
	UserAgent      string
	TimeZone       string // an IANA name, like Europe/Berlin
	Language       string // a BCP 47 tag, like pt-BR
	SeenAt         time.Time
}
