package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

// dials counts the handshakes of a run.
type dials struct {
	tried, failed atomic.Int64
}

// open dials the i-th socket's node and greets it. A try that fails is counted, and followed by another while -tries
// allows: a server that loses some handshakes can still be measured.
func (s settings) open(i int, greet func(*websocket) error) (*websocket, error) {
	for try := 1; ; try++ {
		s.dials.tried.Add(1)
		w, err := openWebSocket(s.node(i), s.dial, greet)
		if err == nil {
			return w, nil
		}
		s.dials.failed.Add(1)
		if try >= s.tries {
			return nil, err
		}
	}
}

// openWebSocket dials and greets, each for as long as patience at most.
func openWebSocket(base string, patience time.Duration, greet func(*websocket) error) (*websocket, error) {
	w, err := dialWebSocket(base, nil)
	if err != nil {
		return nil, err
	}
	if err := w.within(patience, greet); err != nil {
		w.cut()
		return nil, err
	}
	return w, nil
}

// within runs do, whose sending and receiving fails once d is over.
func (w *websocket) within(d time.Duration, do func(*websocket) error) error {
	if err := w.SetDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	if err := do(w); err != nil {
		return fmt.Errorf("within %s: %w", d, err)
	}
	return w.SetDeadline(time.Time{})
}

func (s settings) reportDials(r *report) {
	r.add("handshakes", s.dials.tried.Load())
	r.add("handshakes_failed", s.dials.failed.Load())
}
