package link

import (
	"bytes"
	"net"
	"sync"
)

// A pair is one connection through a link.
type pair struct {
	link  *Link
	ends  [2]net.Conn
	once  sync.Once
	ended chan struct{}

	mu      sync.Mutex
	opening []byte // the first that the near end has said
	alone   bool   // one end is gone, and the other does not know
	kept    End
}

const openingSize = 4 << 10

// end resets both ends.
func (p *pair) end() { p.finish(reset) }

// over ends the pair after one end has closed its connection, properly if all that it sent has arrived.
func (p *pair) over() { p.finish(func(conn net.Conn) { conn.Close() }) }

func (p *pair) finish(with func(net.Conn)) {
	p.once.Do(func() {
		p.link.mu.Lock()
		delete(p.link.pairs, p)
		p.link.mu.Unlock()
		close(p.ended)
		for _, conn := range p.ends {
			with(conn)
		}
	})
}

func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
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

// note keeps what the near end says first.
func (p *pair) note(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	room := openingSize - len(p.opening)
	p.opening = append(p.opening, data[:min(len(data), room)]...)
}

func (p *pair) began(said string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Contains(p.opening, []byte(said))
}
