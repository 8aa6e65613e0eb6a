package modelstest

import (
	"context"
	"database/sql"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"parley/models"
)

// FailFirstCommits makes the first commit of every Transact fail with a conflict. A test then sees the effects of the
// second attempt, which shows that the functions can run again.
func FailFirstCommits(db *models.DB) {
	pool := failingPool{ConnPool: db.Write.Statement.ConnPool, failed: &sync.Map{}}
	db.Write = db.Write.Session(&gorm.Session{NewDB: true})
	db.Write.Statement.ConnPool = pool
	db.Write.Config.ConnPool = pool
}

// failingPool fails the first commit of each context. Every call of Transact has a context of its own.
type failingPool struct {
	gorm.ConnPool
	failed *sync.Map
}

// GetDBConn implements gorm.GetDBConnector.
func (p failingPool) GetDBConn() (*sql.DB, error) {
	conn, ok := p.ConnPool.(*sql.DB)
	if !ok {
		return p.ConnPool.(gorm.GetDBConnector).GetDBConn()
	}
	return conn, nil
}

// BeginTx implements gorm.ConnPoolBeginner.
func (p failingPool) BeginTx(ctx context.Context, options *sql.TxOptions) (gorm.ConnPool, error) {
	tx, err := p.ConnPool.(gorm.TxBeginner).BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	if _, again := p.failed.LoadOrStore(ctx, true); again {
		return tx, nil
	}
	return &failingTx{tx}, nil
}

type failingTx struct{ *sql.Tx }

// Commit implements gorm.TxCommitter.
func (t *failingTx) Commit() error {
	if err := t.Rollback(); err != nil {
		return err
	}
	return &pgconn.PgError{Code: "40001", Message: "could not serialize access"}
}
