package main

import (
	"sync"
	"sync/atomic"
)

// parallel runs do(0) … do(count-1) on that many workers. It returns the first error, and starts no more calls after
// it.
func parallel(count, workers int, do func(i int) error) error {
	var (
		next  atomic.Int64
		group sync.WaitGroup
		once  sync.Once
		first error
	)
	for range min(workers, count) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < count; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					once.Do(func() { first = err })
					next.Store(int64(count))
					return
				}
			}
		})
	}
	group.Wait()
	return first
}
