package state_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/models"
	"parley/models/modelstest"
)

// clock stops until it is advanced.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Redis is a client and a prefix for the keys of this test alone; without a server the test is skipped.
func Redis(t *testing.T) (redis.UniversalClient, string) {
	t.Helper()
	options, err := redis.ParseURL(modelstest.ServerURL(t, "TEST_REDIS_URL"))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	prefix := "test:" + models.NewID() + ":"
	t.Cleanup(func() {
		for _, key := range keys(t, client, prefix) {
			client.Del(context.Background(), key)
		}
		client.Close()
	})
	return client, prefix
}

func keys(t *testing.T, client redis.UniversalClient, prefix string) []string {
	t.Helper()
	found, err := client.Keys(context.Background(), prefix+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// gone is a Redis that nobody answers at.
func gone(t *testing.T) redis.UniversalClient {
	t.Helper()
	client := redis.NewClient(&redis.Options{
		Addr:          "127.0.0.1:1",
		MaxRetries:    -1,
		DialerRetries: 1,
		DialTimeout:   time.Second,
	})
	t.Cleanup(func() { client.Close() })
	return client
}

// age makes what is stored under prefix older by d: Redis' own clock cannot be set. It knows the lists of the limiter,
// the scores of presence, and the time to live of any other key.
func age(t *testing.T, client redis.UniversalClient, prefix string, d time.Duration) {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range keys(t, client, prefix) {
		kind, err := client.Type(ctx, key).Result()
		check(err)
		switch kind {
		case "list":
			times, err := client.LRange(ctx, key, 0, -1).Result()
			check(err)
			for i, text := range times {
				micros, err := strconv.ParseInt(text, 10, 64)
				check(err)
				check(client.LSet(ctx, key, int64(i), strconv.FormatInt(micros-d.Microseconds(), 10)).Err())
			}
		case "zset":
			members, err := client.ZRange(ctx, key, 0, -1).Result()
			check(err)
			for _, member := range members {
				check(client.ZIncrBy(ctx, key, -d.Seconds(), member).Err())
			}
		}
		left, err := client.PTTL(ctx, key).Result()
		check(err)
		if left > 0 && left <= d {
			check(client.Del(ctx, key).Err())
		} else if left > 0 {
			check(client.PExpire(ctx, key, left-d).Err())
		}
	}
}

// about fails unless got is want, or a little less where a real clock runs.
func about(t *testing.T, got, want, tolerance time.Duration) {
	t.Helper()
	if got > want || got < want-tolerance {
		t.Errorf("%v, not %v", got, want)
	}
}

func equal(t *testing.T, got any, want string) {
	t.Helper()
	if text := strings.Trim(fmt.Sprint(got), "[]"); text != want {
		t.Errorf("got %s, want %s", text, want)
	}
}
