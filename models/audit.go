package models

import "time"

// AuditEntry records who changed what. It contains no secrets and is never changed.
type AuditEntry struct {
	ID             string
	OrganizationID string
	ActorID        string
	ActorName      string // at the time
	Action         string // such as embed_token.created
	Target         string
	Detail         string
	Address        string // of the client; empty for a command on the server
	CreatedAt      time.Time
}
