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
// small heap, what an attack keeps alive for a moment would grow threefold. A server that stores more messages than one
// address may send has busyHeap instead: that is work, and collecting more often would slow it by a tenth.
const (
	leastPercent = 75
	mostPercent  = 400      // else the first collection of an attack on an idle server would come too late
	leastHeap    = 40 << 20 // bytes
	busyHeap     = 64 << 20 // bytes
	busyRate     = 2_000    // stored messages a second
)

// tuneMemory keeps the process small until ctx ends. Where GOGC is set, it alone decides when garbage is collected.
// stored returns how many messages the process has stored.
func tuneMemory(ctx context.Context, stored func() int64) {
	// GOMEMLIMIT, or nine tenths of what the container may have.
	if _, err := memlimit.Set(memlimit.WithProvider(memlimit.FromCgroup)); err != nil {
		slog.Debug("the container has no memory limit", "error", err)
	}
	if os.Getenv("GOGC") == "" {
		most := debug.SetMemoryLimit(-1)
		defer debug.SetMemoryLimit(most)
		afterCollection(ctx, &collection{most: most, work: work{stored: stored}})
	}
	returnMemory(ctx)
}

// work finds out if a server is busy.
type work struct {
	stored func() int64
	seen   int64 // what stored returned last time
	at     time.Time
}

// heap returns leastHeap or busyHeap, by how many messages were stored since the last call.
func (w *work) heap(now time.Time) uint64 {
	stored := w.stored()
	busy := float64(stored-w.seen) >= busyRate*now.Sub(w.at).Seconds() && stored > w.seen
	w.seen, w.at = stored, now
	if busy {
		return busyHeap
	}
	return leastHeap
}

// collection is an object that nothing refers to: its finalizer runs after every collection.
type collection struct {
	most    int64 // the memory limit that was given
	percent int
	work    work
}

// afterCollection decides when to collect next, and again after each collection until ctx ends.
func afterCollection(ctx context.Context, last *collection) {
	if ctx.Err() != nil {
		return
	}
	live := readLive()
	live.least = last.work.heap(time.Now())
	if percent := live.percent(); percent != last.percent {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(min(live.limit(), last.most))
		last.percent = percent
	}
	runtime.SetFinalizer(last, func(last *collection) { afterCollection(ctx, last) })
}

// live is what the last collection has found alive, what the process has beside its heap, and the heap at which to
// collect a small one next, in bytes.
type live struct{ heap, stacks, beside, least uint64 }

// goal returns the heap at which to collect next.
func (l live) goal() uint64 { return max(l.least, l.heap*(100+leastPercent)/100) }

// percent returns the goal as a percentage of growth. It applies to stacks and globals too.
func (l live) percent() int {
	return min(int((l.goal()-l.heap)*100/max(l.heap+l.stacks, 1)), mostPercent)
}

// limit returns the memory at which to collect in any case: on a busy machine the heap may have grown manifold before
// afterCollection lowers the percentage.
func (l live) limit() int64 { return int64(l.beside + l.goal()*11/10) }

func readLive() live {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/gc/scan/stack:bytes"},
		{Name: "/gc/scan/globals:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	value := func(i int) uint64 { return samples[i].Value.Uint64() }
	return live{
		heap:   value(0),
		stacks: value(1) + value(2),
		beside: value(3) - value(4) - value(5) - value(6) - value(7),
	}
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
