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

// open connects the i-th socket to its node and runs greet. It counts a failure and tries again, up to -tries times, so
// that a server that loses some handshakes can still be measured.
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

// openWebSocket dials and then runs greet, which may take as long as patience.
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

// within runs do with a deadline: its sends and receives fail after d.
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
