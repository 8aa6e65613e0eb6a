package main

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"
)

// runOrder sends n events from one socket as fast as the connection takes them, each with an acknowledgement number. A
// server that handles a client's events in order acknowledges them in order.
func runOrder(set settings) (*report, error) {
	alone, made, err := joinTogether(set, 1)
	if err != nil {
		return nil, err
	}
	w := alone[0]
	defer w.cut()
	answers := &answers{}
	go w.hear(answers.hear)
	go w.repeat(set.n, func(i int) []byte {
		return fmt.Appendf(nil, `42%d["user_typing",{"conversation_id":%q,"sender_type":"end_user"}]`, i, made.ID)
	})
	stalled := waitForProgress(set.patience, set.n, answers.count)

	r := &report{scenario: "order"}
	r.add("n", set.n)
	answers.report(r)
	r.check(stalled)
	return r, nil
}

// answers checks a socket's acknowledgements.
type answers struct {
	mu      sync.Mutex
	order   sequence
	acked   int
	late    int    // acknowledged after a later event
	refused string // the first acknowledgement that is not ok
}

func (a *answers) hear(packet []byte) {
	number, found := acknowledged(packet)
	if !found {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.acked++
	if !a.order.add(number) {
		a.late++
	}
	if a.refused == "" && !bytes.Contains(packet, []byte(`"ok":true`)) {
		a.refused = fmt.Sprintf("refused: %.200s", packet)
	}
}

// acknowledged returns the number of the event that the packet acknowledges.
func acknowledged(packet []byte) (number int64, found bool) {
	rest, isAck := bytes.CutPrefix(packet, []byte("43"))
	digits, _, hasData := bytes.Cut(rest, []byte("["))
	if !isAck || !hasData {
		return 0, false
	}
	number, err := strconv.ParseInt(string(digits), 10, 64)
	return number, err == nil
}

func (a *answers) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.acked
}

func (a *answers) report(r *report) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r.add("acked", a.acked)
	r.add("late", a.late)
	if a.late > 0 {
		r.check([]string{fmt.Sprintf("%d events were acknowledged after a later one", a.late)})
	}
	if a.refused != "" {
		r.check([]string{a.refused})
	}
}
