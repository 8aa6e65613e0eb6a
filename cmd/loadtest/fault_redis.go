package main

import (
	"time"

	"github.com/redis/go-redis/v9"
)

var redisFaults = []fault{
	{
		name:  "redis-kill",
		about: "kill -9 of Redis, which forgets everything",
		kind:  threeNodes,
		dose:  10,
		takes: 10 * time.Second,
		run: func(t *trial) error {
			if err := t.hold(t.between(500*time.Millisecond, 2*time.Second)); err != nil {
				return err
			}
			t.Redis.Kill()
			if err := t.hold(t.between(500*time.Millisecond, 4*time.Second)); err != nil {
				return err
			}
			return t.Redis.Start(t.ctx)
		},
	},
	{
		name:  "redis-pause",
		about: "Redis is frozen for 15 s",
		kind:  threeNodes,
		dose:  5,
		takes: 20 * time.Second,
		run: func(t *trial) error {
			t.Redis.Pause()
			defer t.Redis.Resume()
			return t.hold(15 * time.Second)
		},
	},
	{
		name:  "redis-flush",
		about: "FLUSHALL: Redis forgets everything, and runs on",
		kind:  threeNodes,
		dose:  10,
		takes: 8 * time.Second,
		run: func(t *trial) error {
			if err := t.hold(t.between(500*time.Millisecond, 2*time.Second)); err != nil {
				return err
			}
			return t.Redis.Do(t.ctx, func(c *redis.Client) error { return c.FlushAll(t.ctx).Err() })
		},
	},
}
