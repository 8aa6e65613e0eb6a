package models

import "time"

// Device is one login of a user in one browser: the truth of who is logged in. Its ID is the hash of the session
// cookie. Ending a login deletes the row, so what has ended cannot come back.
type Device struct {
	ID                 string
	OrganizationID     string
	UserID             string
	LoginVersion       int  // the user's when they logged in; the login is over once theirs is a later one
	AwaitsSecondFactor bool // the password was right, and the code is missing: opens nothing yet
	UserAgent          string
	Address            string
	CreatedAt          time.Time
	LastSeenAt         time.Time
}
