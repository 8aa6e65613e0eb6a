package models

import "time"

// AuditEntry says who changed what. It is never changed itself, and holds no secret.
type AuditEntry struct {
	ID             string
	OrganizationID string
	ActorID        string
	ActorName      string // as it was then
	Action         string // a dotted word, like embed_token.created
	Target         string
	Detail         string
	Address        string // the client's; empty for a command on the server
	CreatedAt      time.Time
}
