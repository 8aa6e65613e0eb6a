package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// redisCheckLife is when Redis forgets what tryRedis leaves, if it may not delete.
const redisCheckLife = 10 * time.Second

// tryRedis does with Redis what the product does, so that one that cannot be used is found at the start. Its error says
// what is missing.
func tryRedis(ctx context.Context, client redis.UniversalClient) error {
	if info, err := client.Info(ctx, "cluster").Result(); err == nil && strings.Contains(info, "cluster_enabled:1") {
		return errors.New("it is a member of a cluster. Use a Redis that is none")
	}
	key := redisPrefix + "check:" + uuid.NewString()
	keys := []string{key}
	channel := client.Subscribe(ctx)
	defer func() { _ = channel.Close() }()
	for _, try := range []struct {
		command string
		run     func() error
	}{
		{"SET", func() error { return client.Set(ctx, key, 1, redisCheckLife).Err() }},
		{"EVAL", func() error { return client.Eval(ctx, "return redis.call('GET', KEYS[1])", keys).Err() }},
		{"SUBSCRIBE", func() error {
			err := channel.Subscribe(ctx, key)
			if err == nil {
				_, err = channel.ReceiveTimeout(ctx, time.Second)
			}
			return err
		}},
		{"PUBLISH", func() error {
			err := client.Publish(ctx, key, 1).Err()
			if err == nil {
				_, err = channel.ReceiveTimeout(ctx, time.Second)
			}
			return err
		}},
		{"DEL", func() error { return client.Del(ctx, key).Err() }},
	} {
		err := try.run()
		if err != nil && strings.HasPrefix(err.Error(), "ERR unknown command") {
			return fmt.Errorf("it does not know %s. The port may be that of a Sentinel", try.command)
		} else if err != nil {
			return fmt.Errorf("%s fails: %s", try.command, redisReason(err))
		}
	}
	return nil
}
