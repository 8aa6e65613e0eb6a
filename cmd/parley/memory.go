package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	busyGCPercent = 400             // a small heap under load would be collected ten times a second
	quietLook     = 2 * time.Second // how often to look whether there is work
	quietBytes    = 2 << 20         // allocated between two looks: less is no work
	wasteBytes    = 4 << 20         // allocated since the last collection: less is not worth one
)

// tuneMemory lets garbage grow while there is work, and gives memory back to the system when there is none: thousands
// of idle connections should cost what they hold, not what it took to open them. Who sets GOGC decides alone.
func tuneMemory(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(busyGCPercent)
	look := time.NewTicker(quietLook)
	defer look.Stop()
	seen, collected := allocated(), uint64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		total := allocated()
		if total-seen < quietBytes && total-collected > wasteBytes {
			debug.FreeOSMemory()
			collected = total
		}
		seen = total
	}
}

// allocated is how many bytes the process has ever allocated on its heap.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
