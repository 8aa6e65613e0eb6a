package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"parley/cmd/loadtest/cluster"
)

// A world is a cluster with a load.
type world struct {
	*cluster.Cluster
	kind           worldKind
	seed           uint64
	ledger         *ledger
	conversations  []string
	organizationID string
	token          string
	emails         []string
	password       string
	senders        []*sender
	views          []*view
	queues         []*queueView
	paused         []atomic.Bool // by conversation
	loseAnswers    atomic.Int64
	others         []string    // conversations outside the load: see history
	noAccept       atomic.Bool // a node can take no connection, so a page may wait
	failovers      int
	upgrades       int

	yardstick *yardstick
	folder    string
	ctx       context.Context
	stop      context.CancelFunc
	group     sync.WaitGroup
}

// A worldKind is the servers that a world has.
type worldKind struct {
	name    string
	nodes   int
	sqlite  bool
	replica bool
	diskMB  int
}

var (
	threeNodes  = worldKind{name: "three nodes", nodes: 3}
	withReplica = worldKind{name: "three nodes, PostgreSQL with a replica", nodes: 3, replica: true}
	smallDisk   = worldKind{name: "three nodes, PostgreSQL on a small disk", nodes: 3, diskMB: 200}
	oneSQLite   = worldKind{name: "one node on SQLite", nodes: 1, sqlite: true}
)

// newWorld starts a cluster in a folder of its own and lets the load run.
func newWorld(ctx context.Context, k worldKind, program, parent string, seed uint64) (*world, error) {
	folder, err := os.MkdirTemp(parent, "world-")
	if err != nil {
		return nil, err
	}
	w := &world{
		kind:   k,
		seed:   seed,
		ledger: newLedger(),
		folder: folder,
		paused: make([]atomic.Bool, endUsers+k.nodes),
	}
	w.ctx, w.stop = context.WithCancel(ctx)
	w.Cluster, err = cluster.Start(ctx, cluster.Options{
		Folder:  folder,
		Program: program,
		Nodes:   k.nodes,
		SQLite:  k.sqlite,
		Replica: k.replica,
		DiskMB:  k.diskMB,
	})
	if err == nil {
		w.yardstick, err = newYardstick(w.Cluster, folder)
	}
	if err == nil {
		err = w.populate()
	}
	if err != nil {
		w.end()
		return nil, fmt.Errorf("start %s: %w", k.name, err)
	}
	return w, nil
}

// end ends the load and the servers. Only the logs stay.
func (w *world) end() {
	w.stop()
	if w.Cluster != nil {
		w.Cluster.Stop()
	}
	w.group.Wait()
	w.yardstick.close()
	files, _ := filepath.Glob(filepath.Join(w.folder, "*"))
	for _, file := range files {
		if filepath.Ext(file) != ".log" {
			os.RemoveAll(file)
		}
	}
}

// populate seeds the database, starts the nodes and the people.
func (w *world) populate() error {
	out, err := w.Command("", "seed", "--json", "--silent-bot")
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	var seeded struct {
		OrganizationID string `json:"organization_id"`
		Agent          struct{ Email, Password string }
		EmbedToken     string `json:"embed_token"`
	}
	if err := json.Unmarshal(lines[len(lines)-1], &seeded); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	w.organizationID = seeded.OrganizationID
	w.token, w.password = seeded.EmbedToken, seeded.Agent.Password
	if _, err := w.Command(w.password+"\n", "org", "create", "--name", "Stranger", "--admin-email", strangerEmail,
		"--admin-name", "Sam Stranger", "--password-stdin"); err != nil {
		return fmt.Errorf("org create: %w", err)
	}
	if w.emails, err = addAgents(w.Cluster, seeded.Agent.Email, agentCount); err != nil {
		return err
	}
	if err := w.StartNodes(); err != nil {
		return err
	}
	if err := w.openConversations(); err != nil {
		return err
	}
	if err := w.addPeople(); err != nil {
		return err
	}
	for _, node := range w.Nodes {
		w.group.Go(func() { w.probe(node) })
	}
	return nil
}

// bases are the nodes, through their links.
func (w *world) bases() (bases []string) {
	for _, node := range w.Nodes {
		bases = append(bases, "http://"+node.Clients.Address)
	}
	return bases
}

// probePaths are what is asked of every node, past its link, twice a second.
var probePaths = []string{"/readyz", "/auth/login", "/chat-widget/history", "/chat-widget", "/api/conversations/"}

// probe asks a node for pages and notes answers that are neither what it should be nor a timely "unavailable".
func (w *world) probe(node *cluster.Node) {
	client := &http.Client{
		Timeout:       4 * promisedAnswer,
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // an answer each
	}
	header := w.senders[len(w.senders)-1].header
	for i := 0; sleep(w.ctx, 500*time.Millisecond) == nil; i++ {
		if !node.Running() {
			continue
		}
		path := probePaths[i%len(probePaths)]
		address := "http://" + node.Address + path
		switch path {
		case "/chat-widget/history":
			address += "/" + w.conversations[0] + "?external_id=" + externalID(0)
		case "/chat-widget":
			address += "?embed_token=" + w.token + "&session_id=" + externalID(0)
		}
		pid, began := node.PID(), time.Now()
		request, err := http.NewRequestWithContext(w.ctx, http.MethodGet, address, nil)
		if err != nil {
			return
		}
		request.Header.Set("Cookie", header.Get("Cookie"))
		response, err := client.Do(request)
		if !node.Running() || node.PID() != pid || w.ctx.Err() != nil {
			continue
		}
		if took := time.Since(began); took > promisedAnswer && !w.noAccept.Load() {
			w.ledger.note("GET %s took more than %s", path, promisedAnswer)
		}
		if err != nil {
			continue
		}
		response.Body.Close()
		switch status := response.StatusCode; {
		case status == http.StatusServiceUnavailable:
			if response.Header.Get("Retry-After") == "" && path != "/readyz" {
				w.ledger.note("GET %s answered 503 without Retry-After", path)
			}
		case status >= 400:
			w.ledger.note("GET %s answered %d", path, status)
		}
	}
}

// sleep waits, or fails when the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return errors.New("interrupted")
	case <-time.After(d):
		return nil
	}
}
