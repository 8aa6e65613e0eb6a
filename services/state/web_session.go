package state

import (
	"sync"
	"time"

	"gorm.io/gorm/clause"

	"parley/models"
	"parley/services"
)

// DatabaseWebSessions keeps logins in the database, so that a restart of an embedded installation logs nobody out.
type DatabaseWebSessions struct {
	db    *models.DB
	clock services.Clock
}

// NewDatabaseWebSessions makes one.
func NewDatabaseWebSessions(db *models.DB, clock services.Clock) *DatabaseWebSessions {
	return &DatabaseWebSessions{db: db, clock: clock}
}

// Get implements services.WebSessionStore.
func (s *DatabaseWebSessions) Get(key string) ([]byte, error) {
	var rows []models.WebSession
	err := s.db.Read.Where("id = ? AND expires_at > ?", key, s.clock()).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return []byte(rows[0].Value), nil
}

// Set implements services.WebSessionStore, and forgets what has expired.
func (s *DatabaseWebSessions) Set(key string, value []byte, expire time.Duration) error {
	now := s.clock()
	if err := s.db.Write.Where("expires_at <= ?", now).Delete(&models.WebSession{}).Error; err != nil {
		return err
	}
	row := models.WebSession{ID: key, Value: string(value), ExpiresAt: now.Add(expire)}
	return s.db.Write.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error
}

// Delete implements services.WebSessionStore.
func (s *DatabaseWebSessions) Delete(key string) error {
	return s.db.Write.Where("id = ?", key).Delete(&models.WebSession{}).Error
}

// RememberedWebSessions answers from memory while the store behind it is away: nobody is logged out because Redis
// restarts. It remembers only what the store itself has said, for a while.
type RememberedWebSessions struct {
	store services.WebSessionStore
	clock services.Clock

	mu    sync.Mutex
	known map[string]remembered
}

type remembered struct {
	value []byte
	until time.Time
}

const (
	rememberFor  = time.Hour
	rememberMost = 10_000
)

// RememberWebSessions wraps store.
func RememberWebSessions(store services.WebSessionStore, clock services.Clock) *RememberedWebSessions {
	return &RememberedWebSessions{store: store, clock: clock, known: map[string]remembered{}}
}

// Get implements services.WebSessionStore.
func (s *RememberedWebSessions) Get(key string) ([]byte, error) {
	value, err := s.store.Get(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if last, ok := s.known[key]; ok && s.clock().Before(last.until) {
			return last.value, nil
		}
		return nil, err
	}
	s.remember(key, value)
	return value, nil
}

// Set implements services.WebSessionStore.
func (s *RememberedWebSessions) Set(key string, value []byte, expire time.Duration) error {
	if err := s.store.Set(key, value, expire); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(key, value)
	return nil
}

// Delete implements services.WebSessionStore. What it forgets stays forgotten even if the store fails.
func (s *RememberedWebSessions) Delete(key string) error {
	s.mu.Lock()
	delete(s.known, key)
	s.mu.Unlock()
	return s.store.Delete(key)
}

func (s *RememberedWebSessions) remember(key string, value []byte) {
	delete(s.known, key)
	if value == nil {
		return
	}
	if len(s.known) >= rememberMost {
		clear(s.known)
	}
	s.known[key] = remembered{value: value, until: s.clock().Add(rememberFor)}
}
