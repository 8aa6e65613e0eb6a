package services

import (
	"context"
	"time"
)

// OpeningLife is how long an OpeningStore remembers an opening that nobody recalls.
const OpeningLife = 24 * time.Hour

// MaxOpenings is how many openings an OpeningStore remembers, each of at most some 500 bytes.
const MaxOpenings = 1 << 15

// Opening is what the widget page was opened with. The first message stores it together with the conversation.
type Opening struct {
	EmbedTokenID string
	DisplayName  string // empty: none was given
}

// OpeningStore remembers openings of unstored conversations, for clients that take only the ids from the page. It keeps
// at most MaxOpenings, because strangers can open the widget any number of times. It may forget an opening; the
// conversation is then stored without a name and an embed token, and closes only with the last token of its channel.
type OpeningStore interface {
	// Remember replaces the opening of a conversation.
	Remember(ctx context.Context, conversationID string, opening Opening)
	// Recall returns the opening of a conversation and extends its life. It returns the zero Opening if none is known.
	Recall(ctx context.Context, conversationID string) Opening
}
