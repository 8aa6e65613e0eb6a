// Package link gives tests a network that they can break. A Link is a TCP proxy: its near end is the client that dials
// it, its far end a server, such as a node, PostgreSQL or Redis.
package link

import (
	"context"
	"net"
	"sync"
	"time"
)

// A Link is a TCP proxy to one target. The kernel of this machine acknowledges what a link holds back: only the ends
// can find out that nobody answers.
type Link struct {
	Address string

	alive   context.Context // until Close
	end     context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	target   string
	listener net.Listener // nil while connections are refused
	weather  Weather
	changed  chan struct{} // closed when the weather changes
	pairs    map[*pair]bool
	sent     func(data []byte)
	answers  func(data []byte) (lost bool)
}

// End is one side of a link.
type End int

// The ends of a link.
const (
	Near End = iota // the one who dialed
	Far
)

// New opens a link to an address. Its caller closes it.
func New(target string) (*Link, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	l := &Link{
		Address: address,
		target:  target,
		changed: make(chan struct{}),
		pairs:   map[*pair]bool{},
	}
	l.alive, l.end = context.WithCancel(context.Background())
	return l, l.Accept()
}

// Accept lets the link take connections. It ends Refuse.
func (l *Link) Accept() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.alive.Err(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", l.Address)
	if err != nil {
		return err
	}
	l.listener = listener
	l.running.Go(func() { l.serve(listener) })
	return nil
}

// Refuse resets every connection and takes no new ones.
func (l *Link) Refuse() {
	l.mu.Lock()
	if l.listener != nil {
		l.listener.Close()
		l.listener = nil
	}
	l.mu.Unlock()
	l.Reset()
}

// Close ends the link and all of its connections.
func (l *Link) Close() {
	l.mu.Lock()
	l.end()
	l.mu.Unlock()
	l.Refuse()
	l.running.Wait()
}

func (l *Link) serve(listener net.Listener) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		l.running.Go(func() { l.connect(listener, near) })
	}
}

func (l *Link) connect(listener net.Listener, near net.Conn) {
	l.mu.Lock()
	target := l.target
	l.mu.Unlock()
	dialer := net.Dialer{Timeout: 10 * time.Second}
	far, err := dialer.DialContext(l.alive, "tcp", target)
	if err != nil {
		reset(near)
		return
	}
	p := &pair{link: l, ends: [2]net.Conn{near, far}, ended: make(chan struct{})}
	l.mu.Lock()
	late := l.listener != listener || l.target != target // Refuse or Target came first
	if !late {
		l.pairs[p] = true
	}
	l.mu.Unlock()
	if late {
		p.end()
		return
	}
	l.running.Go(func() { p.pump(Near) })
	l.running.Go(func() { p.pump(Far) })
}

// Target makes new connections go elsewhere, and resets the others.
func (l *Link) Target(address string) {
	l.mu.Lock()
	l.target = address
	l.mu.Unlock()
	l.Reset()
}

// Reset resets the connections that exist.
func (l *Link) Reset() {
	for _, p := range l.open() {
		p.end()
	}
}

// HalfOpen takes one end away from every connection that exists: the end that is kept hears nothing more, not even that
// the connection has ended.
func (l *Link) HalfOpen(keep End) { l.HalfOpenWhere(keep, "") }

// HalfOpenWhere is HalfOpen for the connections in whose first 4 KiB the near end has said something.
func (l *Link) HalfOpenWhere(keep End, said string) {
	for _, p := range l.open() {
		if p.began(said) {
			p.halve(keep)
		}
	}
}

// OnSend calls hook with what the near end sends, before it is passed on. What hook does to the link holds for that
// data too.
func (l *Link) OnSend(hook func(data []byte)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = hook
}

// LoseAnswers calls lost with what the far end sends. If it returns true, that data is dropped and the connection
// reset.
func (l *Link) LoseAnswers(lost func(data []byte) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = lost
}

func (l *Link) hooks() (sent func([]byte), lost func([]byte) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent, l.answers
}

// Ports returns the local ports of the connections to the target.
func (l *Link) Ports() (ports []int) {
	for _, p := range l.open() {
		if address, ok := p.ends[Far].LocalAddr().(*net.TCPAddr); ok {
			ports = append(ports, address.Port)
		}
	}
	return ports
}

func (l *Link) open() (pairs []*pair) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.pairs {
		pairs = append(pairs, p)
	}
	return pairs
}
