package services

import (
	"context"
	"time"
)

// OpeningLife is how long an OpeningStore remembers an opening.
const OpeningLife = time.Hour

// MaxOpenings is how many openings an OpeningStore remembers, each of at most some 500 bytes.
const MaxOpenings = 1 << 15

// Opening is what the widget page was opened with. The first message stores it together with the conversation.
type Opening struct {
	EmbedTokenID string
	DisplayName  string // empty: none was given
}

// OpeningStore remembers openings of unstored conversations, for clients that take only the ids from the page. It keeps
// at most MaxOpenings, because strangers can open the widget any number of times. It may forget an opening; the
// conversation is then stored without a name and an embed token.
type OpeningStore interface {
	// Remember replaces the opening of a conversation.
	Remember(ctx context.Context, conversationID string, opening Opening)
	// Recall returns the opening of a conversation, or the zero Opening if it is not known.
	Recall(ctx context.Context, conversationID string) Opening
}
