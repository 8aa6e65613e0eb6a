package main

import (
	"errors"
	"time"
)

// figures are the results of measuring a load.
type figures struct {
	*recorder
	seconds    float64
	cpu        float64 // CPU seconds the server used
	residentKB float64
}

// measure records the load for d.
func (l *load) measure(d time.Duration, pids []int) (figures, error) {
	f := figures{recorder: &recorder{}}
	before, err := cpuSeconds(pids)
	if err != nil {
		return f, err
	}
	began := time.Now()
	l.recorder.Store(f.recorder)
	err = l.wait(d)
	l.recorder.Store(nil)
	f.seconds = time.Since(began).Seconds()
	if err != nil {
		return f, err
	}
	after, err := cpuSeconds(pids)
	if err != nil {
		return f, err
	}
	f.cpu = after - before
	if f.residentKB, err = residentKB(pids); err != nil {
		return f, err
	}
	f.mu.Lock() // a listener may still be recording
	defer f.mu.Unlock()
	if f.delivered == 0 {
		return f, errSilent
	}
	return f, nil
}

func runSend(set settings) (*report, error) {
	return runLoad(set, "send", messages(set.text), set.n, 2)
}

func runTyping(set settings) (*report, error) {
	set.window = 1
	return runLoad(set, "typing", indicators(), set.n, 2)
}

func runBig(set settings) (*report, error) {
	if set.n < 2 {
		return nil, errors.New("-n must be at least 2: a sender and a listener")
	}
	set.window = 1
	return runLoad(set, "big", indicators(), 1, set.n)
}

func runLoad(set settings, name string, k kind, count, size int) (*report, error) {
	l, err := newLoad(set, k, count, size)
	if err != nil {
		return nil, err
	}
	defer l.stop()
	if err := l.start(set.window); err != nil {
		return nil, err
	}
	if err := l.wait(set.warmup); err != nil {
		return nil, err
	}
	f, err := l.measure(set.duration, set.pids)
	if err != nil {
		return nil, err
	}
	l.stop()
	r := &report{scenario: name}
	r.add("n", set.n)
	r.add("window", set.window)
	set.reportDials(r)
	f.report(r, set, k.acknowledged)
	return r, nil
}

func (f figures) report(r *report, set settings, acknowledged bool) {
	if acknowledged {
		r.add("acked_per_s", float64(f.acked)/f.seconds)
	}
	r.add("delivered_per_s", float64(f.delivered)/f.seconds)
	if set.window > 1 {
		r.add("late_share", float64(f.late)/float64(f.delivered))
	}
	r.add("p50_ms", milliseconds(percentile(f.heard, .50)))
	r.add("p99_ms", milliseconds(percentile(f.heard, .99)))
	if acknowledged {
		r.add("ack_p50_ms", milliseconds(percentile(f.answered, .50)))
		r.add("ack_p99_ms", milliseconds(percentile(f.answered, .99)))
	}
	if len(set.pids) > 0 {
		r.add("cpu_us_per_delivery", f.cpu*1e6/float64(f.delivered))
		r.add("rss_mb", f.residentKB/1024)
	}
}
