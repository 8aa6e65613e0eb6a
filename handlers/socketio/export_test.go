package socketio

import (
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

// NewFastRedisBroker is NewRedisBroker that notices within a moment that Redis is down.
func NewFastRedisBroker(client redis.UniversalClient, prefix string, log *slog.Logger) *RedisBroker {
	return newRedisBroker(client, prefix, log, redisTiming{
		beat:     20 * time.Millisecond,
		deadline: 300 * time.Millisecond,
		retry:    20 * time.Millisecond,
	})
}
