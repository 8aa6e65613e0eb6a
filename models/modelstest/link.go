package modelstest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"parley/models"
)

// Link is a network between a test and a server: a TCP proxy that a test can break.
type Link struct {
	server   string
	direct   string // the URL without the link
	listener net.Listener

	mu      sync.Mutex
	up      chan struct{} // closed while what the client sends arrives
	down    chan struct{} // closed while what the server answers arrives
	onSend  func(sent []byte)
	ended   bool
	holding map[net.Conn]bool
}

// NewLink starts one to the server of a URL, and returns the URL that leads through it.
func NewLink(t *testing.T, serverURL string) (*Link, string) {
	t.Helper()
	u, err := url.Parse(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	open := make(chan struct{})
	close(open)
	l := &Link{
		server:   u.Host,
		direct:   serverURL,
		listener: listener,
		up:       open,
		down:     open,
		holding:  map[net.Conn]bool{},
	}
	var accepting sync.WaitGroup
	accepting.Go(l.accept)
	t.Cleanup(func() {
		l.mu.Lock()
		l.ended = true
		l.mu.Unlock()
		listener.Close()
		l.Cut()
		l.Resume()
		accepting.Wait()
	})
	u.Host = listener.Addr().String()
	return l, u.String()
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", l.server)
		if err != nil {
			client.Close()
			continue
		}
		if !l.hold(client, server) {
			return
		}
		go l.copy(server, client, func() (chan struct{}, func([]byte)) { return l.up, l.onSend })
		go l.copy(client, server, func() (chan struct{}, func([]byte)) { return l.down, nil })
	}
}

// hold keeps connections for Cut.
func (l *Link) hold(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range conns {
		if l.ended {
			conn.Close()
		}
		l.holding[conn] = true
	}
	return !l.ended
}

func (l *Link) copy(to, from net.Conn, state func() (gate chan struct{}, hook func([]byte))) {
	defer to.Close()
	defer from.Close()
	chunk := make([]byte, 64<<10)
	for {
		n, err := from.Read(chunk)
		if n > 0 {
			l.mu.Lock()
			_, hook := state()
			l.mu.Unlock()
			if hook != nil {
				hook(chunk[:n])
			}
			l.mu.Lock()
			gate, _ := state()
			l.mu.Unlock()
			<-gate
			if _, err := to.Write(chunk[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if err == io.EOF {
				l.mu.Lock()
				gate, _ := state()
				l.mu.Unlock()
				<-gate
			}
			return
		}
	}
}

// Hang lets nothing pass any more, in connections that are open and in new ones: like a server that is frozen.
func (l *Link) Hang() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.up = make(chan struct{})
	l.down = l.up
}

// HangAnswers is Hang for what the server answers: it gets what it is sent.
func (l *Link) HangAnswers() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = make(chan struct{})
}

// Resume lets everything pass again, also what was held back.
func (l *Link) Resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, gate := range []chan struct{}{l.up, l.down} {
		select {
		case <-gate:
		default:
			close(gate)
		}
	}
}

// Cut ends all connections.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.holding {
		conn.Close()
	}
	clear(l.holding)
}

// OnSend calls hook with what clients send, before it is passed on.
func (l *Link) OnSend(hook func(sent []byte)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.onSend = hook
}

// Direct opens the database without the link.
func (l *Link) Direct(t *testing.T) *models.DB {
	t.Helper()
	return open(t, l.direct, "")
}

// OpenLinked opens a migrated PostgreSQL database behind a Link. Without a server the test is skipped. options are
// parameters of the URL, like "&default_query_exec_mode=exec".
func OpenLinked(t *testing.T, options string) (*Link, *models.DB) {
	t.Helper()
	link, linked := NewLink(t, PostgresURL(t, ServerURL(t, "TEST_DATABASE_URL")))
	db := open(t, linked+options, "")
	t.Cleanup(link.Resume) // before the database closes
	return link, db
}
