package main

import "fmt"

// malformedEvent is an event without the array of its name and arguments.
const malformedEvent = "42"

// runMalformed sends one malformed event. Its sender may lose the connection; the socket beside it must keep its own,
// and n new ones must get in.
func runMalformed(set settings) (*report, error) {
	pair, made, err := joinTogether(set, 2)
	if err != nil {
		return nil, err
	}
	culprit, bystander := pair[0], pair[1]
	defer culprit.cut()
	defer bystander.cut()
	again := func(w *websocket) error { return join(w, made) }
	if err := culprit.send([]byte(malformedEvent)); err != nil {
		return nil, err
	}

	r := &report{scenario: "malformed"}
	r.add("n", set.n)
	r.add("sender_kept", culprit.within(set.patience, again) == nil)
	r.check(nil)
	for i := range set.n {
		w, err := joinSocket(set, i, made)
		if err != nil {
			r.check([]string{fmt.Sprintf("new socket %d: %v", i+1, err)})
			break
		}
		w.leave()
	}
	if err := bystander.within(set.patience, again); err != nil {
		r.check([]string{fmt.Sprintf("socket beside it: %v", err)})
	}
	if len(set.pids) > 0 {
		_, err := residentKB(set.pids)
		r.add("process_ended", err != nil)
	}
	return r, nil
}
