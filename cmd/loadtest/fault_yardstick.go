package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"parley/cmd/loadtest/cluster"
)

// A yardstick measures how slow the machine is for everybody: others may use it at the same time. It commits to
// PostgreSQL, past Parley, or writes to the disk where there is no PostgreSQL.
type yardstick struct {
	cluster *cluster.Cluster
	file    *os.File
}

func newYardstick(c *cluster.Cluster, folder string) (*yardstick, error) {
	file, err := os.Create(filepath.Join(folder, "yardstick"))
	return &yardstick{cluster: c, file: file}, err
}

// measure repeats the same work for d and returns the 99th percentile of what it took.
func (y *yardstick) measure(ctx context.Context, d time.Duration) (p99 time.Duration, err error) {
	if y.cluster.Postgres == nil {
		return timeEach(ctx, d, y.write)
	}
	err = y.cluster.Postgres.Query(ctx, "parley", func(conn *pgx.Conn) error {
		p99, err = timeEach(ctx, d, func() error { return commit(ctx, conn) })
		return err
	})
	return p99, err
}

// commit commits a transaction that writes to the write-ahead log and to no table.
func commit(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "SELECT pg_logical_emit_message(true, 'yardstick', repeat('x', 1000))")
	return err
}

func (y *yardstick) write() error {
	if _, err := y.file.WriteAt(make([]byte, 8<<10), 0); err != nil {
		return err
	}
	return y.file.Sync()
}

func timeEach(ctx context.Context, d time.Duration, do func() error) (time.Duration, error) {
	var took []time.Duration
	for until := time.Now().Add(d); time.Now().Before(until); {
		began := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		if err := sleep(ctx, time.Millisecond); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return 0, err
		}
	}
	return percentile(took, .99), nil
}

func (y *yardstick) close() {
	if y != nil {
		y.file.Close()
	}
}
