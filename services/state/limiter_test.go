package state_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/services"
	"parley/services/state"
)

// limiter is one of the implementations, and how its time passes. slack is what a real clock may add.
type limiter struct {
	*testing.T
	services.Limiter
	advance func(time.Duration)
	slack   time.Duration
}

func eachLimiter(t *testing.T, test func(l limiter)) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) {
		clock := newClock()
		test(limiter{t, state.NewMemoryLimiter(clock.Now), clock.advance, 0})
	})
	t.Run("redis without a server", func(t *testing.T) {
		clock := newClock()
		test(limiter{t, state.NewRedisLimiter(gone(t), "x:", clock.Now), clock.advance, 0})
	})
	t.Run("redis", func(t *testing.T) {
		client, prefix := Redis(t)
		test(limiter{t, state.NewRedisLimiter(client, prefix, newClock().Now), func(d time.Duration) {
			age(t, client, prefix, d)
		}, 20 * time.Second})
	})
}

// allow returns how long to wait; 0 was allowed.
func (l limiter) allow(key string, rate services.Rate) time.Duration {
	l.Helper()
	wait, err := l.Allow(l.Context(), key, rate)
	if err != nil {
		l.Fatal(err)
	}
	return wait
}

var threeInAMinute = services.Rate{Count: 3, Window: time.Minute}

func TestLimiter_countsInASlidingWindow(t *testing.T) {
	eachLimiter(t, func(l limiter) {
		allowed := func() {
			l.Helper()
			if wait := l.allow("key", threeInAMinute); wait != 0 {
				l.Fatalf("must wait %v", wait)
			}
		}
		refused := func(want time.Duration) {
			l.Helper()
			about(l.T, l.allow("key", threeInAMinute), want, l.slack)
		}
		allowed() // at 0
		l.advance(30 * time.Second)
		allowed() // at 30
		allowed() // at 30
		refused(30 * time.Second)
		l.advance(5 * time.Second)
		refused(25 * time.Second) // what is refused does not count
		l.advance(25 * time.Second)
		allowed() // at 60: the first lies a whole window back
		refused(30 * time.Second)
		l.advance(30 * time.Second)
		allowed() // at 90: those at 30 are over
		allowed()
		refused(30 * time.Second) // until the one at 60 is
		l.advance(time.Hour)
		for range 3 {
			allowed()
		}
		refused(time.Minute)
	})
}

func TestLimiter_isExactAtTheEdge(t *testing.T) {
	t.Parallel()
	clock := newClock()
	l := limiter{t, state.NewMemoryLimiter(clock.Now), clock.advance, 0}
	for range 3 {
		l.allow("key", threeInAMinute)
	}
	clock.advance(time.Minute - time.Microsecond)
	if wait := l.allow("key", threeInAMinute); wait != time.Microsecond {
		t.Errorf("a microsecond early: wait %v", wait)
	}
	clock.advance(time.Microsecond)
	if wait := l.allow("key", threeInAMinute); wait != 0 {
		t.Errorf("on time: wait %v", wait)
	}
}

func TestLimiter_countsKeysSeparately(t *testing.T) {
	eachLimiter(t, func(l limiter) {
		for range 3 {
			l.allow("a", threeInAMinute)
		}
		if l.allow("a", threeInAMinute) == 0 || l.allow("b", threeInAMinute) != 0 {
			l.Error("b is limited by a")
		}
	})
}

func TestWait_doesNotCount(t *testing.T) {
	eachLimiter(t, func(l limiter) {
		wait := func() time.Duration {
			wait, err := l.Wait(l.Context(), "key", threeInAMinute)
			if err != nil {
				l.Fatal(err)
			}
			return wait
		}
		for range 10 {
			if wait() != 0 {
				l.Fatal("a look has counted")
			}
		}
		for range 3 {
			l.allow("key", threeInAMinute)
		}
		about(l.T, wait(), time.Minute, l.slack)
	})
}

func TestLimiter_isExactForAttemptsAtOnce(t *testing.T) {
	eachLimiter(t, func(l limiter) {
		var allowed atomic.Int64
		done := make(chan struct{})
		const tries = 40
		for range tries {
			go func() {
				defer func() { done <- struct{}{} }()
				if wait, err := l.Allow(context.Background(), "key", threeInAMinute); err == nil && wait == 0 {
					allowed.Add(1)
				}
			}()
		}
		for range tries {
			<-done
		}
		if n := allowed.Load(); n != 3 {
			l.Errorf("%d were allowed", n)
		}
	})
}

