package main

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"parley/services"
)

const (
	firstPause   = 5 * time.Millisecond // after a failed accept; it doubles up to lastPause
	lastPause    = time.Second
	logInterval  = time.Minute // between two log lines that say the same
	retryAfter   = "5"         // seconds, for clients that are turned away
	bytesAddress = 16 << 20    // what requests and answers of one address may take up
	bytesTotal   = 256 << 20   // and those of all
)

// limits bound what a listener lets in. Zero sets no limit.
type limits struct {
	connections int            // at the same time
	perAddress  int            // of those, by services.AddressKey
	proxies     []netip.Prefix // their connections are other people's: perAddress does not count them
	polite      int            // how many that are turned away may take their time at once
}

const (
	mostConnections = 1_000_000
	mostReserved    = 256 // descriptors for the database, Redis and files
)

// connectionLimits are MAX_CONNECTIONS, or else what the system's limit of open files leaves, and for one address a
// quarter more than it may have sockets, but never more than half of all.
func (c *Config) connectionLimits() limits {
	descriptors := descriptorLimit()
	reserved := min(descriptors/2, mostReserved)
	available := descriptors - reserved
	result := limits{
		connections: int(c.MaxConnections),
		proxies:     c.TrustedProxies,
		polite:      reserved / 8,
	}
	if result.connections == 0 {
		result.connections = available
	} else if descriptors > 0 && result.connections > available {
		slog.Warn("MAX_CONNECTIONS is more than the limit of open files allows: see ulimit -n", "max_connections",
			result.connections, "open_files", descriptors)
	}
	if result.perAddress = c.AddressLimits.Sockets * 5 / 4; result.connections > 0 && result.perAddress > 0 {
		result.perAddress = min(result.perAddress, max(result.connections/2, 1))
	}
	return result
}

// listener accepts connections within limits, and goes on when the system is out of something: it never returns an
// error that passes.
type listener struct {
	net.Listener
	limits limits
	ended  chan struct{}
	end    sync.Once
	polite chan struct{}
	log    *slog.Logger
	held   atomic.Int64

	mu     sync.Mutex
	open   map[*connection]struct{}
	peers  map[string]*peer
	logged map[string]time.Time // the last time of each log line
}

// peer is an address that has connections.
type peer struct {
	connections int // guarded by listener.mu
	held        atomic.Int64
	proxy       bool
}

func newListener(inner net.Listener, limits limits) *listener {
	return &listener{
		Listener: inner,
		limits:   limits,
		ended:    make(chan struct{}),
		log:      slog.Default(),
		polite:   make(chan struct{}, limits.polite),
		open:     map[*connection]struct{}{},
		peers:    map[string]*peer{},
		logged:   map[string]time.Time{},
	}
}

// Accept returns the next connection that the limits let in. Its only error is that the listener was closed or cannot
// work at all.
func (l *listener) Accept() (net.Conn, error) {
	pause := firstPause
	for {
		accepted, err := l.Listener.Accept()
		if err != nil && !passes(err) {
			return nil, err
		} else if err != nil {
			l.warn("cannot accept connections, trying again", "error", err)
			if !l.wait(pause) {
				return nil, net.ErrClosed
			}
			pause = min(2*pause, lastPause)
			continue
		}
		pause = firstPause
		if conn := l.admit(accepted); conn != nil {
			return conn, nil
		}
	}
}

// passes reports whether accepting may succeed later: the system is out of descriptors or memory, or a client gave up
// in the queue. Other errors mean that the listener itself is gone.
func passes(err error) bool {
	for _, final := range []error{net.ErrClosed, syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK, syscall.EFAULT} {
		if errors.Is(err, final) {
			return false
		}
	}
	return true
}

// wait pauses, and reports false when the listener was closed.
func (l *listener) wait(pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.ended:
		return false
	}
}

// Close stops accepting. Open connections stay.
func (l *listener) Close() error {
	l.end.Do(func() { close(l.ended) })
	return l.Listener.Close()
}

// admit counts a connection, or turns it away and returns nil.
func (l *listener) admit(accepted net.Conn) *connection {
	address, _ := netip.ParseAddrPort(accepted.RemoteAddr().String())
	key := services.AddressKey(address.Addr().String())
	l.mu.Lock()
	from := l.peers[key]
	full := l.limits.connections > 0 && len(l.open) >= l.limits.connections
	greedy := from != nil && !from.proxy && l.limits.perAddress > 0 && from.connections >= l.limits.perAddress
	if full || greedy {
		l.mu.Unlock()
		l.turnAway(accepted, full, key)
		return nil
	}
	defer l.mu.Unlock()
	if from == nil {
		from = &peer{proxy: l.isProxy(address.Addr())}
		l.peers[key] = from
	}
	from.connections++
	conn := &connection{Conn: accepted, listener: l, key: key, from: from}
	l.open[conn] = struct{}{}
	return conn
}

func (l *listener) isProxy(address netip.Addr) bool {
	for _, prefix := range l.limits.proxies {
		if prefix.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}

// forget stops counting a connection.
func (l *listener) forget(conn *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, counted := l.open[conn]; !counted {
		return
	}
	delete(l.open, conn)
	if conn.from.connections--; conn.from.connections == 0 {
		delete(l.peers, conn.key)
	}
}

// cutAll ends every connection that is still open.
func (l *listener) cutAll() {
	l.mu.Lock()
	open := make([]*connection, 0, len(l.open))
	for conn := range l.open {
		open = append(open, conn)
	}
	l.mu.Unlock()
	for _, conn := range open {
		conn.Conn.Close()
	}
}

// warn logs at most one line of a kind in a logInterval.
func (l *listener) warn(message string, values ...any) {
	l.mu.Lock()
	last, known := l.logged[message]
	recent := known && time.Since(last) < logInterval
	if !recent {
		l.logged[message] = time.Now()
	}
	l.mu.Unlock()
	if !recent {
		l.log.Warn(message, values...)
	}
}
