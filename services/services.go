// Package services implements the rules of the product: who may do what, what is stored, and which events are
// published. It does not know HTTP, Socket.IO or templates. Handlers call it and show the results.
//
// Methods take the organization first and find only its records: a record of another organization is NotFound. An error
// that the caller caused is an *Error. All other errors are ours and are logged where they happen.
package services

import (
	"context"
	"time"

	"parley/models"
)

// Publisher publishes events to connected sockets on every node. Services call it after the commit. Its methods must
// not wait for the network.
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

// Agent is what end users see of a user.
type Agent struct{ ID, Name, PhotoID string }

// MessagesRead is the event that reader has read messages of a conversation.
type MessagesRead struct {
	ConversationID string
	MessageIDs     []string
	ReaderType     models.SenderType
	ReaderID       string
	ReadAt         time.Time
}

// Limiter counts attempts in a sliding window.
type Limiter interface {
	// Allow counts an attempt at key. If the last rate.Window already has rate.Count attempts, it counts nothing and
	// returns how long to wait for the next one.
	Allow(ctx context.Context, key string, rate Rate) (retryAfter time.Duration, err error)
	// Wait returns the same without counting an attempt.
	Wait(ctx context.Context, key string, rate Rate) (retryAfter time.Duration, err error)
	// Refund takes back the last attempt at key that Allow counted.
	Refund(ctx context.Context, key string) error
}

// PresenceStore stores which node has sockets of which agent.
type PresenceStore interface {
	// Add stores that this node has sockets of an agent. first means that no other node has any.
	Add(ctx context.Context, organizationID, agentID string) (first bool, err error)
	// Remove undoes Add. last means that no other node has any.
	Remove(ctx context.Context, organizationID, agentID string) (last bool, err error)
	// Refresh keeps this node's agents in the store. dead are the agents of nodes that have died; back are agents of
	// this node that the store had lost.
	Refresh(ctx context.Context) (dead, back []PresentAgent, err error)
	// Online lists the agents of an organization that any node has.
	Online(ctx context.Context, organizationID string) ([]string, error)
}

// PresentAgent names an agent in a PresenceStore.
type PresentAgent struct{ OrganizationID, AgentID string }

// Clock returns the current time. Tests can stop it.
type Clock func() time.Time
