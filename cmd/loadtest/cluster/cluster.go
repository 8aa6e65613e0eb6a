// Package cluster runs Parley as an operator does, for tests that break it: a PostgreSQL that writes durably, Redis,
// and nodes of one binary. A link that tests can break is on each way: client to node, node to PostgreSQL, node to
// Redis.
package cluster

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"time"
)

// Options say what to start.
type Options struct {
	Folder  string // for everything; the caller removes it
	Program string // see Build
	Nodes   int
	SQLite  bool // one node without PostgreSQL and Redis
	Replica bool // a second PostgreSQL that follows the first; a commit waits for both
	DiskMB  int  // if not 0, the database's files are on a disk of this size, which needs root
}

// A Cluster is a running installation.
type Cluster struct {
	Options
	Postgres *Postgres // the primary; nil with SQLite
	Standby  *Postgres
	Redis    *Redis
	Nodes    []*Node
	Disk     *Disk
	secret   string
}

// Start starts the servers and no node yet: StartNodes does, once the database is seeded.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	key := make([]byte, 32)
	rand.Read(key)
	c := &Cluster{Options: options, secret: base64.StdEncoding.EncodeToString(key)}
	if err := c.start(ctx); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) (err error) {
	// PostgreSQL's user must be able to reach its folder.
	if err := os.Chmod(c.Folder, 0o711); err != nil {
		return err
	}
	data := filepath.Join(c.Folder, "data")
	if c.DiskMB > 0 {
		if c.Disk, err = newDisk(filepath.Join(c.Folder, "disk"), c.DiskMB); err != nil {
			return err
		}
		data = filepath.Join(c.Disk.Folder, "data")
	}
	if !c.SQLite {
		if c.Postgres, err = startPostgres(ctx, data, filepath.Join(c.Folder, "wal")); err != nil {
			return err
		}
		if c.Redis, err = startRedis(c.Folder); err != nil {
			return err
		}
	}
	if c.Replica {
		if c.Standby, err = c.Postgres.Follow(ctx, filepath.Join(c.Folder, "standby")); err != nil {
			return err
		}
	}
	for i := range c.Options.Nodes {
		node, err := c.newNode(i, data)
		if err != nil {
			return err
		}
		c.Nodes = append(c.Nodes, node)
	}
	return nil
}

// StartNodes starts every node and waits until it is ready.
func (c *Cluster) StartNodes() error {
	for _, node := range c.Nodes {
		if err := node.Start(); err != nil {
			return err
		}
	}
	return nil
}

// Stop ends everything at once.
func (c *Cluster) Stop() {
	for _, node := range c.Nodes {
		node.Kill()
		for _, l := range node.links() {
			l.Close()
		}
	}
	for _, server := range []*Postgres{c.Standby, c.Postgres} {
		if server != nil {
			server.Kill()
		}
	}
	if c.Redis != nil {
		c.Redis.Kill()
	}
	c.Disk.remove()
}

func password() string {
	secret := make([]byte, 16)
	rand.Read(secret)
	return hex.EncodeToString(secret)
}

// eventually tries do until it succeeds. It returns the last error after patience, or when the context ends.
func eventually(ctx context.Context, patience time.Duration, do func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := do()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
