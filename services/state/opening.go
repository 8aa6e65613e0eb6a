package state

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"strconv"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/redis/go-redis/v9"

	"parley/services"
)

// MemoryOpenings remembers openings in this process. The one that was not needed for longest makes room.
type MemoryOpenings struct {
	clock    services.Clock
	openings *lru.Cache[string, *rememberedOpening]
}

type rememberedOpening struct {
	services.Opening
	until atomic.Int64 // Unix nanoseconds
}

// NewMemoryOpenings makes one.
func NewMemoryOpenings(clock services.Clock) *MemoryOpenings {
	openings, err := lru.New[string, *rememberedOpening](services.MaxOpenings)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &MemoryOpenings{clock: clock, openings: openings}
}

// Remember implements services.OpeningStore.
func (o *MemoryOpenings) Remember(_ context.Context, conversationID string, opening services.Opening) {
	remembered := &rememberedOpening{Opening: opening}
	remembered.extend(o.clock())
	o.openings.Add(conversationID, remembered)
}

// Recall implements services.OpeningStore.
func (o *MemoryOpenings) Recall(_ context.Context, conversationID string) services.Opening {
	now := o.clock()
	known, ok := o.openings.Get(conversationID)
	if !ok || now.UnixNano() >= known.until.Load() {
		return services.Opening{}
	}
	known.extend(now)
	return known.Opening
}

func (r *rememberedOpening) extend(now time.Time) {
	r.until.Store(now.Add(services.OpeningLife).UnixNano())
}

// Storage is Fiber's storage in Redis. It keeps values until they expire: GetWithContext returns nil for an unknown
// key.
type Storage interface {
	GetWithContext(ctx context.Context, key string) ([]byte, error)
	SetWithContext(ctx context.Context, key string, value []byte, expires time.Duration) error
	Conn() redis.UniversalClient
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
	// Whatever the slot holds by now lives longer: setting the value again could undo a Remember of another node. If
	// this fails the opening is forgotten earlier.
	_ = o.outage.watch(ctx, func() error {
		return o.storage.Conn().Expire(ctx, o.slot(conversationID), services.OpeningLife).Err()
	})
	return services.Opening{EmbedTokenID: slot.EmbedTokenID, DisplayName: slot.DisplayName}
}

func (o *RedisOpenings) slot(conversationID string) string {
	hash := fnv.New32a()
	hash.Write([]byte(conversationID))
	return o.prefix + strconv.FormatUint(uint64(hash.Sum32()%services.MaxOpenings), 36)
}
