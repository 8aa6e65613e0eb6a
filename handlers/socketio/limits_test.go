package socketio_test

import (
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"parley/handlers/socketio"
)

// joinUnread opens a WebSocket that joins a room and reads nothing.
func (w *world) joinUnread(room string) net.Conn {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	conn.Write([]byte("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n" +
		"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n" +
		// A client need not wait for the answer to its handshake.
		string(text("40")) + string(text(`42["join","`+room+`"]`))))
	eventually(w.t, "the client has joined", func() bool { return w.Of("/").Members(room) > 0 })
	return conn
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestSlowConsumer_isDroppedAndItsMemoryIsFreed(t *testing.T) {
	reasons := make(chan string, 1)
	w := newWorld(t, socketio.Options{MaxQueueBytes: 64 << 20}, func(n *socketio.Namespace) {
		joinRoom(n)
		n.OnDisconnect(func(_ *socketio.Socket, reason string) { reasons <- reason })
	})
	other := w.join().enter("others")
	w.joinUnread("unread")
	before := heap()
	megabyte := strings.Repeat("x", 1<<20)
	for range 80 {
		w.Of("/").To("unread").Emit("big", megabyte)
		other.expectNothing()
	}
	if got := wait(t, reasons, "the drop"); got != "transport error" {
		t.Errorf("reason %q", got)
	}
	eventually(t, "the memory is released", func() bool { return heap() < before+8<<20 })
	w.Of("/").To("others").Emit("still here")
	other.expect(`42["still here"]`)
}

func TestSlowConsumer_isDroppedByTheWriteTimeout(t *testing.T) {
	reasons := make(chan string, 1)
	w := newWorld(t, socketio.Options{WriteTimeout: 50 * time.Millisecond}, func(n *socketio.Namespace) {
		joinRoom(n)
		n.OnDisconnect(func(_ *socketio.Socket, reason string) { reasons <- reason })
	})
	w.joinUnread("unread")
	for range 7 { // more than the kernel takes, less than the queue
		w.Of("/").To("unread").Emit("big", strings.Repeat("x", 1<<20))
	}
	if got := wait(t, reasons, "the drop"); got != "transport error" {
		t.Errorf("reason %q", got)
	}
}

// Volatile packets are dropped when more than a quarter of the queue is full. The connection stays open.
func TestVolatile_isDroppedForAConnectionThatLags(t *testing.T) {
	sockets := make(chan *socketio.Socket, 1)
	w := newWorld(t, socketio.Options{MaxQueuePackets: 400}, func(n *socketio.Namespace) {
		n.OnConnection(func(s *socketio.Socket) {
			s.Join("a")
			sockets <- s
		})
	})
	s := w.openPolling()
	s.post("40")
	s.poll()
	wait(t, sockets, "the socket")
	for range 1000 {
		w.Of("/").To("a").Volatile().Emit("typing")
	}
	for range 200 {
		w.Of("/").To("a").Emit("message")
	}
	counts := map[string]int{}
	for counts[`42["message"]`] < 200 {
		for _, p := range s.poll() {
			counts[p]++
		}
	}
	if n := counts[`42["typing"]`]; n != 101 {
		t.Errorf("%d volatile packets", n)
	}
}

func TestHeartbeat_closesAClientThatDoesNotAnswer(t *testing.T) {
	reasons := make(chan string, 2)
	w := newWorld(t, socketio.Options{
		PingInterval: 20 * time.Millisecond,
		PingTimeout:  20 * time.Millisecond,
	}, func(n *socketio.Namespace) {
		joinRoom(n)
		n.OnDisconnect(func(_ *socketio.Socket, reason string) { reasons <- reason })
	})
	w.joinUnread("unread")
	if got := wait(t, reasons, "the end"); got != "ping timeout" {
		t.Errorf("reason %q", got)
	}
}

func TestHeartbeat_keepsAClientThatAnswers(t *testing.T) {
	w := newWorld(t, socketio.Options{
		PingInterval: 10 * time.Millisecond,
		PingTimeout:  5 * time.Second,
	}, fence)
	p := w.join()
	deadline := time.After(200 * time.Millisecond) // 20 intervals
	for {
		select {
		case <-deadline:
			p.expectNothing()
			return
		case <-p.closed:
			t.Fatal("closed")
		}
	}
}

func TestConnectTimeout_closesAClientThatJoinsNoNamespace(t *testing.T) {
	w := newWorld(t, socketio.Options{ConnectTimeout: 20 * time.Millisecond}, nil)
	w.open().expectClosed()
	eventually(t, "the connection is gone", func() bool { return w.Connections() == 0 })
}

// Thousands of connections leave no goroutines and no memory.
func TestConnections_leaveNothingBehind(t *testing.T) {
	w := newWorld(t, socketio.Options{}, joinRoom)
	w.join().enter("warm").conn.Close()
	eventually(t, "the first is gone", func() bool { return w.Connections() == 0 })
	goroutines, before := runtime.NumGoroutine(), heap()
	const rounds, each = 20, 100
	for range rounds {
		var conns []net.Conn
		for range each {
			conn, err := net.Dial("tcp", w.addr)
			if err != nil {
				t.Fatal(err)
			}
			conn.Write([]byte("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n" +
				"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n" +
				string(text("40")) + string(text(`42["join","crowd"]`))))
			conns = append(conns, conn)
		}
		eventually(t, "all have joined", func() bool { return w.Of("/").Members("crowd") == each })
		for _, conn := range conns {
			conn.Close()
		}
		eventually(t, "all are gone", func() bool { return w.Connections() == 0 && w.Of("/").Members("crowd") == 0 })
	}
	// fasthttp keeps a few workers for the next connections.
	eventually(t, "the goroutines are gone", func() bool { return runtime.NumGoroutine() <= goroutines+each })
	eventually(t, "the memory is released", func() bool { return heap() < before+2<<20 })
}
