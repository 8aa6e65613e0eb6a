package models

import "time"

// Organization is a company that uses the installation. Everything else belongs to one.
type Organization struct {
	ID        string
	Name      string
	TimeZone  string `gorm:"default:UTC"` // an IANA name: days begin and end by it
	Language  string `gorm:"default:en"`  // of the widget where a browser's own has no catalogue, and of new web chats
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Setup marks that the first organization was made in the browser; its only row has ID 1.
type Setup struct {
	ID             int
	OrganizationID string
	CreatedAt      time.Time
}
