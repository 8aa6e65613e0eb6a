package services

import (
	"context"
	"time"
)

// OpeningLife is how long an OpeningStore remembers an opening.
const OpeningLife = time.Hour

// MaxOpenings is how many openings an OpeningStore remembers, each of at most some 500 bytes.
const MaxOpenings = 1 << 15

// Opening is what the page knew when somebody opened the widget. It waits for the first message, with which the
// conversation is stored.
type Opening struct {
	EmbedTokenID string
	DisplayName  string // empty: none was given
}

// OpeningStore remembers the openings of conversations of which nothing is stored, for clients that take only the ids
// from the page. It may forget any of them: then the end user has no name yet, and the conversation no embed token.
// Strangers open the widget as often as they like, so it holds at most MaxOpenings.
type OpeningStore interface {
	// Remember replaces the opening of a conversation.
	Remember(ctx context.Context, conversationID string, opening Opening)
	// Recall returns the opening of a conversation, or the zero Opening.
	Recall(ctx context.Context, conversationID string) Opening
}
