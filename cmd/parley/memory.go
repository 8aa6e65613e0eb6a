package main

import (
	"context"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// How many bytes may become garbage between two collections, by what a collection has to scan: four times as many,
// while that is little, and as many in the end.
const (
	leastGarbage  = 16 << 20
	garbageFactor = 4
	extraGarbage  = 16 << 20

	leastPercent = 10
	mostPercent  = 2000
)

// tuneMemory keeps the process small until ctx ends. Where GOGC is set, it alone decides when garbage is collected.
func tuneMemory(ctx context.Context) {
	// GOMEMLIMIT, or nine tenths of what the container may have.
	if _, err := memlimit.Set(memlimit.WithProvider(memlimit.FromCgroup)); err != nil {
		slog.Debug("the container has no memory limit", "error", err)
	}
	if os.Getenv("GOGC") == "" {
		paceCollections(ctx)
	}
	returnMemory(ctx)
}

// paceCollections decides after each collection how much garbage may gather before the next. Go's own rule, as much as
// there is live memory, collects a small heap ten times a second, and lets what an attack keeps alive for a moment
// double.
func paceCollections(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	debug.SetGCPercent(garbagePercent(readMemory()))
	type collected struct{ _ [16]byte } // nobody keeps it: the next collection finds that, and cleans up
	runtime.AddCleanup(new(collected), paceCollections, ctx)
}

// garbagePercent is the GOGC for what a collection has left. Bytes without pointers cost a collection nothing, so they
// allow no garbage.
func garbagePercent(m memoryFigures) int {
	scanned := min(m.scannable, m.live+m.roots)
	garbage := max(leastGarbage, min(garbageFactor*scanned, extraGarbage+scanned))
	percent := 100 * garbage / max(m.live+m.roots, 1)
	return int(min(max(percent, leastPercent), mostPercent))
}

// memoryFigures are bytes as the runtime counts them.
type memoryFigures struct {
	live      uint64 // on the heap, at the last collection
	roots     uint64 // of stacks and globals
	scannable uint64 // of all that, what the next collection will look at: garbage may be among it
	allocated uint64 // on the heap since the process started
}

func readMemory() memoryFigures {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/gc/scan/stack:bytes"},
		{Name: "/gc/scan/globals:bytes"},
		{Name: "/gc/scan/heap:bytes"},
		{Name: "/gc/heap/allocs:bytes"},
	}
	metrics.Read(samples)
	roots := samples[1].Value.Uint64() + samples[2].Value.Uint64()
	return memoryFigures{
		live:      samples[0].Value.Uint64(),
		roots:     roots,
		scannable: samples[3].Value.Uint64() + roots,
		allocated: samples[4].Value.Uint64(),
	}
}

const (
	lookInterval = 2 * time.Second
	lightTraffic = 8 << 20          // bytes allocated between two looks; a server that is busy collects by itself
	worthwhile   = 4 << 20          // bytes allocated since the last return
	returnPause  = 10 * time.Second // between two returns
	returns      = 3                // pools let go of memory at the second collection, idle workers after ten seconds
	restFactor   = 50               // a return is followed by that many times as long without one
)

// returnMemory gives memory back to the system whenever there is little to do: thousands of idle connections should
// cost what they hold, not what it took to open them.
func returnMemory(ctx context.Context) {
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	var state returnState
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		if now := time.Now(); state.due(now, readMemory().allocated) {
			debug.FreeOSMemory()
			state.returned(now, time.Since(now))
		}
	}
}

// returnState decides when to return memory.
type returnState struct {
	seen    uint64    // allocated at the last look
	last    uint64    // allocated at the last return
	left    int       // returns still to make
	resting time.Time // until when there is none
}

// due reports whether to return memory now, when so much has been allocated in all.
func (s *returnState) due(now time.Time, allocated uint64) bool {
	if allocated-s.last > worthwhile {
		s.left = returns
	}
	light := allocated-s.seen < lightTraffic
	s.seen = allocated
	if s.left == 0 || !light || now.Before(s.resting) {
		return false
	}
	s.left--
	s.last = allocated
	return true
}

// returned notes how long a return took: a large heap is looked through less often.
func (s *returnState) returned(now time.Time, took time.Duration) {
	s.resting = now.Add(max(returnPause, restFactor*took))
}
