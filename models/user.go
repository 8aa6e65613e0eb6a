package models

import "time"

// Role is what a user may do.
type Role string

// The roles, from the weakest.
const (
	RoleAgent Role = "agent"
	RoleAdmin Role = "admin"
	RoleOwner Role = "owner"
)

// AtLeast reports whether r has the rights of least.
func (r Role) AtLeast(least Role) bool { return r.rank() >= least.rank() }

func (r Role) rank() int {
	switch r {
	case RoleAgent:
		return 1
	case RoleAdmin:
		return 2
	case RoleOwner:
		return 3
	}
	return 0
}

// User is a person who logs in. The integration guide calls all of them agents, whatever their role.
type User struct {
	ID             string
	OrganizationID string
	Email          string // lower case
	Name           string
	PasswordHash   string
	Role           Role
	LoginVersion   int // logins of an older version are over
	PhotoID        *string
	TotpSecret     string     // sealed; empty without a second factor
	TotpEnabledAt  *time.Time // nil until it is confirmed
	TotpLastStep   int64      // codes up to this time step are used
	RecoveryCodes  string     `gorm:"default:[]"` // a JSON list of hashes
	DisabledAt     *time.Time
	RemovedAt      *time.Time // the row stays: old messages are theirs
	CreatedAt      time.Time
	UpdatedAt      time.Time
}
