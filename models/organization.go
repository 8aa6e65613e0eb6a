package models

import "time"

// Organization is a company that uses the installation. Everything else belongs to one.
type Organization struct {
	ID        string
	Name      string
	TimeZone  string `gorm:"default:UTC"` // IANA name; days begin and end in this zone
	Language  string `gorm:"default:en"`  // of new web chats, and of widgets that lack the browser's language
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Setup records that the first organization was created in the browser. Its only row has ID 1.
type Setup struct {
	ID             int
	OrganizationID string
	CreatedAt      time.Time
}
