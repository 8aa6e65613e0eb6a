package main

import "fmt"

// malformedEvent is an event packet without the array of name and arguments.
const malformedEvent = "42"

// runMalformed sends one malformed event. The server may close the sender's connection. It must keep the connection of
// the other socket, and accept n new ones.
func runMalformed(set settings) (*report, error) {
	pair, made, err := joinTogether(set, 2)
	if err != nil {
		return nil, err
	}
	sender, other := pair[0], pair[1]
	defer sender.cut()
	defer other.cut()
	again := func(w *websocket) error { return join(w, made) }
	if err := sender.send([]byte(malformedEvent)); err != nil {
		return nil, err
	}

	r := &report{scenario: "malformed"}
	r.add("n", set.n)
	r.add("sender_kept", sender.within(set.patience, again) == nil)
	r.check(nil)
	for i := range set.n {
		w, err := joinSocket(set, i, made)
		if err != nil {
			r.check([]string{fmt.Sprintf("new socket %d: %v", i+1, err)})
			break
		}
		w.leave()
	}
	if err := other.within(set.patience, again); err != nil {
		r.check([]string{fmt.Sprintf("other socket: %v", err)})
	}
	if len(set.pids) > 0 {
		_, err := residentKB(set.pids)
		r.add("process_ended", err != nil)
	}
	return r, nil
}
