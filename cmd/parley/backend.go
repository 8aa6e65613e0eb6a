package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"strings"
	"time"

	fiberredis "github.com/gofiber/storage/redis/v3"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	redislogging "github.com/redis/go-redis/v9/logging"

	"parley/handlers/socketio"
	"parley/migrations"
	"parley/models"
	"parley/services"
	"parley/services/state"
)

// redisPrefix is the prefix of all our keys and channels.
const redisPrefix = "parley:"

// backend is the state that the nodes of an installation share. Without Redis there is one node, which keeps it in its
// process. Only this file knows the difference.
type backend struct {
	db       *models.DB
	broker   socketio.Broker // nil if this process is the only node
	limiter  services.Limiter
	presence services.PresenceStore
	openings services.OpeningStore
	close    []func()
}

// openBackend opens and migrates the database, and connects to Redis if REDIS_URL is set.
func openBackend(ctx context.Context, config Config) (*backend, error) {
	db, err := openDatabase(ctx, config)
	if err != nil {
		return nil, err
	}
	b := &backend{db: db, close: []func(){db.Close}}
	if config.RedisURL == "" {
		b.limiter = state.NewMemoryLimiter(models.Now)
		b.presence = state.NewMemoryPresence()
		b.openings = state.NewMemoryOpenings(models.Now)
		return b, nil
	}
	client, err := openRedis(ctx, config.RedisURL)
	if err != nil {
		db.Close()
		return nil, err
	}
	broker := socketio.NewRedisBroker(client, redisPrefix+"room:", slog.Default())
	b.broker = broker
	b.limiter = state.NewRedisLimiter(client, redisPrefix, models.Now)
	b.presence = state.NewRedisPresence(client, redisPrefix)
	b.openings = state.NewRedisOpenings(fiberredis.NewFromConnection(client), redisPrefix, models.Now)
	b.close = append(b.close, func() { client.Close() }, func() { _ = broker.Close() })
	return b, nil
}

// longMigration is when the log says why a start takes so long.
const longMigration = 3 * time.Second

func openDatabase(ctx context.Context, config Config) (*models.DB, error) {
	db, err := models.Open(ctx, config.DatabaseURL, config.DataDir)
	if err != nil {
		return nil, err
	}
	slow := time.AfterFunc(longMigration, func() {
		slog.Info("still migrating the database, or waiting for another node that does")
	})
	defer slow.Stop()
	err = db.Migrating(func(conn *sql.DB) error { return migrations.Up(ctx, conn, db.Postgres()) })
	if err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func openRedis(ctx context.Context, url string) (redis.UniversalClient, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL: a parameter after the ? is not valid")
	}
	// Without Redis its callers have a fallback; they must not wait long before they use it.
	options.DialTimeout = time.Second
	options.ReadTimeout = time.Second
	options.WriteTimeout = time.Second
	// A command that timed out may still run. A retry would publish or count twice.
	options.MaxRetries = -1
	options.DialerRetries = 1
	options.ContextTimeoutEnabled = true
	client := redis.NewClient(options)
	if err := client.Ping(ctx).Err(); err != nil {
		client.Close()
		return nil, fmt.Errorf("REDIS_URL: Redis does not answer: %s", redisReason(err))
	}
	if err := tryRedis(ctx, client); err != nil {
		client.Close()
		return nil, fmt.Errorf("REDIS_URL: Redis cannot be used: %w", err)
	}
	return client, nil
}

// redisReason is models.ConnectReason for Redis. Error replies of a server may repeat a password, so it returns none.
func redisReason(err error) string {
	var refused redis.Error
	if !errors.As(err, &refused) {
		return models.ConnectReason(err)
	}
	switch code, _, _ := strings.Cut(refused.Error(), " "); code {
	case "WRONGPASS", "NOAUTH":
		return "it refuses the user name or password"
	case "NOPERM":
		return "the user may not use it"
	case "LOADING", "MASTERDOWN":
		return "it is not ready yet"
	case "READONLY":
		return "it is a replica, which cannot be written to"
	case "MOVED", "ASK", "CROSSSLOT", "CLUSTERDOWN":
		return "it is a member of a cluster"
	case "MISCONF", "OOM":
		return "it cannot be written to: its disk or memory is full"
	}
	return "it refuses the user name, the password or the number of the database"
}

// shut closes everything in reverse order.
func (b *backend) shut() {
	for i := len(b.close) - 1; i >= 0; i-- {
		b.close[i]()
	}
}

func init() {
	uuid.EnableRandPool()     // must run before the first id is made
	log.SetOutput(io.Discard) // silences libraries; our own log is slog
	redislogging.Disable()
}
