package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"parley/cmd/loadtest/cluster"
)

// What is promised, and what a shared machine may add.
const (
	inStepTime    = 5 * time.Second  // until every client shows what the database holds
	inStepWait    = 60 * time.Second // how long we go on watching one that does not
	repeatTime    = 3 * time.Second  // until senders have sent again what was refused for now
	waitTime      = 15 * time.Second // until every message is answered, also after a fault
	returnTime    = 60 * time.Second // until a node holds no more than before
	calmTime      = 3 * time.Minute  // until acknowledgements are as fast as before
	slowdown      = 1.2              // of the 99th percentile of acknowledgements
	slowdownSlack = 50 * time.Millisecond
	growth        = 1.1
	growthSlack   = 40      // goroutines and descriptors of a node: a fault may fill both pools of 20
	heapSlack     = 4 << 20 // bytes of a node
	errorLines    = 60      // a minute in a node's log; more is a line for every failure
	settleTime    = 30 * time.Second
)

// A fault is something that is done to a world again and again, while people write.
type fault struct {
	name  string
	about string
	kind  worldKind
	dose  int
	bulk  bool // run is called once, with the whole dose
	short int  // the dose of a short run; 0: 1
	takes time.Duration
	run   func(t *trial) error // returns when the fault has ended
}

// A trial is a fault that happens to a world. What run finds it reports with fail; an error ends the trial.
type trial struct {
	*world
	fault  *fault
	ctx    context.Context
	random *rand.Rand
	dose   int
	short  bool  // a short run: what would last longer than needed is cut
	busy   []int // conversations in which people write all the time

	mu       sync.Mutex
	problems []string
}

// A result is a line of the table.
type result struct {
	name, dose    string
	inStep        time.Duration // the longest of all doses
	late          int           // how often it was longer than inStepTime
	missing       string        // what was missing after inStepWait
	before, after time.Duration
	messages      int // acknowledged
	repeated      int // of them, sent more than once
	problems      []string
}

func (t *trial) fail(format string, values ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	problem := fmt.Sprintf(format, values...)
	if !slices.Contains(t.problems, problem) {
		t.problems = append(t.problems, problem)
	}
}

func (t *trial) hold(d time.Duration) error { return sleep(t.ctx, d) }

// between returns a random duration.
func (t *trial) between(low, high time.Duration) time.Duration {
	return low + time.Duration(t.random.Int64N(int64(high-low)))
}

// node returns a random node.
func (t *trial) node() *cluster.Node { return t.Nodes[t.random.IntN(len(t.Nodes))] }

// measure returns how long the load is watched before a fault and after it.
func (t *trial) measure() time.Duration {
	if t.short {
		return 5 * time.Second
	}
	return 10 * time.Second
}

// suffer runs the trial and checks everything that must hold during a fault and after it.
func (t *trial) suffer() result {
	r := result{name: t.fault.name, dose: fmt.Sprint(t.dose)}
	began := time.Now()
	var machine time.Duration
	var err error
	if r.before, machine, err = t.latency(); err != nil {
		t.fail("%v", err)
	}
	usage, err := t.usage()
	if err != nil {
		t.fail("%v", err)
	}
	logs := t.readLogs()
	t.ledger.takeNotes()
	doses := t.dose
	if t.fault.bulk {
		doses = 1
	}
	faultBegan := time.Now()
	for range doses {
		if err := t.once(&r); err != nil {
			t.fail("%v", err)
			break
		}
	}
	if r.late > 0 {
		t.fail("in step after more than %s (%d×)", inStepTime, r.late)
	}
	if r.missing != "" {
		t.fail("out of step %s after the fault's end: %s", inStepWait, r.missing)
	}
	t.checkLogs(logs, time.Since(faultBegan))
	if t.ctx.Err() == nil {
		t.after(&r, usage, machine)
	}
	for _, problem := range t.verdict(false) {
		t.fail("%s", problem)
	}
	r.messages, r.repeated = t.ledger.count(began)
	for _, note := range t.ledger.takeNotes() {
		t.fail("%s", note)
	}
	r.problems = t.problems
	return r
}

