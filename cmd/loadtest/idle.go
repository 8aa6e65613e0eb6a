package main

import (
	"sync"
	"time"
)

// runIdle connects n sockets that only answer pings. A few sockets connect before the first reading, so that what a
// server sets up only once does not count. The settling time before each reading lets it return the memory that its
// start and the handshakes needed.
func runIdle(set settings) (*report, error) {
	const first = 50
	sockets := make([]*websocket, set.n)
	var listeners sync.WaitGroup
	defer func() {
		for _, w := range sockets {
			if w != nil {
				w.leave()
			}
		}
		listeners.Wait()
	}()
	for i := range first {
		w, err := connectIdle(set, i)
		if err != nil {
			return nil, err
		}
		w.leave()
	}
	before, err := lowestKB(set, 0)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	err = parallel(set.n, 64, func(i int) error {
		w, err := connectIdle(set, i)
		if err != nil {
			return err
		}
		sockets[i] = w
		listeners.Go(func() { w.hear(func([]byte) {}) })
		return nil
	})
	took := time.Since(began).Seconds()
	if err != nil {
		return nil, err
	}
	time.Sleep(set.settle)
	after, err := residentKB(set.pids)
	if err != nil {
		return nil, err
	}
	r := &report{scenario: "idle"}
	r.add("n", set.n)
	set.reportDials(r)
	r.add("connects_per_s", float64(set.n)/took)
	r.add("rss_mb", after/1024)
	r.add("kb_per_connection", (after-before)/float64(set.n))
	return r, nil
}

func connectIdle(set settings, i int) (*websocket, error) {
	return set.open(i, func(w *websocket) error { return handshake(w) })
}
