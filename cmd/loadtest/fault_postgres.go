package main

import (
	"context"
	"path/filepath"
	"strconv"
	"time"

	"parley/cmd/loadtest/cluster"
)

var postgresFaults = []fault{
	{
		name:  "postgres-restart",
		about: "PostgreSQL crashes and comes back",
		kind:  threeNodes,
		dose:  10,
		takes: 10 * time.Second,
		run: func(t *trial) error {
			if err := t.hold(t.between(500*time.Millisecond, 2*time.Second)); err != nil {
				return err
			}
			t.Postgres.Kill()
			if err := t.hold(t.between(0, 3*time.Second)); err != nil {
				return err
			}
			return t.Postgres.Start(t.ctx)
		},
	},
	{
		name:  "postgres-pause",
		about: "PostgreSQL is frozen for 20 s",
		kind:  threeNodes,
		dose:  5,
		takes: 25 * time.Second,
		run: func(t *trial) error {
			t.Postgres.Pause()
			defer t.Postgres.Resume()
			return t.hold(20 * time.Second)
		},
	},
	{
		name:  "postgres-pause-sigterm",
		about: "SIGTERM of a node while PostgreSQL is frozen",
		kind:  threeNodes,
		dose:  3,
		takes: 30 * time.Second,
		run: func(t *trial) error {
			node := t.node()
			t.Postgres.Pause()
			defer t.Postgres.Resume()
			if err := t.hold(time.Second); err != nil {
				return err
			}
			if err := node.Stop(shutdownPromise + 2*time.Second); err != nil {
				t.fail("%v", err)
			}
			t.Postgres.Resume()
			return node.Start()
		},
	},
}

var replicaFaults = []fault{
	{
		name:  "postgres-read-only",
		about: "for 20 s the nodes reach a replica, which is read-only, in place of the primary",
		kind:  withReplica,
		dose:  3,
		takes: 25 * time.Second,
		run: func(t *trial) error {
			if err := t.needStandby(); err != nil {
				return err
			}
			t.reach(t.Standby)
			err := t.hold(20 * time.Second)
			t.reach(t.Postgres)
			return err
		},
	},
	{
		name:  "postgres-failover",
		about: "PostgreSQL is killed; the nodes reach its replica, which is promoted 3 s later",
		kind:  withReplica,
		dose:  3,
		takes: 25 * time.Second,
		run:   failOver,
	},
}

// reach lets every node reach another PostgreSQL.
func (t *trial) reach(p *cluster.Postgres) {
	for _, node := range t.Nodes {
		node.Database.Target(p.Address)
	}
}

func failOver(t *trial) error {
	if err := t.needStandby(); err != nil {
		return err
	}
	t.Postgres.Kill()
	t.reach(t.Standby)
	if err := t.hold(3 * time.Second); err != nil {
		return err
	}
	if err := t.Standby.Promote(context.WithoutCancel(t.ctx)); err != nil {
		return err
	}
	t.Postgres, t.Standby = t.Standby, nil
	t.failovers++
	return nil
}

// needStandby gives a server that was promoted a replica for the next failover.
func (t *trial) needStandby() (err error) {
	if t.Standby != nil {
		return nil
	}
	folder := filepath.Join(t.folder, "standby"+strconv.Itoa(t.failovers))
	t.Standby, err = t.Postgres.Follow(context.WithoutCancel(t.ctx), folder)
	return err
}
