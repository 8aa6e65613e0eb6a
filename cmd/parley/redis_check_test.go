package main

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestServe_saysWhatARedisCannotDo(t *testing.T) {
	t.Parallel()
	server := newRedis(t)
	admin := redis.NewClient(&redis.Options{Addr: server.address})
	defer admin.Close()
	for rule, want := range map[string]string{
		"~parley:* &parley:* +@all -set":       "SET fails: the user may not use it",
		"~other:* &parley:* +@all":             "SET fails: the user may not use it",
		"~parley:* &parley:* +@all -eval":      "EVAL fails: the user may not use it",
		"~parley:* &parley:* +@all -publish":   "PUBLISH fails: the user may not use it",
		"~parley:* &other:* +@all":             "SUBSCRIBE fails: the user may not use it",
		"~parley:* &parley:* +@all -subscribe": "SUBSCRIBE fails: the user may not use it",
		"~parley:* &parley:* +@all -del":       "DEL fails: the user may not use it",
		"~parley:* &parley:* +@all":            "",
	} {
		command := []any{"ACL", "SETUSER", "limited", "reset", "on", ">hush"}
		for word := range strings.FieldsSeq(rule) {
			command = append(command, word)
		}
		if err := admin.Do(t.Context(), command...).Err(); err != nil {
			t.Fatal(err)
		}
		client, err := openRedis(t.Context(), "redis://limited:hush@"+server.address)
		if err == nil {
			client.Close()
		}
		if want == "" && err != nil || want != "" && (err == nil ||
			err.Error() != "REDIS_URL: Redis cannot be used: "+want) {
			t.Errorf("%s: %v, want %s", rule, err, want)
		}
	}
	if err := admin.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := openRedis(t.Context(), server.url); err == nil || !strings.Contains(err.Error(), "it is a replica") {
		t.Errorf("a replica: %v", err)
	}
}
