package services

import (
	"sync"
	"time"
)

const (
	recentMessages = 4096        // whose publishing is remembered
	recentTime     = time.Minute // after which a repeat is not published: clients have fetched what they missed
)

// recently remembers which messages this process has published, of those that can be sent again.
type recently struct {
	clock Clock

	mu   sync.Mutex
	ids  map[string]struct{}
	ring [recentMessages]string
	next int
}

func newRecently(clock Clock) *recently {
	return &recently{clock: clock, ids: make(map[string]struct{}, recentMessages)}
}

// first reports whether a message is to be published, and remembers it.
func (r *recently) first(sent *Sent) bool {
	message := &sent.Message
	if message.ClientID == nil {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if sent.Duplicate {
		if _, published := r.ids[message.ID]; published || r.clock().Sub(message.CreatedAt) > recentTime {
			return false
		}
	}
	delete(r.ids, r.ring[r.next])
	r.ids[message.ID] = struct{}{}
	r.ring[r.next] = message.ID
	r.next = (r.next + 1) % recentMessages
	return true
}
