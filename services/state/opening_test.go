package state_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	fiberredis "github.com/gofiber/storage/redis/v3"

	"parley/models"
	"parley/services"
	"parley/services/state"
)

// openings is one of the implementations, and how its time passes.
type openings struct {
	*testing.T
	services.OpeningStore
	advance func(time.Duration)
}

func eachOpenings(t *testing.T, test func(o openings)) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) {
		clock := newClock()
		test(openings{t, state.NewMemoryOpenings(clock.Now), clock.advance})
	})
	t.Run("redis without a server", func(t *testing.T) {
		clock := newClock()
		test(openings{t, state.NewRedisOpenings(fiberredis.NewFromConnection(gone(t)), "x:", clock.Now), clock.advance})
	})
	t.Run("redis", func(t *testing.T) {
		client, prefix := Redis(t)
		store := state.NewRedisOpenings(fiberredis.NewFromConnection(client), prefix, newClock().Now)
		test(openings{t, store, func(d time.Duration) { age(t, client, prefix, d) }})
	})
}

func (o openings) remember(conversationID string, opening services.Opening) {
	o.Helper()
	o.Remember(o.Context(), conversationID, opening)
}

func (o openings) recall(conversationID string, want services.Opening) {
	o.Helper()
	if opening := o.Recall(o.Context(), conversationID); opening != want {
		o.Errorf("recalls %+v, not %+v", opening, want)
	}
}

func TestOpenings_areRememberedForADayAfterTheLastRecall(t *testing.T) {
	eachOpenings(t, func(o openings) {
		jo, mo := models.NewID(), models.NewID()
		lu, token := models.NewID(), models.NewID()
		o.recall(jo, services.Opening{})
		o.remember(jo, services.Opening{EmbedTokenID: token, DisplayName: "Jo “Ω”\x00"})
		o.recall(jo, services.Opening{EmbedTokenID: token, DisplayName: "Jo “Ω”\x00"})
		o.recall(mo, services.Opening{})
		o.remember(jo, services.Opening{EmbedTokenID: token})
		o.remember(lu, services.Opening{EmbedTokenID: token})
		o.advance(24*time.Hour - time.Minute)
		o.recall(jo, services.Opening{EmbedTokenID: token})
		o.advance(time.Minute)
		o.recall(lu, services.Opening{}) // nobody asked in the meantime
		for range 3 {
			o.recall(jo, services.Opening{EmbedTokenID: token})
			o.advance(24*time.Hour - time.Minute)
		}
		o.advance(time.Minute)
		o.recall(jo, services.Opening{})
	})
}

// Strangers may open the widget as often as they like.
func TestMemoryOpenings_areBounded(t *testing.T) {
	t.Parallel()
	o := openings{T: t, OpeningStore: state.NewMemoryOpenings(newClock().Now)}
	first, last := models.NewID(), models.NewID()
	o.remember(first, services.Opening{DisplayName: "First"})
	for range services.MaxOpenings - 1 {
		o.remember(models.NewID(), services.Opening{})
	}
	o.recall(first, services.Opening{DisplayName: "First"}) // and so it is not the oldest any more
	o.remember(last, services.Opening{DisplayName: "Last"})
	o.recall(first, services.Opening{DisplayName: "First"})
	o.recall(last, services.Opening{DisplayName: "Last"})
	for range services.MaxOpenings {
		o.remember(models.NewID(), services.Opening{})
	}
	o.recall(first, services.Opening{})
}

func TestRedisOpenings_areBoundedAndExpire(t *testing.T) {
	t.Parallel()
	client, prefix := Redis(t)
	store := state.NewRedisOpenings(fiberredis.NewFromConnection(client), prefix, newClock().Now)
	o := openings{T: t, OpeningStore: store}
	for range 500 {
		o.remember(models.NewID(), services.Opening{DisplayName: "Jo"})
	}
	for _, key := range keys(t, client, prefix) {
		slot, err := strconv.ParseUint(strings.TrimPrefix(key, prefix+"opening:"), 36, 32)
		if err != nil || slot >= services.MaxOpenings {
			t.Errorf("key %s is none of %d slots", key, services.MaxOpenings)
		}
		left, err := client.PTTL(t.Context(), key).Result()
		if err != nil || left <= 0 || left > services.OpeningLife {
			t.Errorf("forgotten in %v, %v", left, err)
		}
	}
}
