package services

import (
	"context"
	"fmt"
	"time"
)

// throttleWindow is how long a failed attempt counts.
const throttleWindow = 5 * time.Minute

var (
	// pairRate limits failures at one account from one address or one known device. A person does not mistype so often.
	pairRate = Rate{Count: 20, Window: throttleWindow}
	// accountRate limits failures at one account from all addresses. Beyond it one attempt passes every
	// slowRate.Window, so that an attacker with many addresses can slow the owner down, but not lock them out.
	accountRate = Rate{Count: 50, Window: throttleWindow}
	slowRate    = Rate{Count: 1, Window: 10 * time.Second}
	// addressRate limits failures from one address at all accounts together.
	addressRate = Rate{Count: 100, Window: throttleWindow}
	// codeDayRate limits wrong codes at one account in a day. Three of a million codes are valid at a time, so someone
	// who knows the password would find one within weeks at accountRate. Beyond codeDayRate one attempt passes every
	// codeDaySlowRate.Window.
	codeDayRate     = Rate{Count: 200, Window: 24 * time.Hour}
	codeDaySlowRate = Rate{Count: 1, Window: throttleWindow}
)

// throttle limits failed attempts at a secret. Attempts that succeed do not count.
type throttle struct {
	limiter Limiter
	secret  string // the kind of secret; kinds are counted separately
	isCode  bool   // the secret has only six digits, so there is also a limit per day
}

// newVerifying limits wrong passwords and codes of users who are logged in. Passwords and SecondFactors share its
// counts.
func newVerifying(limiter Limiter) throttle { return throttle{limiter: limiter, secret: "verify"} }

// attempt is one attempt at a secret.
type attempt struct {
	account string // whose secret it is
	device  string // the id of a known device of the account, or empty; its attempts are counted separately
}

// limit is a rate of the attempts under a key. Beyond it, one attempt passes every slow.Window if slow is set;
// otherwise none does.
type limit struct {
	key        string
	rate, slow Rate
}

// limits returns the limits of an attempt. ctx carries the address of the client.
func (t throttle) limits(ctx context.Context, a attempt) []limit {
	if a.device != "" {
		own := limit{key: t.secret + " device:" + a.device, rate: pairRate}
		return []limit{own}
	}
	address := AddressKey(AddressOf(ctx))
	// The address comes first: beyond its limit, its attempts create no further keys.
	limits := []limit{
		{key: t.secret + " address:" + address, rate: addressRate},
		{key: t.secret + " pair:" + address + " " + a.account, rate: pairRate},
		{key: t.secret + " account:" + a.account, rate: accountRate, slow: slowRate},
	}
	if t.isCode {
		limits = append(limits, limit{
			key:  t.secret + " day:" + a.account,
			rate: codeDayRate,
			slow: codeDaySlowRate,
		})
	}
	return limits
}

// check refuses an attempt that is over a limit. It counts nothing. Error: RateLimited.
func (t throttle) check(ctx context.Context, a attempt) error {
	var longest time.Duration
	for _, l := range t.limits(ctx, a) {
		wait, err := t.limiter.Wait(ctx, l.key, l.rate)
		if err == nil && wait > 0 && !l.slow.Off() {
			wait, err = t.limiter.Wait(ctx, l.key+" slow", l.slow)
		}
		if err != nil {
			return fmt.Errorf("limit attempts: %w", err)
		}
		longest = max(longest, wait)
	}
	return limitedFor(longest)
}

// begin counts an attempt as failed before it is made; succeeded takes that back. Otherwise many guesses at the same
// time would all pass before the first one has failed. Error: RateLimited.
func (t throttle) begin(ctx context.Context, a attempt) (succeeded func(), err error) {
	var counted []string
	refund := func() {
		for _, key := range counted {
			if err := t.limiter.Refund(context.WithoutCancel(ctx), key); err != nil {
				LogFailure("refund attempt", err)
			}
		}
	}
	for _, l := range t.limits(ctx, a) {
		key := l.key
		wait, err := t.limiter.Allow(ctx, key, l.rate)
		if err == nil && wait > 0 && !l.slow.Off() {
			key += " slow"
			wait, err = t.limiter.Allow(ctx, key, l.slow)
		}
		if err != nil || wait > 0 {
			refund()
		}
		if err != nil {
			return nil, fmt.Errorf("limit attempts: %w", err)
		}
		if err := limitedFor(wait); err != nil {
			return nil, err
		}
		counted = append(counted, key)
	}
	return refund, nil
}

// limitedFor refuses an attempt until wait is over. It returns nil for no wait.
func limitedFor(wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	return &Error{
		Kind:       RateLimited,
		Message:    fmt.Sprintf("Too many failed attempts: try again in %s.", spokenWait(wait)),
		RetryAfter: wait,
	}
}

// spokenWait writes a wait in seconds or minutes, rounded up.
func spokenWait(wait time.Duration) string {
	number, unit := int((wait+time.Second-1)/time.Second), "second"
	if number > 60 {
		number, unit = (number+59)/60, "minute"
	}
	if number != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", number, unit)
}