// once lets the fault happen. In half of the conversations, people stop writing during it: what they wrote last must
// arrive without a later message that would show the gap. The probes go on, so that every node has something to do.
func (t *trial) once(r *result) error {
	shuffled := t.random.Perm(endUsers)
	quiet := shuffled[:len(shuffled)/2]
	t.busy = shuffled[len(shuffled)/2:]
	delay := t.between(100*time.Millisecond, 2*time.Second)
	timer := time.AfterFunc(delay, func() { t.pause(quiet...) })
	err := t.fault.run(t)
	timer.Stop()
	if err != nil {
		t.resumeAll()
		return err
	}
	t.pause(quiet...)
	took, missing, err := t.inStep()
	if err == nil && missing == "" {
		// What senders send again once the fault has ended must arrive as well.
		var again time.Duration
		if err = t.hold(repeatTime); err == nil {
			again, missing, err = t.inStep()
		}
		took = max(took, again)
	}
	t.resumeAll()
	if err != nil {
		return err
	}
	r.inStep = max(r.inStep, took)
	if took > inStepTime {
		r.late++
	}
	if missing != "" {
		r.missing = missing
	}
	return t.hold(t.between(500*time.Millisecond, 2*time.Second))
}

// inStep waits until every client shows what the database holds now. It returns how long that took, or what is missing.
func (t *trial) inStep() (took time.Duration, missing string, err error) {
	began := time.Now()
	stored, err := readConversations(t.Cluster)
	if err != nil {
		return 0, "", err
	}
	for {
		missing = t.missing(stored)
		if took = time.Since(began); missing == "" || took > inStepWait {
			return took, missing, nil
		}
		if err := t.hold(20 * time.Millisecond); err != nil {
			return 0, "", err
		}
	}
}

// missing says which clients do not show what is stored; nothing if all do.
func (w *world) missing(stored map[string]storedConversation) string {
	behind, example := 0, ""
	for _, v := range w.views {
		if last, _ := v.shown(); last < stored[v.conversationID].lastSeq {
			behind++
			example = fmt.Sprintf("%s shows %d of %d", v.who, last, stored[v.conversationID].lastSeq)
		}
	}
	// The list of an inbox has the newest 200. Some may have been stored since.
	newest := slices.SortedFunc(maps.Keys(stored), func(a, b string) int {
		return strings.Compare(stored[b].updated, stored[a].updated)
	})
	for _, q := range w.queues {
		for _, id := range newest[:min(len(newest), 100)] {
			if c := stored[id]; q.shown(id) < c.updated {
				behind++
				example = fmt.Sprintf("an inbox shows a conversation as of %q instead of %q", q.shown(id), c.updated)
			}
		}
	}
	if behind == 0 {
		return ""
	}
	return fmt.Sprintf("%d lists, such as: %s", behind, example)
}

// latency watches the load for a time. It returns the 99th percentiles of acknowledgements and of the yardstick.
func (t *trial) latency() (acknowledged, machine time.Duration, err error) {
	began := time.Now()
	if machine, err = t.yardstick.measure(t.ctx, t.measure()); err != nil {
		return 0, 0, err
	}
	// Those sent in the last second may not be answered yet.
	return percentile(t.ledger.latencies(began, time.Now().Add(-time.Second)), .99), machine, nil
}

// after measures what a fault has left behind.
func (t *trial) after(r *result, before cluster.Usage, machine time.Duration) {
	deadline := time.Now().Add(calmTime)
	if t.hold(2*time.Second) != nil {
		return
	}
	// What slows down a shared machine passes. What a fault has left behind stays.
	for {
		var now time.Duration
		var err error
		if r.after, now, err = t.latency(); err != nil {
			t.fail("%v", err)
			return
		}
		slower := max(1, now.Seconds()/machine.Seconds())
		if r.after > 0 && r.after <= time.Duration(slowdown*slower*float64(r.before))+slowdownSlack {
			break
		}
		if time.Now().After(deadline) {
			t.fail("acknowledgements are slower: p99 %d ms before, %d ms after; a commit past Parley %d, %d ms",
				r.before.Milliseconds(), r.after.Milliseconds(), machine.Milliseconds(), now.Milliseconds())
			break
		}
	}
	waiting := 0
	for _, o := range t.ledger.snapshot(time.Time{}) {
		if o.outcome == outcomeUnknown && time.Since(o.invoked) > waitTime {
			waiting++
		}
	}
	if waiting > 0 {
		t.fail("%d messages still wait for an answer", waiting)
	}
	deadline = time.Now().Add(returnTime)
	for {
		now, err := t.usage()
		if err != nil {
			t.fail("%v", err)
			return
		}
		grown := grown(before, now, len(t.Nodes))
		if grown == "" {
			return
		}
		if time.Now().After(deadline) {
			t.fail("%s", grown)
			return
		}
		if t.hold(2*time.Second) != nil {
			return
		}
	}
}