func TestRedisLimiter_hashesKeysAndLetsThemExpire(t *testing.T) {
	t.Parallel()
	client, prefix := Redis(t)
	limiter := state.NewRedisLimiter(client, prefix, newClock().Now)
	if _, err := limiter.Allow(t.Context(), "message:org:jo@example.com", threeInAMinute); err != nil {
		t.Fatal(err)
	}
	found := keys(t, client, prefix)
	if len(found) != 1 || strings.Contains(fmt.Sprint(found), "jo@") {
		t.Fatalf("keys %v", found)
	}
	left, err := client.PTTL(t.Context(), found[0]).Result()
	if err != nil || left <= 0 || left > time.Minute {
		t.Errorf("forgotten in %v, %v", left, err)
	}
}

func TestRedisLimiter_usesRedisAgainWhenItIsBack(t *testing.T) {
	t.Parallel()
	client, prefix := Redis(t)
	away := &switched{UniversalClient: client}
	clock := newClock()
	l := limiter{t, state.NewRedisLimiter(away, prefix, clock.Now), clock.advance, 0}
	away.off.Store(true)
	for range 3 {
		l.allow("key", threeInAMinute)
	}
	if l.allow("key", threeInAMinute) == 0 {
		t.Error("without Redis there is no limit")
	}
	if n := away.asked.Load(); n != 1 {
		t.Errorf("asked %d times while Redis was away: each waits for a time-out", n)
	}
	away.off.Store(false)
	clock.advance(2 * time.Second)
	if wait := l.allow("key", threeInAMinute); wait != 0 || len(keys(t, client, prefix)) != 1 {
		t.Errorf("back, and yet wait %v", wait)
	}
}

func TestRefund_takesBackTheLastAttempt(t *testing.T) {
	eachLimiter(t, func(l limiter) {
		refund := func(key string) {
			l.Helper()
			if err := l.Refund(l.Context(), key); err != nil {
				l.Fatal(err)
			}
		}
		refund("key") // nothing was counted
		l.allow("key", threeInAMinute)
		l.advance(30 * time.Second)
		for range 2 {
			l.allow("key", threeInAMinute)
		}
		refund("other")
		about(l.T, l.allow("key", threeInAMinute), 30*time.Second, l.slack)
		refund("key")
		if l.allow("key", threeInAMinute) != 0 {
			l.Error("what was taken back still counts")
		}
		about(l.T, l.allow("key", threeInAMinute), 30*time.Second, l.slack) // the first was not taken back
		for range 4 {
			refund("key")
		}
		for range 3 {
			if l.allow("key", threeInAMinute) != 0 {
				l.Error("all was taken back, and counts")
			}
		}
	})
}

// Strangers choose the keys of a limiter.
func TestMemoryLimiter_keepsABoundedNumberOfKeys(t *testing.T) {
	t.Parallel()
	clock := newClock()
	l := state.NewMemoryLimiter(clock.Now)
	ctx := t.Context()
	allow := func(key string) time.Duration {
		wait, _ := l.Allow(ctx, key, threeInAMinute)
		return wait
	}
	for range 3 {
		allow("guessed at") // is limited now
	}
	for i := range 3 * state.MaxLimiterKeys {
		allow(fmt.Sprint("flood ", i))
		if i%1000 == 0 {
			clock.advance(time.Millisecond)
		}
	}
	if n := l.Keys(); n > state.MaxLimiterKeys {
		t.Errorf("%d keys are kept", n)
	}
	if allow("guessed at") == 0 {
		t.Error("a flood of other keys lifts a limit")
	}
	clock.advance(2 * time.Minute)
	allow("later")
	if n := l.Keys(); n != 1 {
		t.Errorf("%d keys are kept when one counts", n)
	}
}

var errShaky = errors.New("connection refused")

// switched is a Redis that can be switched off.
type switched struct {
	redis.UniversalClient
	off   atomic.Bool
	asked atomic.Int64
}

func (s *switched) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	s.asked.Add(1)
	if s.off.Load() {
		return redis.NewCmdResult(nil, errShaky)
	}
	return s.UniversalClient.EvalSha(ctx, sha, keys, args...)
}
