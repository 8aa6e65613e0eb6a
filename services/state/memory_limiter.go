package state

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"parley/services"
)

const (
	// maxLimiterKeys bounds the memory of a limiter: strangers choose the keys. A key with one attempt takes some 200
	// bytes.
	maxLimiterKeys = 100_000
	// evictionSample is how many keys are compared for the least useful one.
	evictionSample = 32
)

// MemoryLimiter counts in this process.
type MemoryLimiter struct {
	clock services.Clock

	mu       sync.Mutex
	attempts map[limiterKey]*window
	sweepAt  int64
}

// limiterKey is the hash of a key: the key may hold what a stranger typed, of any length.
type limiterKey [sha256.Size]byte

// window is the attempts at one key that may still count, oldest first, as Unix times in nanoseconds.
type window struct {
	times  []int64
	length time.Duration
}

func (w *window) last() int64 { return w.times[len(w.times)-1] }

// NewMemoryLimiter makes one.
func NewMemoryLimiter(clock services.Clock) *MemoryLimiter {
	return &MemoryLimiter{clock: clock, attempts: map[limiterKey]*window{}}
}

// Allow implements services.Limiter.
func (l *MemoryLimiter) Allow(_ context.Context, key string, rate services.Rate) (time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, hashed := l.clock().UnixNano(), sha256.Sum256([]byte(key))
	l.sweep(now)
	if wait := l.wait(hashed, rate, now); wait > 0 {
		return wait, nil
	}
	w := l.attempts[hashed]
	if w == nil {
		l.makeRoom(now)
		w = &window{}
		l.attempts[hashed] = w
	}
	w.times, w.length = append(w.times, now), rate.Window
	return 0, nil
}

// Wait implements services.Limiter.
func (l *MemoryLimiter) Wait(_ context.Context, key string, rate services.Rate) (time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wait(sha256.Sum256([]byte(key)), rate, l.clock().UnixNano()), nil
}

// Refund implements services.Limiter.
func (l *MemoryLimiter) Refund(_ context.Context, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	hashed := limiterKey(sha256.Sum256([]byte(key)))
	w := l.attempts[hashed]
	if w == nil {
		return nil
	}
	if w.times = w.times[:len(w.times)-1]; len(w.times) == 0 {
		delete(l.attempts, hashed)
	}
	return nil
}

// wait says how long the next attempt must wait, and forgets attempts that no longer count.
func (l *MemoryLimiter) wait(key limiterKey, rate services.Rate, now int64) time.Duration {
	w := l.attempts[key]
	if w == nil {
		return 0
	}
	for len(w.times) > 0 && now-w.times[0] >= int64(rate.Window) {
		w.times = w.times[1:]
	}
	if len(w.times) == 0 {
		delete(l.attempts, key)
		return 0
	}
	if len(w.times) < rate.Count {
		return 0
	}
	return rate.Window - time.Duration(now-w.times[len(w.times)-rate.Count])
}

// sweep forgets keys that no longer count, once a minute: end users come and go for ever.
func (l *MemoryLimiter) sweep(now int64) {
	if now < l.sweepAt {
		return
	}
	l.sweepAt = now + int64(time.Minute)
	for key, w := range l.attempts {
		if now-w.last() >= int64(w.length) {
			delete(l.attempts, key)
		}
	}
}

// makeRoom removes a key if there are too many. It looks at some, in the random order of a map, and takes the one with
// the fewest attempts: someone who floods the limiter with keys pushes out their own, not those that are near a limit.
func (l *MemoryLimiter) makeRoom(now int64) {
	if len(l.attempts) < maxLimiterKeys {
		return
	}
	var least limiterKey
	fewest, seen := 0, 0
	for key, w := range l.attempts {
		if now-w.last() >= int64(w.length) {
			delete(l.attempts, key)
			return
		}
		if seen == 0 || len(w.times) < fewest {
			least, fewest = key, len(w.times)
		}
		if seen++; seen == evictionSample {
			break
		}
	}
	delete(l.attempts, least)
}
