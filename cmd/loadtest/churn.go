package main

import "time"

const (
	churnRooms   = 50  // conversations that the sockets join in turn
	churnAtATime = 100 // sockets open at once
)

// runChurn lets n sockets connect, join and disconnect, half of them without a close frame. If the server keeps
// something of each socket, its memory does not fall again. Other sockets do the same before the first reading, so that
// memory which a server allocates only once, or keeps as a reserve, does not count.
func runChurn(set settings) (*report, error) {
	rooms, err := openConversations(set, churnRooms)
	if err != nil {
		return nil, err
	}
	visit := func(i int) error {
		w, err := joinSocket(set, i, rooms[i%churnRooms])
		if err != nil {
			return err
		}
		if i/churnRooms%2 == 0 {
			return w.cut()
		}
		w.leave() // the server may have closed first
		return nil
	}
	if err := parallel(set.first, churnAtATime, visit); err != nil {
		return nil, err
	}
	before, err := lowestKB(set, 0)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := parallel(set.n, churnAtATime, visit); err != nil {
		return nil, err
	}
	took := time.Since(began).Seconds()
	peak, err := residentKB(set.pids)
	if err != nil {
		return nil, err
	}
	after, err := lowestKB(set, before)
	if err != nil {
		return nil, err
	}
	r := &report{scenario: "churn"}
	r.add("n", set.n)
	r.add("first", set.first)
	set.reportDials(r)
	r.add("connects_per_s", float64(set.n)/took)
	r.add("rss_before_mb", before/1024)
	r.add("rss_peak_mb", peak/1024)
	r.add("rss_after_mb", after/1024)
	r.add("kb_kept_per_connect", (after-before)/float64(set.n))
	return r, nil
}

// lowestKB waits until memory has fallen to enough or the settling time is over, and returns the lowest reading. A
// garbage collector may return memory late.
func lowestKB(set settings, enough float64) (float64, error) {
	lowest, err := residentKB(set.pids)
	for end := time.Now().Add(set.settle); err == nil && lowest > enough && time.Now().Before(end); {
		time.Sleep(200 * time.Millisecond)
		var now float64
		now, err = residentKB(set.pids)
		lowest = min(lowest, now)
	}
	return lowest, err
}
