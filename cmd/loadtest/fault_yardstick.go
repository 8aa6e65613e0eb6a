package main

import (
	"os"
	"path/filepath"
	"time"
)

// A yardstick measures how slow the machine is for everybody: others may use it at the same time. It writes to the
// disk, as a commit does, which also needs a turn of the processor.
type yardstick struct {
	file *os.File
}

func newYardstick(folder string) (*yardstick, error) {
	file, err := os.Create(filepath.Join(folder, "yardstick"))
	return &yardstick{file}, err
}

// measure repeats the same work for a time and returns the 99th percentile of what it took.
func (y *yardstick) measure(w *world, d time.Duration) (time.Duration, error) {
	var took []time.Duration
	block := make([]byte, 8<<10)
	for until := time.Now().Add(d); time.Now().Before(until); {
		began := time.Now()
		if _, err := y.file.WriteAt(block, 0); err != nil {
			return 0, err
		}
		if err := y.file.Sync(); err != nil {
			return 0, err
		}
		if err := sleep(w.ctx, time.Millisecond); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
		if err := sleep(w.ctx, 20*time.Millisecond); err != nil {
			return 0, err
		}
	}
	return percentile(took, .99), nil
}

func (y *yardstick) close() {
	if y != nil {
		y.file.Close()
	}
}
