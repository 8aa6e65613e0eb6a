package main

import (
	"math"
	"slices"
	"sync"
	"time"
)

// A recorder collects the deliveries and acknowledgements of a measurement.
type recorder struct {
	mu        sync.Mutex
	heard     []time.Duration // from sending to each delivery
	answered  []time.Duration // from sending to the acknowledgement
	delivered int
	late      int // deliveries of messages older than one delivered before
	acked     int
}

func (r *recorder) delivery(took time.Duration, inOrder bool) {
	r.mu.Lock()
	r.delivered++
	if !inOrder {
		r.late++
	}
	r.heard = append(r.heard, took)
	r.mu.Unlock()
}

func (r *recorder) acknowledgement(took time.Duration) {
	r.mu.Lock()
	r.acked++
	r.answered = append(r.answered, took)
	r.mu.Unlock()
}

// percentile returns the smallest sample that at least the share q of all samples does not exceed, or 0 if there are no
// samples. It sorts samples.
func percentile(samples []time.Duration, q float64) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	slices.Sort(samples)
	rank := int(math.Ceil(q * float64(len(samples))))
	return samples[min(max(rank, 1), len(samples))-1]
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}
