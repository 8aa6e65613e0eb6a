package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

const costHeader = "| Attack | Sent | Memory before | At the peak | Afterward | Command |\n" +
	"| --- | --- | --- | --- | --- | --- |\n"

// A cost is what an attack did to the server's memory, in KB.
type cost struct {
	attack
	bytes, connections  int64
	before, peak, after float64
	quiet               time.Duration // how long memory took to come back
}

func (c cost) String() string {
	return fmt.Sprintf("| %s | %s in %d connections | %.0f MB | %.0f MB | %.0f MB after %.0f s | "+
		"`go run ./cmd/loadtest attack %s` |", c.about, size(c.bytes), c.connections, c.before/1024, c.peak/1024,
		c.after/1024, c.quiet.Seconds(), c.name)
}

// size is a number of bytes as people read it.
func size(bytes int64) string {
	switch {
	case bytes >= 10_000_000:
		return strconv.FormatInt(bytes/1_000_000, 10) + " MB"
	case bytes >= 10_000:
		return strconv.FormatInt(bytes/1000, 10) + " KB"
	}
	return strconv.FormatInt(bytes, 10) + " bytes"
}

// failure says what is beyond the bounds.
func (c cost) failure() error {
	switch {
	case c.peak-c.before > mostGrowth:
		return fmt.Errorf("%s: memory grows by %.0f MB", c.name, (c.peak-c.before)/1024)
	case c.after-c.before > mostLeft:
		return fmt.Errorf("%s: %.0f MB of memory do not come back", c.name, (c.after-c.before)/1024)
	}
	return nil
}

// suffer runs an attack and measures it.
func (t *target) suffer(a attack) (cost, error) {
	c := cost{attack: a}
	var err error
	if c.before, err = t.settled(); err != nil {
		return c, err
	}
	t.sent.Store(0)
	t.dialed.Store(0)
	if err := t.forgetPeak(); err != nil {
		return c, err
	}
	if err := a.run(t); err != nil {
		return c, err
	}
	t.hangUp()
	c.bytes, c.connections = t.sent.Load(), t.dialed.Load()
	if c.peak, err = t.memory("VmHWM:"); err != nil {
		return c, err
	}
	began := time.Now()
	for c.quiet <= quietTime {
		if c.after, err = t.settled(); err != nil {
			return c, err
		}
		if c.quiet = time.Since(began); c.after-c.before <= mostLeft {
			break
		}
	}
	return c, t.alive()
}

// settled is the server's memory once it has not fallen for a while.
func (t *target) settled() (float64, error) {
	least, err := t.memory("VmRSS:")
	for quiet := 0; err == nil && quiet < 12; quiet++ {
		time.Sleep(time.Second)
		var now float64
		if now, err = t.memory("VmRSS:"); now < least-512 {
			quiet = 0
		}
		least = min(least, now)
	}
	return least, err
}

// memory reads a line of the server's status, in KB.
func (t *target) memory(line string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", t.pid))
	if err != nil {
		return 0, fmt.Errorf("the server has ended: %w", err)
	}
	_, rest, found := strings.Cut(string(status), line)
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		return 0, fmt.Errorf("the server has ended")
	}
	return strconv.ParseFloat(fields[0], 64)
}

// forgetPeak makes the kernel measure the peak from now on.
func (t *target) forgetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", t.pid), []byte("5"), 0)
}
