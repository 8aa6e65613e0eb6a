package engine

import (
	"sync"
	"time"
)

// heartbeat pings every connection PingInterval after its last pong, and closes it if no pong arrives within
// PingTimeout. All connections wait for the same time, so they are due in the order in which they began to wait. Two
// lists and one ticker therefore replace a timer for each connection.
type heartbeat struct {
	interval, timeout time.Duration
	ping, expire      func(*Conn)
	stop              chan struct{}

	mu    sync.Mutex
	pings beatList // due for a ping
	pongs beatList // due for a pong
}

// beat is a connection's position in one of the two lists; guarded by heartbeat.mu.
type beat struct {
	list       *beatList
	prev, next *Conn
	due        time.Time
}

// beatList is a doubly linked list of connections, which contain the links.
type beatList struct{ first, last *Conn }

func (l *beatList) append(c *Conn, due time.Time) {
	c.beat = beat{list: l, prev: l.last, due: due}
	if l.last == nil {
		l.first = c
	} else {
		l.last.beat.next = c
	}
	l.last = c
}

func (l *beatList) remove(c *Conn) {
	if c.beat.prev == nil {
		l.first = c.beat.next
	} else {
		c.beat.prev.beat.next = c.beat.next
	}
	if c.beat.next == nil {
		l.last = c.beat.prev
	} else {
		c.beat.next.beat.prev = c.beat.prev
	}
	c.beat = beat{}
}

// run ticks until stop is closed. A tick is short compared with both waits.
func (h *heartbeat) run() {
	tick := max(min(h.interval, h.timeout, 12*time.Second)/50, time.Millisecond)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-h.stop:
			return
		case <-ticker.C:
			h.tick(time.Now())
		}
	}
}

// tick pings and closes the connections that are due. It does so without the lock.
func (h *heartbeat) tick(now time.Time) {
	var ping, expire []*Conn
	h.mu.Lock()
	for c := h.pongs.first; c != nil && !now.Before(c.beat.due); c = h.pongs.first {
		h.pongs.remove(c)
		expire = append(expire, c)
	}
	for c := h.pings.first; c != nil && !now.Before(c.beat.due); c = h.pings.first {
		due := c.beat.due
		h.pings.remove(c)
		h.pongs.append(c, due.Add(h.timeout))
		ping = append(ping, c)
	}
	h.mu.Unlock()
	for _, c := range expire {
		h.expire(c)
	}
	for _, c := range ping {
		h.ping(c)
	}
}

func (h *heartbeat) add(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pings.append(c, time.Now().Add(h.interval))
}

func (h *heartbeat) remove(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.beat.list != nil {
		c.beat.list.remove(c)
	}
}

// pong notes that a connection has answered its ping. A pong without a ping changes nothing.
func (h *heartbeat) pong(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.beat.list == &h.pongs {
		h.pongs.remove(c)
		h.pings.append(c, time.Now().Add(h.interval))
	}
}

// expired reports whether the time for a pong is over. The next tick may not have noticed yet.
func (h *heartbeat) expired(c *Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.beat.list == nil {
		return false
	}
	due := c.beat.due
	if c.beat.list == &h.pings {
		due = due.Add(h.timeout)
	}
	return !time.Now().Before(due)
}
