package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A message has the fields of message_received and of the history that the checks need.
type message struct {
	Seq        int64  `json:"seq"`
	SenderType string `json:"sender_type"`
	Content    string `json:"content"`
}

// hello is the content of a message that opens a session. Transcripts do not count it.
const hello = "hello"

// line returns the content of a sender's i-th message: the number, and text that any error in the encoding changes.
func line(sender string, i int) string {
	return fmt.Sprintf("%s %d naïve “quotes” \"\\ 漢字 🙂", sender, i)
}

// A transcript checks messages in the order in which they arrive: seq without a gap, each sender's numbers 1, 2, 3 …,
// and the content as it was sent. It continues after a problem, so that the report shows whether there is one gap or
// many.
type transcript struct {
	mu       sync.Mutex
	last     int64 // the highest seq so far
	seen     map[int64]bool
	numbers  map[string]int // the highest number of each sender
	heard    map[string]int // the distinct messages of each sender
	problems []string
}

func newTranscript(after int64) *transcript {
	return &transcript{
		last:    after,
		seen:    map[int64]bool{},
		numbers: map[string]int{},
		heard:   map[string]int{},
	}
}

// hear adds the messages among a socket's events.
func (t *transcript) hear(event string, payload json.RawMessage) {
	if event != "message_received" {
		return
	}
	var m message
	if err := json.Unmarshal(payload, &m); err != nil {
		t.mu.Lock()
		t.problem("message_received is not a message: %.200s", payload)
		t.mu.Unlock()
		return
	}
	t.add(m)
}

func (t *transcript) add(m message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if m.Content == hello {
		return
	}
	if t.seen[m.Seq] {
		t.problem("seq %d came twice", m.Seq)
		return
	}
	t.seen[m.Seq] = true
	switch {
	case m.Seq <= t.last:
		t.problem("seq %d came after %d", m.Seq, t.last)
	case m.Seq > t.last+1:
		t.problem("seq %d came after %d: a gap", m.Seq, t.last)
	}
	t.last = max(t.last, m.Seq)
	t.addLine(m)
}

func (t *transcript) addLine(m message) {
	sender, rest, _ := strings.Cut(m.Content, " ")
	digits, _, _ := strings.Cut(rest, " ")
	number, err := strconv.Atoi(digits)
	if err != nil || sender != m.SenderType || m.Content != line(sender, number) {
		t.problem("seq %d of %s has unexpected content %.80q", m.Seq, m.SenderType, m.Content)
		return
	}
	t.heard[sender]++
	if want := t.numbers[sender] + 1; number != want {
		t.problem("%s: message %d where %d was expected", sender, number, want)
	}
	t.numbers[sender] = max(t.numbers[sender], number)
}

func (t *transcript) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	count := 0
	for _, n := range t.heard {
		count += n
	}
	return count
}

// problem records a problem. The caller holds the lock.
func (t *transcript) problem(format string, values ...any) {
	t.problems = append(t.problems, fmt.Sprintf(format, values...))
}

// verdict lists which senders' messages are missing, and then the first problems.
func (t *transcript) verdict(who string, want map[string]int) []string {
	const most = 3
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []string
	for _, sender := range slices.Sorted(maps.Keys(want)) {
		if t.heard[sender] != want[sender] {
			found = append(found,
				fmt.Sprintf("%s: %d of %d messages of %s", who, t.heard[sender], want[sender], sender))
		}
	}
	for i, problem := range t.problems {
		if i == most {
			found = append(found, fmt.Sprintf("%s: %d more problems", who, len(t.problems)-most))
			break
		}
		found = append(found, who+": "+problem)
	}
	return found
}
