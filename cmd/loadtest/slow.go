package main

import (
	"errors"
	"net"
	"os"
	"time"
)

const (
	floodText   = 8000 // characters a message that the slow consumers do not read
	floodWindow = 8
)

// runSlow measures a load twice: alone, and beside a conversation in which messages flow to consumers that do not read
// them. The others' p99 and the server's memory tell what the slow ones cost.
func runSlow(set settings) (*report, error) {
	l, err := newLoad(set, messages(set.text), set.n, 2)
	if err != nil {
		return nil, err
	}
	defer l.stop()
	if err := l.start(set.window); err != nil {
		return nil, err
	}
	if err := l.wait(set.warmup); err != nil {
		return nil, err
	}
	before, err := l.measure(set.duration, set.pids)
	if err != nil {
		return nil, err
	}
	flood, consumers, err := startFlood(set)
	if err != nil {
		return nil, err
	}
	defer flood.stop()
	peak := peakKB(set.pids)
	beside, err := l.measure(set.duration, set.pids)
	highest := peak()
	if err != nil {
		return nil, err
	}
	flood.stop()
	l.stop()

	r := &report{scenario: "slow"}
	r.add("n", set.n)
	r.add("consumers", len(consumers))
	r.add("acked_per_s_before", float64(before.acked)/before.seconds)
	r.add("acked_per_s", float64(beside.acked)/beside.seconds)
	r.add("p99_ms_before", milliseconds(percentile(before.heard, .99)))
	r.add("p99_ms", milliseconds(percentile(beside.heard, .99)))
	if len(set.pids) > 0 {
		r.add("rss_mb_before", before.residentKB/1024)
		r.add("rss_mb_peak", highest/1024)
	}
	r.add("flood_messages", int(flood.groups[0].steps.Load()/flood.groups[0].perSending))
	r.add("consumers_dropped", countDropped(consumers))
	return r, nil
}

// startFlood makes a conversation of two sockets that exchange long messages as fast as they can, and of the slow ones.
func startFlood(set settings) (*load, []*websocket, error) {
	flood, err := newLoad(set, messages(floodText), 1, 2)
	if err != nil {
		return nil, nil, err
	}
	consumers := make([]*websocket, set.slow)
	err = parallel(set.slow, 16, func(i int) (err error) {
		if consumers[i], err = joinSocket(set.node(i), flood.groups[0].conversation); err == nil {
			err = consumers[i].Conn.(*net.TCPConn).SetReadBuffer(4096)
		}
		return err
	})
	if err == nil {
		err = flood.start(floodWindow)
	}
	if err != nil {
		flood.stop()
	}
	return flood, consumers, err
}

// countDropped reads on, at last, and counts the connections that the server has given up.
func countDropped(consumers []*websocket) (dropped int) {
	for _, w := range consumers {
		var err error
		for err == nil {
			w.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
			_, err = w.receive()
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			dropped++
		}
		w.cut()
	}
	return dropped
}

// peakKB watches the memory until the function it returns is called, which tells the highest.
func peakKB(pids []int) func() float64 {
	stop, done := make(chan struct{}), make(chan float64)
	go func() {
		highest := 0.0
		for ticker := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-stop:
				ticker.Stop()
				done <- highest
				return
			case <-ticker.C:
				if now, err := residentKB(pids); err == nil {
					highest = max(highest, now)
				}
			}
		}
	}()
	return func() float64 {
		close(stop)
		return <-done
	}
}
