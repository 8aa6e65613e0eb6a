package main

import (
	"fmt"
	"net"
	"time"

	"parley/cmd/loadtest/cluster"
)

var resourceFaults = []fault{
	{
		name:  "descriptors-gone",
		about: "a node has no file descriptor left for 15 s, while 300 connections wait",
		kind:  threeNodes,
		dose:  3,
		takes: 20 * time.Second,
		run:   exhaustDescriptors,
	},
}

var diskFaults = []fault{
	{
		name:  "disk-full",
		about: "the disk of PostgreSQL's tables is full for 15 s",
		kind:  smallDisk,
		dose:  3,
		takes: 20 * time.Second,
		run:   fillDisk,
	},
}

func exhaustDescriptors(t *trial) error {
	node := t.node()
	usage, err := node.Usage(t.ctx)
	if err != nil {
		return err
	}
	t.noAccept.Store(true)
	defer t.noAccept.Store(false)
	if err := node.Lock(usage.Files + 2); err != nil {
		return err
	}
	var waiting []net.Conn
	for range 300 {
		conn, err := net.DialTimeout("tcp", node.Address, time.Second)
		if err != nil {
			break // the node's queue is full
		}
		waiting = append(waiting, conn)
	}
	err = t.hold(15 * time.Second)
	for _, conn := range waiting {
		conn.Close()
	}
	if !node.Running() {
		t.fail("the node has ended")
		return node.Start()
	}
	if again := node.Lock(20000); err == nil {
		err = again
	}
	if err == nil {
		err = t.hold(time.Second) // the pages that waited are answered
	}
	return err
}

func fillDisk(t *trial) error {
	if err := t.Disk.Fill(); err != nil {
		return err
	}
	err := t.hold(15 * time.Second)
	for _, node := range t.Nodes {
		if node.Ready() == nil {
			t.fail("%s says it is ready", node.Name)
		}
	}
	if again := t.Disk.Free(); err == nil {
		err = again
	}
	if err == nil && !t.Postgres.Running() {
		err = t.Postgres.Start(t.ctx)
	}
	return err
}

var upgradeFaults = []fault{
	{
		name:  "upgrade",
		about: "the nodes are replaced one after the other by a version whose migration adds columns and an index",
		kind:  threeNodes,
		dose:  3,
		takes: 60 * time.Second,
		run:   upgrade,
	},
}

// upgrade replaces the nodes while the others go on with the changed tables.
func upgrade(t *trial) error {
	t.upgrades++
	next := fmt.Sprintf("%s/parley-%d", t.folder, t.upgrades)
	if err := cluster.Build(next, t.upgrades); err != nil {
		return err
	}
	for _, node := range t.Nodes {
		node.Program = next
		if err := node.Terminate(shutdownPromise); err != nil {
			t.fail("%v", err)
		}
		if err := node.Start(); err != nil {
			return err
		}
		if err := t.hold(5 * time.Second); err != nil {
			return err
		}
	}
	return nil
}
