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
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"parley/cmd/loadtest/cluster"
)

// The load: people who write in pairs of an end user and an agent, 200 messages a second. A probe is one more end user
// for each node, connected past the links.
const (
	endUsers   = 40
	agentCount = 10
	pace       = 250 * time.Millisecond // between the messages of a person
	underWay   = 4                      // messages of every second person at once
	queues     = 3                      // agents who hold the queue
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
		w.yardstick, err = newYardstick(folder)
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

const strangerEmail = "sam@stranger.example"

// bases are the nodes, through their links.
func (w *world) bases() (bases []string) {
	for _, node := range w.Nodes {
		bases = append(bases, "http://"+node.Clients.Address)
	}
	return bases
}

func externalID(person int) string { return "person-" + strconv.Itoa(person) }

func (w *world) openConversations() error {
	bases := w.bases()
	w.conversations = make([]string, endUsers+len(w.Nodes))
	return parallel(len(w.conversations), 8, func(i int) error {
		opened, err := openWidget(bases[i%len(bases)], w.token, externalID(i))
		w.conversations[i] = opened.ID
		return err
	})
}

// addPeople starts the end users, and the agents once every conversation has a message: before that there is nothing
// that an agent could answer.
func (w *world) addPeople() error {
	bases := w.bases()
	for i := range w.conversations {
		s := w.newSender(i, []int{i}, bases)
		s.externalID = externalID(i)
		if i >= endUsers {
			node := w.Nodes[i-endUsers]
			s.bases = []string{"http://" + node.Address}
			s.running = node.Running
			s.interval, s.window = time.Second, 1
		}
		w.start(s)
	}
	if err := w.waitForFirst(); err != nil {
		return err
	}
	for i := range agentCount {
		header, err := login(bases[i%len(bases)], w.emails[i], w.password)
		if err != nil {
			return err
		}
		var mine []int
		for c := i; c < endUsers; c += agentCount {
			mine = append(mine, c)
		}
		s := w.newSender(len(w.conversations)+i, mine, bases)
		s.header, s.agent = header, true
		if i < queues {
			s.queue = newQueueView()
			w.queues = append(w.queues, s.queue)
		}
		w.start(s)
	}
	if err := w.waitForFirst(); err != nil {
		return err
	}
	return w.addStranger()
}

func (w *world) newSender(person int, conversations []int, bases []string) *sender {
	who := fmt.Sprintf("person %d", person)
	s := &sender{
		person:        person,
		conversations: conversations,
		window:        1,
		interval:      pace,
		paused:        func(conversation int) bool { return w.paused[conversation].Load() },
		loseAnswers:   &w.loseAnswers,
		random:        newRandom(w.seed, person),
		run:           strconv.FormatInt(time.Now().UnixNano(), 36),
		liveClient: &liveClient{
			who:    who,
			bases:  bases,
			ledger: w.ledger,
			joined: make(chan *socket, 1),
		},
	}
	if person%2 == 1 {
		s.window, s.interval = underWay, underWay*pace
	}
	for _, c := range conversations {
		s.views = append(s.views, newView(who, w.conversations[c]))
	}
	return s
}

// start lets a sender live and write.
func (w *world) start(s *sender) {
	w.senders = append(w.senders, s)
	w.views = append(w.views, s.views...)
	w.live(s.liveClient)
	w.group.Go(func() { s.send(w.ctx) })
}

// live keeps a client connected, and what it shows complete.
func (w *world) live(c *liveClient) {
	w.group.Go(func() { c.run(w.ctx) })
	for _, v := range c.views {
		w.group.Go(func() {
			v.fill(w.ctx, func(after int64) ([]liveMessage, error) { return c.fetch(v, after) }, func(error) {})
		})
	}
	if c.queue == nil {
		return
	}
	w.group.Go(func() {
		c.queue.fill(w.ctx, func() (page []listedConversation, err error) {
			return page, c.get("/api/conversations/?filter=all&limit=200", &page)
		}, func(error) {})
	})
}

func (w *world) waitForFirst() error {
	deadline := time.Now().Add(30 * time.Second)
	for _, s := range w.senders {
		for !s.first.Load() {
			if time.Now().After(deadline) {
				return fmt.Errorf("%s gets no message acknowledged: %v", s.who, w.ledger.takeNotes())
			}
			if err := sleep(w.ctx, 10*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

// addStranger adds an agent of another organization who holds its queue and must not hear anything.
func (w *world) addStranger() error {
	bases := w.bases()
	header, err := login(bases[0], strangerEmail, w.password)
	if err != nil {
		return err
	}
	queue := newQueueView()
	c := &liveClient{
		who:    "a stranger",
		bases:  bases,
		header: header,
		queue:  queue,
		ledger: w.ledger,
		joined: make(chan *socket, 1),
	}
	w.group.Go(func() { c.run(w.ctx) })
	w.group.Go(func() {
		queue.fill(w.ctx, func() (page []listedConversation, err error) {
			if err = c.get("/api/conversations/?filter=all&limit=200", &page); err == nil && len(page) > 0 {
				w.ledger.note("an agent of another organization sees conversations")
			}
			return page, err
		}, func(error) {})
	})
	return nil
}

// pause lets nobody write in some conversations.
func (w *world) pause(conversations ...int) {
	for _, c := range conversations {
		w.paused[c].Store(true)
	}
}

func (w *world) pauseAll() {
	for i := range w.paused {
		w.paused[i].Store(true)
	}
}

func (w *world) resumeAll() {
	for i := range w.paused {
		w.paused[i].Store(false)
	}
}

// settle waits until every message is acknowledged or refused.
func (w *world) settle(patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for {
		left := int64(0)
		for _, s := range w.senders {
			left += s.unsettled.Load()
		}
		if left == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d messages are neither acknowledged nor refused after %s", left, patience)
		}
		if err := sleep(w.ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// probePaths are what is asked of every node, past its link, twice a second.
var probePaths = []string{"/readyz", "/auth/login", "/chat-widget/history", "/chat-widget", "/api/conversations/"}

// probe asks a node for pages and notes answers that are neither what it should be nor a timely "unavailable".
func (w *world) probe(node *cluster.Node) {
	client := &http.Client{Timeout: 4 * promisedAnswer, Transport: &http.Transport{}}
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
