package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	fiberredis "github.com/gofiber/storage/redis/v3"

	"parley/models"
	"parley/models/modelstest"
	"parley/services"
	"parley/services/state"
)

// store is one of the implementations, and how its time passes. key makes keys of this test alone.
type store struct {
	*testing.T
	services.WebSessionStore
	advance func(time.Duration)
	key     func(string) string
}

func eachStore(t *testing.T, test func(s store)) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		clock := newClock()
		test(store{t, state.NewDatabaseWebSessions(db, clock.Now), clock.advance, func(key string) string {
			return key
		}})
	})
	if client, prefix := Redis(t); client != nil {
		t.Run("redis, remembered", func(t *testing.T) {
			clock := newClock()
			test(store{t, state.RememberWebSessions(fiberredis.NewFromConnection(client), clock.Now),
				func(d time.Duration) { clock.advance(d); age(t, client, prefix, d) },
				func(key string) string { return prefix + key }})
		})
	}
}

func (s store) set(key, value string, expire time.Duration) {
	s.Helper()
	if err := s.Set(s.key(key), []byte(value), expire); err != nil {
		s.Fatal(err)
	}
}

// has fails unless key holds value; none is "".
func (s store) has(key, value string) {
	s.Helper()
	got, err := s.Get(s.key(key))
	if err != nil || string(got) != value || (value == "" && got != nil) {
		s.Errorf("%s holds %q, %v, not %q", key, got, err, value)
	}
}

func TestWebSessions_areKeptUntilTheyExpireOrAreDeleted(t *testing.T) {
	eachStore(t, func(s store) {
		s.has("a", "")
		s.set("a", `{"user":"ä"}`, time.Minute)
		s.set("b", "b", 2*time.Minute)
		s.has("a", `{"user":"ä"}`)
		s.set("a", "again", time.Minute)
		s.has("a", "again")
		s.advance(30 * time.Second)
		s.has("a", "again")
		s.advance(30 * time.Second)
		s.has("a", "")
		s.has("b", "b")
		s.set("b", "b", 2*time.Minute) // renewed
		s.advance(90 * time.Second)
		s.has("b", "b")
		if err := s.Delete(s.key("b")); err != nil {
			s.Error(err)
		}
		s.has("b", "")
		if err := s.Delete(s.key("b")); err != nil {
			s.Errorf("deleting what is not there: %v", err)
		}
	})
}

func TestDatabaseWebSessions_forgetWhatHasExpired(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		clock := newClock()
		sessions := state.NewDatabaseWebSessions(db, clock.Now)
		for i := range 5 {
			if err := sessions.Set(fmt.Sprint(i), []byte("x"), time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		clock.advance(time.Minute)
		if err := sessions.Set("new", []byte("x"), time.Minute); err != nil {
			t.Fatal(err)
		}
		var n int64
		if err := db.Read.Model(&models.WebSession{}).Count(&n).Error; err != nil || n != 1 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

// shaky is a store that fails on demand.
type shaky struct {
	values  map[string][]byte
	failing bool
}

var errShaky = errors.New("connection refused")

func (s *shaky) err() error {
	if s.failing {
		return errShaky
	}
	return nil
}
func (s *shaky) Get(key string) ([]byte, error) {
	if s.failing {
		return nil, errShaky
	}
	return s.values[key], nil
}
func (s *shaky) Set(key string, value []byte, _ time.Duration) error {
	if !s.failing {
		s.values[key] = value
	}
	return s.err()
}
func (s *shaky) Delete(key string) error {
	if !s.failing {
		delete(s.values, key)
	}
	return s.err()
}

func newRemembered() (*state.RememberedWebSessions, *shaky, *clock) {
	behind, clock := &shaky{values: map[string][]byte{}}, newClock()
	return state.RememberWebSessions(behind, clock.Now), behind, clock
}

// answers fails unless Get says so; "!" is an error.
func answers(t *testing.T, sessions services.WebSessionStore, key, want string) {
	t.Helper()
	value, err := sessions.Get(key)
	if (want == "!") != (err != nil) || (err == nil && !bytes.Equal(value, []byte(want))) {
		t.Errorf("%s answers %q, %v, not %q", key, value, err, want)
	}
}

func TestRememberedWebSessions_logNobodyOutWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	sessions, behind, clock := newRemembered()
	if err := sessions.Set("set", []byte("1"), time.Hour); err != nil {
		t.Fatal(err)
	}
	behind.values["read"], behind.values["unread"] = []byte("2"), []byte("3")
	answers(t, sessions, "read", "2")
	answers(t, sessions, "nobody", "")
	behind.failing = true
	answers(t, sessions, "set", "1")
	answers(t, sessions, "read", "2")
	answers(t, sessions, "unread", "!")
	answers(t, sessions, "nobody", "!") // not "nobody": that would log people out
	clock.advance(time.Hour)
	answers(t, sessions, "set", "!")
	behind.failing = false
	answers(t, sessions, "set", "1")
}

func TestRememberedWebSessions_believeTheStoreWhileItAnswers(t *testing.T) {
	t.Parallel()
	sessions, behind, _ := newRemembered()
	behind.values["a"] = []byte("1")
	answers(t, sessions, "a", "1")
	delete(behind.values, "a") // another node has logged it out
	answers(t, sessions, "a", "")
	behind.failing = true
	answers(t, sessions, "a", "!")
}

func TestRememberedWebSessions_forgetWhatIsDeleted(t *testing.T) {
	t.Parallel()
	sessions, behind, _ := newRemembered()
	if err := sessions.Set("a", []byte("1"), time.Hour); err != nil {
		t.Fatal(err)
	}
	behind.failing = true
	if err := sessions.Delete("a"); !errors.Is(err, errShaky) {
		t.Errorf("deleted: %v", err)
	}
	answers(t, sessions, "a", "!")
	if err := sessions.Set("b", []byte("1"), time.Hour); !errors.Is(err, errShaky) {
		t.Errorf("set: %v", err)
	}
	answers(t, sessions, "b", "!")
}

func TestRememberedWebSessions_areLimitedInNumber(t *testing.T) {
	t.Parallel()
	sessions, behind, _ := newRemembered()
	const many = 10_001
	for i := range many {
		if err := sessions.Set(fmt.Sprint(i), []byte("1"), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	behind.failing = true
	kept := 0
	for i := range many {
		if _, err := sessions.Get(fmt.Sprint(i)); err == nil {
			kept++
		}
	}
	if kept == 0 || kept > 10_000 {
		t.Errorf("%d are remembered", kept)
	}
}
