// Package services holds the rules of the product: who may do what, what is stored, who is told. It knows no HTTP, no
// Socket.IO and no templates; handlers call it and show what it answers.
//
// Methods take the organization first and find only what belongs to it: another organization's record is NotFound.
// Errors that the caller caused are an *Error; every other error is ours, and is logged where it happened.
package services

import (
	"context"
	"time"

	"parley/models"
)

// Publisher spreads news to connected sockets, on every node. Calls come after the commit and must not wait for the
// network.
type Publisher interface {
	MessageStored(*Sent)
	MessagesRead(MessagesRead)
	ConversationAssigned(organizationID, conversationID string, agent Agent)
	ConversationReleased(organizationID, conversationID string)
	ConversationResolved(organizationID, conversationID, sessionID string, tags []string)
	ConversationReopened(organizationID, conversationID, sessionID string)
	ConversationTagged(organizationID, conversationID, sessionID string, tags []string)
	VisitChanged(organizationID, conversationID string)
	AgentStatusChanged(organizationID, agentID string, online bool)
	TeamChanged(organizationID string, team Team)
	// EmbedTokenRevoked closes the sockets of the end users whose page the token opened.
	EmbedTokenRevoked(embedTokenID string)
	// WebSessionEnded and UserSessionsEnded close the sockets of a login, or of all logins of a user.
	WebSessionEnded(webSessionID string)
	UserSessionsEnded(userID string)
}

// Agent is what others learn of a user: the end user reads who answers.
type Agent struct{ ID, Name, PhotoID string }

// MessagesRead says that reader has read messages of a conversation.
type MessagesRead struct {
	ConversationID string
	MessageIDs     []string
	ReaderType     models.SenderType
	ReaderID       string
	ReadAt         time.Time
}

// Limiter counts attempts in a sliding window.
type Limiter interface {
	// Allow counts one attempt at key. When rate.Count attempts lie within the last rate.Window it counts nothing and
	// says after what time the next one may come.
	Allow(ctx context.Context, key string, rate Rate) (retryAfter time.Duration, err error)
	// Wait says the same without counting.
	Wait(ctx context.Context, key string, rate Rate) (retryAfter time.Duration, err error)
	// Refund takes back the last attempt at key that Allow counted.
	Refund(ctx context.Context, key string) error
}

// PresenceStore knows which node holds sockets of which agent.
type PresenceStore interface {
	// Add notes that this node holds sockets of agent, and says whether no other node does.
	Add(ctx context.Context, organizationID, agentID string) (first bool, err error)
	// Remove takes that back, and says whether no other node holds any.
	Remove(ctx context.Context, organizationID, agentID string) (last bool, err error)
	// Refresh keeps this node's agents alive. It reports those whose node has died, and those of this node that were
	// taken for dead meanwhile: nobody held them until now.
	Refresh(ctx context.Context) (dead, back []PresentAgent, err error)
	// Online lists the agents of an organization that any node holds.
	Online(ctx context.Context, organizationID string) ([]string, error)
}

// PresentAgent names an agent in a PresenceStore.
type PresentAgent struct{ OrganizationID, AgentID string }

// Clock tells the time; tests stop it.
type Clock func() time.Time
