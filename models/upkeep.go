package models

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm/clause"
)

// ReadinessCheck is the only row of its table.
type ReadinessCheck struct {
	ID        int
	CheckedAt time.Time
}

// writable remembers whether the database could be written to, for a moment.
type writable struct {
	mu   sync.Mutex
	at   time.Time
	err  error
	full atomic.Pointer[fullDisk] // the last time; nil: never
}

type fullDisk struct {
	at  time.Time
	err error
}

const (
	// writablePeriod is how long an answer of Writable is good for: anybody may ask.
	writablePeriod = time.Second
	// fullPeriod is how long a disk counts as full after a message did not fit.
	fullPeriod = 10 * time.Second
)

// note remembers that a message did not fit on the disk. A row can still be changed then.
func (w *writable) note(err error) {
	if diskFull(err) {
		w.full.Store(&fullDisk{time.Now(), err})
	}
}

// Writable reports whether the database can be written to: it may answer and be full, locked or read-only.
func (db *DB) Writable(ctx context.Context) error {
	if full := db.writable.full.Load(); full != nil && time.Since(full.at) < fullPeriod {
		return full.err
	}
	db.writable.mu.Lock()
	defer db.writable.mu.Unlock()
	if time.Since(db.writable.at) >= writablePeriod {
		db.writable.err = db.Write.WithContext(ctx).Clauses(clause.OnConflict{UpdateAll: true}).
			Create(&ReadinessCheck{ID: 1, CheckedAt: Now()}).Error
		db.writable.at = time.Now()
	}
	return db.writable.err
}

const (
	upkeepPeriod  = time.Minute
	upkeepTimeout = 2 * time.Second
	idleChanges   = 300     // rows in a period; /readyz changes one a second
	largeLog      = 1 << 20 // bytes
)

// Upkeep looks after an SQLite file until ctx ends: its write-ahead log never shrinks by itself.
func (db *DB) Upkeep(ctx context.Context) {
	if db.Postgres() {
		return
	}
	tick := time.NewTicker(upkeepPeriod)
	defer tick.Stop()
	var before int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if changes := db.changes(ctx); changes-before < idleChanges {
				db.truncateLog(ctx)
			}
			before = db.changes(ctx)
		}
	}
}

// changes counts the rows that this process has changed.
func (db *DB) changes(ctx context.Context) (rows int64) {
	ctx, cancel := context.WithTimeout(ctx, upkeepTimeout)
	defer cancel()
	db.Write.WithContext(ctx).Raw("SELECT total_changes()").Scan(&rows)
	return rows
}

// truncateLog empties a large write-ahead log. While somebody reads it does nothing.
func (db *DB) truncateLog(ctx context.Context) {
	if file, err := os.Stat(db.path + "-wal"); err != nil || file.Size() < largeLog {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, upkeepTimeout)
	defer cancel()
	db.Write.WithContext(ctx).Exec("PRAGMA wal_checkpoint(TRUNCATE)")
}
