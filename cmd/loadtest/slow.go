package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	floodText   = 8000 // characters per message that the slow consumers do not read
	floodWindow = 32   // those messages in flight
)

// runSlow measures a load while a conversation sends long messages to consumers: once while they read, and once
// after they have stopped. The p99 of the load and the server's memory show what the slow consumers cost.
func runSlow(set settings) (*report, error) {
	l, err := newLoad(set, messages(set.text), set.n, 2)
	if err != nil {
		return nil, err
	}
	defer l.stop()
	f, err := newFlood(set)
	if err != nil {
		return nil, err
	}
	defer f.stop()
	if err := l.start(set.window); err != nil {
		return nil, err
	}
	if err := f.start(floodWindow); err != nil {
		return nil, err
	}
	if err := l.wait(set.warmup); err != nil {
		return nil, err
	}
	before, err := l.measure(set.duration, set.pids)
	if err != nil {
		return nil, err
	}
	f.stopReading()
	already, peak := f.messages(), peakKB(set.pids)
	beside, err := l.measure(set.duration, set.pids)
	highest := peak()
	if err != nil {
		return nil, err
	}
	unread := f.messages() - already
	f.stop()
	l.stop()

	r := &report{scenario: "slow"}
	r.add("n", set.n)
	r.add("consumers", len(f.consumers))
	r.add("acked_per_s_before", float64(before.acked)/before.seconds)
	r.add("acked_per_s", float64(beside.acked)/beside.seconds)
	r.add("p99_ms_before", milliseconds(percentile(before.heard, .99)))
	r.add("p99_ms", milliseconds(percentile(beside.heard, .99)))
	if len(set.pids) > 0 {
		r.add("rss_mb_before", before.residentKB/1024)
		r.add("rss_mb_peak", highest/1024)
	}
	r.add("unread_mb_each", float64(unread)*floodText/1e6)
	r.add("consumers_dropped", f.countDropped(min(set.settle, 2*time.Second)))
	return r, nil
}

// A flood is two sockets that exchange long messages as fast as they can, and consumers that receive them.
type flood struct {
	*load
	consumers []*websocket
	reading   sync.WaitGroup
	stopped   atomic.Bool
}

func newFlood(set settings) (*flood, error) {
	l, err := newLoad(set, messages(floodText), 1, 2)
	if err != nil {
		return nil, err
	}
	f := &flood{load: l, consumers: make([]*websocket, set.slow)}
	err = parallel(set.slow, 16, func(i int) error {
		w, err := joinSocket(set, i, l.groups[0].conversation)
		if err != nil {
			return err
		}
		f.consumers[i] = w
		f.reading.Go(func() { f.read(w) })
		return nil
	})
	if err != nil {
		f.stopReading()
		f.stop()
	}
	return f, err
}

// read receives packets and answers pings, as a client does, until the consumers stop reading.
func (f *flood) read(w *websocket) {
	for !f.stopped.Load() {
		packet, err := w.receive()
		if err != nil {
			return
		}
		if bytes.Equal(packet, ping) {
			w.send(pong)
		}
	}
}

// stopReading stops reading and leaves the connections open with small receive buffers, like a frozen browser tab.
func (f *flood) stopReading() {
	f.stopped.Store(true)
	for _, w := range f.consumers {
		if w != nil {
			w.SetReadDeadline(time.Now()) // wakes a reader that waits
		}
	}
	f.reading.Wait()
	for _, w := range f.consumers {
		if w != nil {
			w.Conn.(*net.TCPConn).SetReadBuffer(4096)
		}
	}
}

func (f *flood) messages() int64 {
	g := f.groups[0]
	return g.steps.Load() / g.perSending
}

// countDropped reads again and counts the connections that the server has closed. Data from the kernels' buffers
// arrives first. A connection that is silent for as long as quiet is still open.
func (f *flood) countDropped(quiet time.Duration) int {
	const longest = 8 * time.Second
	var dropped atomic.Int64
	parallel(len(f.consumers), len(f.consumers), func(i int) (err error) {
		w, rest := f.consumers[i], make([]byte, 64<<10)
		defer w.cut()
		w.Conn.(*net.TCPConn).SetReadBuffer(4 << 20)
		for end := time.Now().Add(longest); err == nil && time.Now().Before(end); {
			w.SetReadDeadline(time.Now().Add(quiet))
			_, err = w.Read(rest)
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			dropped.Add(1)
		}
		return nil
	})
	return int(dropped.Load())
}

// peakKB watches the memory until the function it returns is called. That function returns the highest reading.
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