// usage adds up what the nodes hold.
func (w *world) usage() (sum cluster.Usage, err error) {
	for _, node := range w.Nodes {
		u, err := node.Usage(w.ctx)
		if err != nil {
			return sum, err
		}
		sum.Goroutines += u.Goroutines
		sum.Heap += u.Heap
		sum.Files += u.Files
	}
	return sum, nil
}

// grown says what nodes hold more of than before.
func grown(before, now cluster.Usage, nodes int) string {
	more := func(before, now, slack int) bool { return float64(now) > growth*float64(before)+float64(slack*nodes) }
	switch {
	case more(before.Heap, now.Heap, heapSlack):
		return fmt.Sprintf("the heap has grown from %d to %d KB", before.Heap>>10, now.Heap>>10)
	case more(before.Goroutines, now.Goroutines, growthSlack):
		return fmt.Sprintf("goroutines have grown from %d to %d", before.Goroutines, now.Goroutines)
	case more(before.Files, now.Files, growthSlack):
		return fmt.Sprintf("descriptors have grown from %d to %d", before.Files, now.Files)
	}
	return ""
}

// readLogs returns the logs of the nodes.
func (w *world) readLogs() (logs [][]byte) {
	for _, node := range w.Nodes {
		log, _ := node.Log()
		logs = append(logs, log)
	}
	return logs
}

// checkLogs looks at what the nodes have written since before.
func (t *trial) checkLogs(before [][]byte, during time.Duration) {
	for i, log := range t.readLogs() {
		written := log[len(before[i]):]
		for _, sign := range []string{"panic", "fatal error", "DATA RACE"} {
			if bytes.Contains(written, []byte(sign)) {
				t.fail("%s logged %q", t.Nodes[i].Name, sign)
			}
		}
		lines := bytes.Count(written, []byte("level=ERROR"))
		if most := errorLines * max(1, during.Minutes()); float64(lines) > most {
			t.fail("%s logged %d errors in %.1f minutes", t.Nodes[i].Name, lines, during.Minutes())
		}
	}
}

// verdict compares what people did with the database, while they go on, or at the end of a run.
func (w *world) verdict(complete bool) []string {
	lists := make([]list, 0, len(w.views))
	for _, v := range w.views {
		lists = append(lists, v.list())
	}
	h := &history{
		organizationID: w.organizationID,
		conversations:  w.conversations,
		others:         w.others,
		operations:     w.ledger.snapshot(time.Time{}),
		complete:       complete,
	}
	var err error
	if h.rows, err = readRows(w.Cluster); err != nil {
		return []string{err.Error()}
	}
	return append(h.check(), checkLists(h.rows, lists, complete)...)
}

// finish ends the load and checks everything once more after a time of quiet.
func (w *world) finish(quiet time.Duration) result {
	r := result{name: "the end of the run", dose: fmt.Sprintf("%s of quiet", quiet)}
	w.resumeAll()
	w.pauseAll()
	if err := w.settle(settleTime); err != nil {
		r.problems = append(r.problems, err.Error())
	}
	if err := sleep(w.ctx, quiet); err != nil {
		r.problems = append(r.problems, err.Error())
	}
	r.problems = append(r.problems, w.verdict(true)...)
	r.problems = append(r.problems, w.ledger.takeNotes()...)
	if stored, err := readConversations(w.Cluster); err != nil {
		r.problems = append(r.problems, err.Error())
	} else if missing := w.missing(stored); missing != "" {
		r.problems = append(r.problems, missing)
	}
	r.messages, r.repeated = w.ledger.count(time.Time{})
	return r
}

func tenths(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
