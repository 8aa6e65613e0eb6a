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

var (
	// ErrContention means that a transaction failed several times because of conflicts with other transactions.
	ErrContention = errors.New("the database is busy with conflicting transactions")
	// ErrCommitUnknown means that the answer to COMMIT got lost: the transaction may be committed, or may yet be.
	ErrCommitUnknown = errors.New("it is not known whether the transaction was committed")
)

const (
	transactionAttempts = 6
	retryPause          = 8 * time.Millisecond // longest pause before the second attempt; doubles for later ones
	transactTimeout     = 15 * time.Second     // for all attempts together
)

// Transact runs do in a transaction and commits it. If do returns an error, it rolls back and returns the error. All
// transactions must use it: when the database refuses a transaction because of a conflict with others, Transact runs do
// again in a new one. So do must set every variable that it fills, and must have no other effects, such as publishing.
// The error is ErrContention if all attempts had conflicts.
func (db *DB) Transact(ctx context.Context, do func(tx *gorm.DB) error) error {
	var options []*sql.TxOptions
	if db.Postgres() {
		// A pooler may return a connection without sessionSettings.
		options = append(options, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	}
	ctx, cancel := context.WithTimeout(ctx, transactTimeout)
	defer cancel()
	return retry(ctx, func() error { return db.Write.WithContext(ctx).Transaction(do, options...) })
}

// retry calls attempt until it has no conflict, at most transactionAttempts times. The pauses are random, so that
// transactions that met once do not meet again.
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

// Contended reports whether WriteMessages failed because other transactions hold what it needs. Nothing was written.
func Contended(err error) bool {
	var refused *pgconn.PgError
	return errors.Is(err, ErrContention) || errors.As(err, &refused) && refused.Code == lockNotAvailable &&
		!errors.Is(err, ErrCommitUnknown)
}

// contended reports whether a transaction failed because of others and may succeed when it runs again.
func contended(err error) bool {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code {
	case serializationFailure, deadlockDetected,
		featureNotSupported: // a newer node has changed a table; the driver has forgotten its plan now
		return true
	}
	return false
}
