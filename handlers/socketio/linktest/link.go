// Package linktest gives tests a TCP link that fails as they choose.
package linktest

import (
	"bytes"
	"net"
	"sync"
	"testing"
)

// Link forwards connections to a server. All is well until a method says otherwise.
type Link struct {
	listener net.Listener
	target   string
	running  sync.WaitGroup

	mu      sync.Mutex
	open    chan struct{} // closed unless what the server sends is held back
	refuses bool
	lines   map[*line]struct{}
}

// line is one connection through the link.
type line struct {
	link           *Link
	client, server net.Conn

	mu   sync.Mutex
	said []byte // by the client
	dumb bool   // what the server sends is lost
}

// New opens a link to the server at an address. It closes with the test.
func New(t testing.TB, target string) *Link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Link{
		listener: listener,
		target:   target,
		open:     make(chan struct{}),
		lines:    map[*line]struct{}{},
	}
	close(l.open)
	l.running.Go(l.accept)
	t.Cleanup(func() {
		listener.Close()
		l.Unblock()
		l.Cut()
		l.running.Wait()
	})
	return l
}

// Addr returns where clients connect to.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// Block holds back what the server sends, on all connections.
func (l *Link) Block() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.open:
		l.open = make(chan struct{})
	default:
	}
}

// Unblock ends Block: what was held back comes.
func (l *Link) Unblock() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.open:
	default:
		close(l.open)
	}
}

// HalfOpen loses what the server sends on the connections that exist and on which the client has said something. They
// stay open. It returns how many there are.
func (l *Link) HalfOpen(said string) (lines int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range l.lines {
		line.mu.Lock()
		if !line.dumb && bytes.Contains(line.said, []byte(said)) {
			line.dumb = true
			lines++
		}
		line.mu.Unlock()
	}
	return lines
}

// Cut closes all connections.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range l.lines {
		line.end()
	}
}

// Refuse closes all connections and every new one, until Accept.
func (l *Link) Refuse() {
	l.mu.Lock()
	l.refuses = true
	l.mu.Unlock()
	l.Cut()
}

// Accept ends Refuse.
func (l *Link) Accept() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuses = false
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", l.target)
		if err != nil {
			client.Close()
			continue
		}
		l.add(&line{link: l, client: client, server: server})
	}
}

func (l *Link) add(c *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuses {
		c.end()
		return
	}
	l.lines[c] = struct{}{}
	l.running.Go(func() { c.forward(c.server, c.client, c.fromClient) })
	l.running.Go(func() { c.forward(c.client, c.server, c.fromServer) })
}

// forward copies what pass lets through.
func (c *line) forward(to, from net.Conn, pass func([]byte) bool) {
	defer c.leave()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && pass(buffer[:n]) {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (c *line) fromClient(b []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, b...)
	return true
}

func (c *line) fromServer([]byte) bool {
	c.link.mu.Lock()
	open := c.link.open
	c.link.mu.Unlock()
	<-open
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.dumb
}

func (c *line) end() {
	c.client.Close()
	c.server.Close()
}

func (c *line) leave() {
	c.end()
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	delete(c.link.lines, c)
}
