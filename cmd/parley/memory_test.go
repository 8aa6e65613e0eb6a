package main

import (
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

// look is a look at a server that has allocated so much since the one before.
type look struct {
	allocated uint64
	want      bool
}

func TestReturnMemory_comesWithQuietAndStopsByItself(t *testing.T) {
	t.Parallel()
	const (
		quiet = 10 << 10
		light = lightTraffic - 1
		busy  = lightTraffic
	)
	for name, looks := range map[string][]look{
		"nothing was allocated": {{0, false}, {quiet, false}, {quiet, false}},
		"after a peak":          {{600 << 20, false}, {quiet, true}, {quiet, false}, {quiet, true}, {quiet, false}, {quiet, true}, {quiet, false}, {quiet, false}},
		"with light traffic":    {{600 << 20, false}, {light, true}, {light, true}, {quiet, false}, {quiet, true}},
		"with heavy traffic":    {{600 << 20, false}, {busy, false}, {busy, false}, {busy, false}},
	} {
		var state returnState
		now, allocated := time.Now(), uint64(0)
		for i, look := range looks {
			allocated += look.allocated
			if got := state.due(now, allocated); got != look.want {
				t.Errorf("%s: look %d is %v", name, i, got)
			} else if got {
				state.returned(now, time.Millisecond)
			}
			now = now.Add(returnPause / 2)
		}
	}
}

func TestReturnMemory_restsAfterALongOne(t *testing.T) {
	t.Parallel()
	for took, rest := range map[time.Duration]time.Duration{
		100 * time.Millisecond: 5 * time.Second,
		400 * time.Millisecond: 20 * time.Second,
		5 * time.Second:        longestRest,
	} {
		var state returnState
		now := time.Now()
		state.due(now, 100<<20)
		if !state.due(now, 100<<20) {
			t.Fatal("memory is not returned")
		}
		state.returned(now, took)
		if state.due(now.Add(rest-time.Second), 200<<20) || !state.due(now.Add(rest), 200<<20) {
			t.Errorf("a return that took %s is not followed by %s without", took, rest)
		}
	}
}

func TestLive_collectsASmallHeapLater(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	for name, c := range map[string]struct {
		live
		growth int
		bytes  int64
	}{
		"nothing yet":    {live{0, 0, 0, leastHeap}, mostPercent, leastHeap * 11 / 10},
		"an idle server": {live{5 * mb, mb, 10 * mb, leastHeap}, mostPercent, 10*mb + leastHeap*11/10},
		"a busy one":     {live{15 * mb, mb, 10 * mb, leastHeap}, 156, 10*mb + leastHeap*11/10}, // until the heap has leastHeap
		"many stacks":    {live{22 * mb, 22 * mb, 40 * mb, 40 * mb}, 40, 40*mb + 44*mb},
		"a large heap":   {live{400 * mb, 0, 40 * mb, leastHeap}, leastPercent, 810 * mb},
	} {
		if percent, limit := c.live.percent(), c.live.limit(); percent != c.growth || limit != c.bytes {
			t.Errorf("%s: %d %% and %d MB", name, percent, limit/mb)
		}
	}
}

func nothing() int64 { return 0 }

func TestWork_letsABusyServerHaveMoreMemory(t *testing.T) {
	t.Parallel()
	stored, now := int64(0), time.Now()
	w := work{stored: func() int64 { return stored }}
	for _, next := range []struct {
		stored int64
		after  time.Duration
		want   uint64
	}{
		{0, 0, leastHeap},
		{0, time.Millisecond, leastHeap},
		{busyRate, time.Second, busyHeap},
		{busyRate / 10, time.Second / 10, busyHeap},
		{busyRate - 1, time.Second, leastHeap},
		{10 * busyRate, time.Minute, leastHeap}, // much, but slowly
	} {
		stored, now = stored+next.stored, now.Add(next.after)
		if got := w.heap(now); got != next.want {
			t.Errorf("%d messages in %s: the heap may have %d MB", next.stored, next.after, got>>20)
		}
	}
}

// Not parallel: it changes when garbage is collected.
func TestAfterCollection_followsTheHeap(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	reaches := func(what string, holds func(percent uint64) bool) {
		t.Helper()
		sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		for deadline := time.Now().Add(patience); ; runtime.GC() {
			if metrics.Read(sample); holds(sample[0].Value.Uint64()) {
				return
			} else if time.Now().After(deadline) {
				t.Fatalf("%s: the percentage is %d", what, sample[0].Value.Uint64())
			}
		}
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	afterCollection(ctx, &collection{most: math.MaxInt64, work: work{stored: nothing}})
	large := make([]byte, leastHeap)
	reaches("a large heap", func(percent uint64) bool { return percent <= leastPercent })
	runtime.KeepAlive(large)
	reaches("a small heap", func(percent uint64) bool { return percent > 100 })
}

// held is how many bytes the process has from the system.
func held() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}

// Not parallel: what other tests allocate would count.
func TestTuneMemory_givesBackAPeak(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); tuneMemory(ctx, nothing) }()
	defer func() { cancel(); <-ended }()
	debug.FreeOSMemory()
	before := held()
	peak := make([][]byte, 200)
	for i := range peak {
		peak[i] = make([]byte, 1<<20)
	}
	if grown := held() - before; grown < 150<<20 {
		t.Fatalf("a peak of 200 MB grows the process by %d MB", grown>>20)
	}
	runtime.KeepAlive(peak)
	deadline := time.After(patience)
	for kept := [][]byte{}; held() > before+20<<20; kept = append(kept, make([]byte, 1<<10)) { // light traffic
		select {
		case <-deadline:
			t.Fatalf("%d MB stay", (held()-before)>>20)
		case <-time.After(time.Millisecond):
		}
	}
}
