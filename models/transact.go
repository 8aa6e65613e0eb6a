package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
)

// ErrContention is the error of a transaction that the database refused again and again because of others beside it.
var ErrContention = errors.New("the database is busy with conflicting transactions")

const (
	transactionAttempts = 6
	retryPause          = 8 * time.Millisecond // before the second attempt at most, twice as long before each later one
	transactTimeout     = 15 * time.Second     // of all attempts together
)

// Transact runs do in a transaction on the writing pool and commits it, unless do returns an error. Use it for every
// transaction: when the database refuses one because of others beside it, do runs again in a new transaction. So do
// must start from nothing each time: it resets the variables it fills, and leaves other effects, such as publishing, to
// its caller. Error: that of do or of the database, or ErrContention when no attempt succeeded.
func (db *DB) Transact(ctx context.Context, do func(tx *gorm.DB) error) error {
	var options []*sql.TxOptions
	if db.Postgres() {
		// Said again here for poolers, whose connections may lack the settings of the session.
		options = append(options, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	}
	ctx, cancel := context.WithTimeout(ctx, transactTimeout)
	defer cancel()
	return retry(ctx, func() error { return db.Write.WithContext(ctx).Transaction(do, options...) })
}

// retry runs attempt until it succeeds, fails for another reason than contention, or has been tried often enough. The
// pauses are random, or those who were in each other's way would meet again.
func retry(ctx context.Context, attempt func() error) error {
	pause := retryPause
	for range transactionAttempts - 1 {
		if err := attempt(); !contended(err) {
			return err
		}
		select {
		case <-time.After(rand.N(pause)):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause *= 2
	}
	err := attempt()
	if contended(err) {
		return fmt.Errorf("%w: %w", ErrContention, err)
	}
	return err
}

// contended reports whether the database refused a transaction that may succeed when it runs again.
func contended(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (refused.Code == serializationFailure || refused.Code == deadlockDetected)
}

// SQLSTATEs of PostgreSQL.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)
