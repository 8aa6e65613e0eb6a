package main

import (
	"context"
	"math/rand/v2"
	"time"
)

// retryLimit is how long a client of the checks repeats what is answered with "unavailable".
const retryLimit = time.Minute

// A backoff is the time between attempts: it doubles up to two seconds, with jitter.
type backoff struct{ next time.Duration }

func newBackoff() *backoff { return &backoff{200 * time.Millisecond} }

func (b *backoff) pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(b.take()):
	}
}

func (b *backoff) take() time.Duration {
	wait := b.next/2 + rand.N(b.next/2)
	b.next = min(2*b.next, 2*time.Second)
	return wait
}
