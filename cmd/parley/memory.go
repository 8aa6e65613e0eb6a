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

// The collector runs when the heap has grown by leastPercent since the last time, and later if it is smaller than
// leastHeap then. Go itself would collect a small heap ten times a second; with a percentage that is high enough for a
// small heap, what an attack keeps alive for a moment would grow threefold.
const (
	leastPercent = 75
	mostPercent  = 400      // else the first collection of an attack on an idle server would come too late
	leastHeap    = 64 << 20 // bytes
)

// tuneMemory keeps the process small until ctx ends. Where GOGC is set, it alone decides when garbage is collected.
func tuneMemory(ctx context.Context) {
	// GOMEMLIMIT, or nine tenths of what the container may have.
	if _, err := memlimit.Set(memlimit.WithProvider(memlimit.FromCgroup)); err != nil {
		slog.Debug("the container has no memory limit", "error", err)
	}
	if os.Getenv("GOGC") == "" {
		afterCollection(ctx, new(collection))
	}
	returnMemory(ctx)
}

// collection is an object that nothing refers to: its finalizer runs after every collection.
type collection struct{ percent int }

// afterCollection sets the percentage for the next collection, and again after each one until ctx ends.
func afterCollection(ctx context.Context, last *collection) {
	if ctx.Err() != nil {
		return
	}
	if percent := heapPercent(liveMemory()); percent != last.percent {
		debug.SetGCPercent(percent)
		last.percent = percent
	}
	runtime.SetFinalizer(last, func(last *collection) { afterCollection(ctx, last) })
}

// heapPercent returns the percentage of growth at which a heap is to be collected that had so many bytes after the last
// collection, beside so many in stacks and globals. The percentage applies to all of them.
func heapPercent(heap, stacks uint64) int {
	if heap >= leastHeap {
		return leastPercent
	}
	return min(max(leastPercent, int((leastHeap-heap)*100/max(heap+stacks, 1))), mostPercent)
}

func liveMemory() (heap, stacks uint64) {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/gc/scan/stack:bytes"},
		{Name: "/gc/scan/globals:bytes"},
	}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), samples[1].Value.Uint64() + samples[2].Value.Uint64()
}

// allocated is how many bytes the process has allocated on its heap since it started.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

const (
	lookInterval = 2 * time.Second
	lightTraffic = 8 << 20          // bytes allocated between two looks; a server that is busy collects by itself
	worthwhile   = 4 << 20          // bytes allocated since the last return
	returns      = 3                // pools let go of memory at the second collection, idle workers after ten seconds
	returnPause  = 10 * time.Second // before a return that is not worthwhile by itself
	restFactor   = 50               // a return is followed by that many times as long without one
	longestRest  = 25 * time.Second // also on a machine too busy to return memory quickly
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
		if now := time.Now(); state.due(now, allocated()) {
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
	pause   time.Time // end of returnPause
	resting time.Time // until when there is none
}

// due reports whether to return memory now, when so much has been allocated in all.
func (s *returnState) due(now time.Time, allocated uint64) bool {
	fresh := allocated-s.last > worthwhile
	if fresh {
		s.left = returns
	}
	light := allocated-s.seen < lightTraffic
	s.seen = allocated
	if s.left == 0 || !light || now.Before(s.resting) || !fresh && now.Before(s.pause) {
		return false
	}
	s.left--
	s.last = allocated
	return true
}

// returned notes how long a return took: a large heap is looked through less often.
func (s *returnState) returned(now time.Time, took time.Duration) {
	s.pause = now.Add(returnPause)
	s.resting = now.Add(min(restFactor*took, longestRest))
}
