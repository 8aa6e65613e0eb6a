package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"parley/cmd/loadtest/cluster"
	"parley/e2e/link"
)

// shutdownPromise is how long a node may take to end after SIGTERM.
const shutdownPromise = 20 * time.Second

var nodeFaults = []fault{
	{
		name:  "nothing",
		about: "nothing, as a comparison",
		kind:  threeNodes,
		dose:  1,
		run:   func(t *trial) error { return t.hold(10 * time.Second) },
	},
	{
		name:  "node-kill",
		about: "SIGKILL of one of three nodes",
		kind:  threeNodes,
		dose:  20,
		takes: 8 * time.Second,
		run:   func(t *trial) error { return t.kill(t.node()) },
	},
	{
		name:  "node-rolling",
		about: "SIGTERM of three nodes, one after the other",
		kind:  threeNodes,
		dose:  10,
		takes: 25 * time.Second,
		run:   rollingRestart,
	},
	{
		name:  "node-frozen",
		about: "a node is frozen for 60 s while it holds locks",
		kind:  threeNodes,
		dose:  5,
		takes: 35 * time.Second,
		run:   freezeNode,
	},
	{
		name:  "node-vanished",
		about: "a node vanishes without closing its connections (no FIN), while it holds locks",
		kind:  threeNodes,
		dose:  5,
		takes: 60 * time.Second,
		run:   vanishNode,
	},
	{
		name:  "conversation-locked",
		about: "another transaction locks a conversation for 15 s",
		kind:  threeNodes,
		dose:  3,
		takes: 20 * time.Second,
		run:   lockConversation,
	},
}

var sqliteFaults = []fault{
	{
		name:  "sqlite-kill",
		about: "SIGKILL of the only node, on SQLite; then its file is checked",
		kind:  oneSQLite,
		dose:  50,
		takes: 8 * time.Second,
		run: func(t *trial) error {
			node := t.Nodes[0]
			node.Kill()
			if err := checkSQLite(t.Cluster); err != nil {
				t.fail("%v", err)
			}
			return node.Start()
		},
	},
}

// kill ends a node and starts it again.
func (t *trial) kill(node *cluster.Node) error {
	if err := t.hold(t.between(200*time.Millisecond, 2*time.Second)); err != nil {
		return err
	}
	node.Kill()
	if err := t.hold(t.between(100*time.Millisecond, 2*time.Second)); err != nil {
		return err
	}
	return node.Start()
}

func checkSQLite(c *cluster.Cluster) error {
	var answer string
	err := withDatabase(c, func(db *sql.DB) error { return db.QueryRow("PRAGMA integrity_check").Scan(&answer) })
	if err == nil && answer != "ok" {
		err = fmt.Errorf("integrity check: %s", answer)
	}
	return err
}

func rollingRestart(t *trial) error {
	for _, node := range t.Nodes {
		if err := node.Terminate(shutdownPromise); err != nil {
			t.fail("%v", err)
		}
		if err := node.Start(); err != nil {
			return err
		}
	}
	return nil
}

// freezeWithLocks stops a node between its two round trips, when its transaction is open and idle.
func (t *trial) freezeWithLocks(node *cluster.Node) error {
	node.Database.Set(link.Weather{Delay: 20 * time.Millisecond}) // makes the moment longer
	defer node.Database.Resume()
	for range 300 {
		node.Freeze()
		// What is on its way still arrives.
		if err := t.hold(60 * time.Millisecond); err != nil {
			return err
		}
		idle, err := t.idleTransactions(node)
		if err != nil || idle {
			return err
		}
		node.Thaw()
		if err := t.hold(t.between(20*time.Millisecond, 60*time.Millisecond)); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s was never caught with locks", node.Name)
}

// idleTransactions reports whether the node has an open transaction that waits for it.
func (t *trial) idleTransactions(node *cluster.Node) (found bool, err error) {
	err = t.Postgres.Query(t.ctx, "parley", func(conn *pgx.Conn) error {
		return conn.QueryRow(t.ctx, `SELECT EXISTS (SELECT 1 FROM pg_stat_activity
			WHERE state = 'idle in transaction' AND client_port = ANY($1))`, node.Database.Ports()).Scan(&found)
	})
	return found, err
}

func freezeNode(t *trial) error {
	node := t.node()
	if err := t.freezeWithLocks(node); err != nil {
		return err
	}
	defer node.Thaw()
	return t.othersGoOn(t.atMost(60 * time.Second))
}

func vanishNode(t *trial) error {
	node := t.node()
	if err := t.freezeWithLocks(node); err != nil {
		return err
	}
	node.Database.HalfOpen(link.Far)
	node.Redis.HalfOpen(link.Far)
	node.Clients.HalfOpen(link.Near)
	node.Kill()
	// Until the node's clients have missed their ping.
	if err := t.othersGoOn(silence + 5*time.Second); err != nil {
		return err
	}
	return node.Start()
}

// atMost returns a duration of the table, or less in a short run.
func (t *trial) atMost(d time.Duration) time.Duration {
	if t.short {
		return min(d, 20*time.Second)
	}
	return d
}

// othersGoOn waits, and then checks that messages were acknowledged all the time.
func (t *trial) othersGoOn(d time.Duration) error {
	const most = 5 * time.Second
	began := time.Now()
	if err := t.hold(d); err != nil {
		return err
	}
	last, longest := began, time.Duration(0)
	for _, at := range t.ledger.answersAfter(began) {
		longest = max(longest, at.Sub(last))
		last = at
	}
	if longest = max(longest, time.Since(last)); longest > most {
		t.fail("nothing was acknowledged for %s", tenths(longest))
	}
	return nil
}

func lockConversation(t *trial) error {
	locked := t.busy[0]
	return t.Postgres.Query(context.WithoutCancel(t.ctx), "parley", func(conn *pgx.Conn) error {
		tx, err := conn.Begin(t.ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(context.WithoutCancel(t.ctx))
		id := t.conversations[locked]
		if _, err := tx.Exec(t.ctx, "SELECT id FROM conversations WHERE id = $1 FOR UPDATE", id); err != nil {
			return err
		}
		began := time.Now()
		if err := t.hold(15 * time.Second); err != nil {
			return err
		}
		stuck := map[int]bool{}
		for _, o := range t.ledger.snapshot(began) {
			if o.outcome == outcomeUnknown && o.conversation != locked && time.Since(o.invoked) > 5*time.Second {
				stuck[o.conversation] = true
			}
		}
		if len(stuck) > 0 {
			t.fail("%d other conversations stand still while one is locked", len(stuck))
		}
		return nil
	})
}
