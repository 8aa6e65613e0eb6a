package cluster

import (
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Weather is how a link treats what passes. The zero value passes everything at once.
type Weather struct {
	Delay    time.Duration // of every piece, in each direction
	Jitter   time.Duration // the most that is added to Delay
	Rate     int           // bytes a second in each direction; 0: no limit
	BlockOut bool          // what the one who dialed sends is held back
	BlockIn  bool          // what the one who dialed would receive is held back
}

// A Link is a TCP proxy to one target. The kernel of this machine acknowledges what a link holds back: only the ends
// can find out that nobody answers.
type Link struct {
	Address string

	mu       sync.Mutex
	target   string
	listener net.Listener
	weather  Weather
	changed  chan struct{} // closed when the weather changes
	pairs    map[*pair]bool
	answers  func(data []byte) (lost bool)
	closed   bool
}

// End is one side of a link.
type End int

// The ends of a link.
const (
	Near End = iota // the one who dialed
	Far
)

func newLink(target string) (*Link, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	l := &Link{
		Address: address,
		target:  target,
		changed: make(chan struct{}),
		pairs:   map[*pair]bool{},
	}
	return l, l.Accept()
}

// Accept lets the link take connections. It ends Refuse.
func (l *Link) Accept() error {
	listener, err := net.Listen("tcp", l.Address)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.listener = listener
	l.mu.Unlock()
	go l.serve(listener)
	return nil
}

func (l *Link) serve(listener net.Listener) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		go l.connect(near)
	}
}

func (l *Link) connect(near net.Conn) {
	l.mu.Lock()
	target := l.target
	l.mu.Unlock()
	far, err := net.DialTimeout("tcp", target, 10*time.Second)
	if err != nil {
		reset(near)
		return
	}
	p := &pair{link: l, ended: make(chan struct{})}
	p.ends = [2]net.Conn{near, far}
	l.mu.Lock()
	gone := l.closed
	l.pairs[p] = true
	l.mu.Unlock()
	if gone {
		p.end()
		return
	}
	go p.pump(Near)
	go p.pump(Far)
}

// Set changes the weather, also for the connections that exist.
func (l *Link) Set(weather Weather) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.weather = weather
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *Link) now() (Weather, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.weather, l.changed
}

// Target makes new connections go elsewhere, and resets the others.
func (l *Link) Target(address string) {
	l.mu.Lock()
	l.target = address
	l.mu.Unlock()
	l.Reset()
}

// LoseAnswers calls lost with what the far end sends. If it returns true, that data is dropped and the connection
// reset.
func (l *Link) LoseAnswers(lost func(data []byte) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = lost
}

// Reset resets the connections that exist.
func (l *Link) Reset() {
	for _, p := range l.open() {
		p.end()
	}
}

// HalfOpen takes one end away from every connection that exists: the end that is kept hears nothing more, not even that
// the connection has ended.
func (l *Link) HalfOpen(keep End) {
	for _, p := range l.open() {
		p.halve(keep)
	}
}

// Refuse resets every connection and takes no new ones.
func (l *Link) Refuse() {
	l.mu.Lock()
	listener := l.listener
	l.mu.Unlock()
	listener.Close()
	l.Reset()
}

// Close ends the link.
func (l *Link) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.Refuse()
}

func (l *Link) open() (pairs []*pair) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.pairs {
		pairs = append(pairs, p)
	}
	return pairs
}

// A pair is one connection through a link.
type pair struct {
	link  *Link
	ends  [2]net.Conn
	once  sync.Once
	ended chan struct{}

	mu    sync.Mutex
	alone bool // one end is gone, and the other does not know
	kept  End
}

// end resets both ends.
func (p *pair) end() {
	p.once.Do(func() {
		p.link.mu.Lock()
		delete(p.link.pairs, p)
		p.link.mu.Unlock()
		close(p.ended)
		for _, conn := range p.ends {
			reset(conn)
		}
	})
}

// over ends the pair after one end has closed its connection, properly if all that it sent has arrived.
func (p *pair) over() {
	p.once.Do(func() {
		p.link.mu.Lock()
		delete(p.link.pairs, p)
		p.link.mu.Unlock()
		close(p.ended)
		for _, conn := range p.ends {
			conn.Close()
		}
	})
}

func (p *pair) halve(keep End) {
	p.mu.Lock()
	p.alone, p.kept = true, keep
	p.mu.Unlock()
	reset(p.ends[1-keep])
}

// left reports whether an end has lost the other.
func (p *pair) left(end End) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alone && p.kept == end
}

// A piece is data on its way. The last one, without data, is the end of the connection.
type piece struct {
	data []byte
	due  time.Time
}

// pump carries what one end sends to the other.
func (p *pair) pump(from End) {
	pieces := make(chan piece, 16)
	go p.deliver(from, pieces)
	defer close(pieces)
	buffer := make([]byte, 16<<10)
	var due time.Time
	for {
		n, err := p.ends[from].Read(buffer)
		weather, _ := p.link.now()
		wait := weather.Delay
		if weather.Jitter > 0 {
			wait += rand.N(weather.Jitter)
		}
		if at := time.Now().Add(wait); at.After(due) {
			due = at // never before the piece ahead of it
		}
		if n > 0 && !p.left(from) {
			select {
			case pieces <- piece{append([]byte(nil), buffer[:n]...), due}:
			case <-p.ended:
				return
			}
		}
		if err == nil {
			continue
		}
		if p.left(1 - from) {
			return // this end is gone, and the other does not know
		}
		select {
		case pieces <- piece{nil, due}:
		case <-p.ended:
		}
		return
	}
}

func (p *pair) deliver(from End, pieces <-chan piece) {
	for next := range pieces {
		if !p.waitUntil(next.due) || !p.waitForLeave(from) {
			return
		}
		if next.data == nil {
			p.over()
			return
		}
		if from == Far && p.lose(next.data) {
			p.end()
			return
		}
		if !p.write(1-from, next.data) {
			p.end()
			return
		}
	}
}

func (p *pair) lose(data []byte) bool {
	p.link.mu.Lock()
	lost := p.link.answers
	p.link.mu.Unlock()
	return lost != nil && lost(data)
}

func (p *pair) waitUntil(due time.Time) bool {
	if wait := time.Until(due); wait > 0 {
		select {
		case <-time.After(wait):
		case <-p.ended:
			return false
		}
	}
	return true
}

// waitForLeave waits until what an end sends may pass.
func (p *pair) waitForLeave(from End) bool {
	for {
		weather, changed := p.link.now()
		if from == Near && !weather.BlockOut || from == Far && !weather.BlockIn {
			return true
		}
		select {
		case <-changed:
		case <-p.ended:
			return false
		}
	}
}

// write writes data at the link's rate, in ten parts a second.
func (p *pair) write(to End, data []byte) bool {
	for len(data) > 0 {
		weather, _ := p.link.now()
		size := len(data)
		if weather.Rate > 0 {
			size = min(size, max(weather.Rate/10, 1))
		}
		if _, err := p.ends[to].Write(data[:size]); err != nil {
			return p.left(1 - to)
		}
		data = data[size:]
		if weather.Rate > 0 {
			took := time.Second * time.Duration(size) / time.Duration(weather.Rate)
			if !p.waitUntil(time.Now().Add(took)) {
				return false
			}
		}
	}
	return true
}

func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
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
