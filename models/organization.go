package models

import "time"

// Organization is a company that uses the installation. Everything else belongs to one.
type Organization struct {
	ID        string
	Name      string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Setup marks that the first organization was made in the browser; its only row has ID 1.
type Setup struct {
	ID             int
	OrganizationID string
	CreatedAt      time.Time
}
