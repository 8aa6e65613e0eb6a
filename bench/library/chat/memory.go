package chat

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	gcPercent  = 400
	look       = 2 * time.Second
	quietBytes = 2 << 20 // allocated between two looks: less means no load
	wasteBytes = 4 << 20 // allocated since the last collection: less is not worth a collection
)

// tuneMemory does the same as cmd/parley: it lets garbage grow under load and returns memory to the system when there
// is no load.
func tuneMemory() {
	debug.SetGCPercent(gcPercent)
	seen, collected := allocated(), uint64(0)
	for range time.Tick(look) {
		total := allocated()
		if total-seen < quietBytes && total-collected > wasteBytes {
			debug.FreeOSMemory()
			collected = total
		}
		seen = total
	}
}

// allocated returns how many bytes the process has allocated on its heap since it started.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
