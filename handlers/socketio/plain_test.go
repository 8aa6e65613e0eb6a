package socketio_test

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"parley/handlers/socketio"
)

// plainListener hides the file descriptors of its connections, as TLS does.
type plainListener struct{ net.Listener }

func (l plainListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return struct{ net.Conn }{conn}, err
}

// Connections without a file descriptor work the same way.
func TestPlainConnection_works(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sockets, reasons := make(chan *socketio.Socket, 2), make(chan string, 2)
	w := newWorldOn(t, plainListener{listener}, socketio.Options{MaxPacket: 1 << 20}, func(n *socketio.Namespace) {
		joinRoom(n)
		echo(n)
		n.OnConnection(func(s *socketio.Socket) { sockets <- s })
		n.OnDisconnect(func(_ *socketio.Socket, reason string) { reasons <- reason })
	})
	p := w.join().enter("a")
	for i := range 1000 {
		w.Of("/").To("a").Emit("n", i)
	}
	for i := range 1000 {
		p.expect(`42["n",` + strconv.Itoa(i) + `]`)
	}
	big := `42["echo","` + strings.Repeat("x", 200_000) + `"]`
	p.send(big)
	p.expect(big)
	wait(t, sockets, "the socket").Disconnect(true)
	p.expect("41")
	p.expectClosed()
	if got := wait(t, reasons, "the reason"); got != "server namespace disconnect" {
		t.Error(got)
	}

	s := w.openPolling()
	s.post("40")
	s.poll()
	p = w.dial("&sid=" + s.sid)
	p.send("2probe")
	p.expect("3probe")
	p.send("5")
	p.enter("b")
	p.conn.Close()
	if got := wait(t, reasons, "the reason"); got != "transport close" {
		t.Error(got)
	}
}
