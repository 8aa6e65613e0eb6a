package state

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"parley/services"
)

// MemoryOpenings remembers openings in this process. The one that was not needed for longest makes room.
type MemoryOpenings struct {
	clock    services.Clock
	openings *lru.Cache[string, rememberedOpening]
}

type rememberedOpening struct {
	services.Opening
	until time.Time
}

// NewMemoryOpenings makes one.
func NewMemoryOpenings(clock services.Clock) *MemoryOpenings {
	openings, err := lru.New[string, rememberedOpening](services.MaxOpenings)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &MemoryOpenings{clock: clock, openings: openings}
}

// Remember implements services.OpeningStore.
func (o *MemoryOpenings) Remember(_ context.Context, conversationID string, opening services.Opening) {
	o.openings.Add(conversationID, rememberedOpening{opening, o.clock().Add(services.OpeningLife)})
}

// Recall implements services.OpeningStore.
func (o *MemoryOpenings) Recall(_ context.Context, conversationID string) services.Opening {
	if known, ok := o.openings.Get(conversationID); ok && o.clock().Before(known.until) {
		return known.Opening
	}
	return services.Opening{}
}

// Storage keeps values until they expire, as Fiber's storage drivers do: GetWithContext returns nil for an unknown key.
type Storage interface {
	GetWithContext(ctx context.Context, key string) ([]byte, error)
	SetWithContext(ctx context.Context, key string, value []byte, expires time.Duration) error
}

// RedisOpenings remembers openings in Redis, for all nodes. A conversation's key is one of MaxOpenings slots, and the
// next conversation of the same slot replaces it: that bounds the keys without counting them. While Redis does not
// answer this process remembers by itself.
type RedisOpenings struct {
	storage Storage
	prefix  string
	outage  outage
	local   *MemoryOpenings
}

// NewRedisOpenings makes one; prefix begins its keys.
func NewRedisOpenings(storage Storage, prefix string, clock services.Clock) *RedisOpenings {
	return &RedisOpenings{
		storage: storage,
		prefix:  prefix + "opening:",
		outage:  outage{clock: clock},
		local:   NewMemoryOpenings(clock),
	}
}

// slotOpening is what a slot holds.
type slotOpening struct {
	ConversationID string `json:"conversation_id"`
	EmbedTokenID   string `json:"embed_token_id,omitempty"`
	DisplayName    string `json:"display_name,omitempty"`
}

// Remember implements services.OpeningStore.
func (o *RedisOpenings) Remember(ctx context.Context, conversationID string, opening services.Opening) {
	err := o.outage.watch(ctx, func() error {
		value, err := json.Marshal(slotOpening{conversationID, opening.EmbedTokenID, opening.DisplayName})
		if err != nil {
			return err
		}
		return o.storage.SetWithContext(ctx, o.slot(conversationID), value, services.OpeningLife)
	})
	if err != nil {
		o.local.Remember(ctx, conversationID, opening)
	}
}

// Recall implements services.OpeningStore.
func (o *RedisOpenings) Recall(ctx context.Context, conversationID string) services.Opening {
	var value []byte
	err := o.outage.watch(ctx, func() (err error) {
		value, err = o.storage.GetWithContext(ctx, o.slot(conversationID))
		return err
	})
	var slot slotOpening
	if err == nil && value != nil {
		err = json.Unmarshal(value, &slot)
	}
	if err != nil || slot.ConversationID != conversationID {
		return o.local.Recall(ctx, conversationID)
	}
	return services.Opening{EmbedTokenID: slot.EmbedTokenID, DisplayName: slot.DisplayName}
}

func (o *RedisOpenings) slot(conversationID string) string {
	hash := fnv.New32a()
	hash.Write([]byte(conversationID))
	return o.prefix + strconv.FormatUint(uint64(hash.Sum32()%services.MaxOpenings), 36)
}
