package socketio_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"parley/handlers/socketio"
)

// engineGoroutines returns the stacks of the goroutines that run code of package engine.
func engineGoroutines() (running [][]byte) {
	stacks := make([]byte, 16<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range bytes.SplitSeq(stacks, []byte("\n\n")) {
		if bytes.Contains(stack, []byte("handlers/socketio/engine.")) {
			running = append(running, stack)
		}
	}
	return running
}

// descriptors returns the number of open files of the process, or 0 where /proc does not exist.
func descriptors() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

// raw opens a connection and writes to it. It reads nothing.
func (w *world) raw(b string) net.Conn {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	conn.SetWriteDeadline(time.Now().Add(patience))
	conn.Write([]byte(b))
	return conn
}

const webSocketRequest = "GET /socket.io/?EIO=4&transport=websocket%s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n" +
	"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

// The server ends these connections by itself. The clients read nothing and keep them open.
func TestAbuse_leavesNothingBehind(t *testing.T) {
	short := 100 * time.Millisecond
	long := json.RawMessage(`"` + strings.Repeat("x", 500_000) + `"`)
	w := newWorld(t, socketio.Options{
		PingInterval:   short,
		PingTimeout:    short,
		ConnectTimeout: short,
		UpgradeTimeout: short,
		WriteTimeout:   short,
		QueueBudget:    1 << 30,
	}, func(n *socketio.Namespace) {
		joinRoom(n)
		n.OnConnection(func(s *socketio.Socket) {
			if string(s.Auth()) == `{"flood":1}` {
				for range 8 {
					s.Emit("x", long)
				}
			}
		})
	})
	open := fmt.Sprintf(webSocketRequest, "")
	pings := strings.Repeat(string(masked(ws.NewPingFrame(make([]byte, 125)))), 100)
	poll := func(sid string) string {
		return "GET /socket.io/?EIO=4&transport=polling&sid=" + sid + " HTTP/1.1\r\nHost: x\r\n\r\n"
	}
	kinds := map[string]func() net.Conn{
		"joins no namespace":        func() net.Conn { return w.raw(open) },
		"begins a header":           func() net.Conn { return w.raw(open + "\x81") },
		"begins a frame":            func() net.Conn { return w.raw(open + string(text("40")[:7])) },
		"begins a message":          func() net.Conn { return w.raw(open + string(fragment("40"))) },
		"never reads":               func() net.Conn { return w.raw(open + string(text(`40{"flood":1}`))) },
		"pings and never reads":     func() net.Conn { return w.raw(open + string(text(`40{"flood":1}`)) + pings) },
		"sends nonsense":            func() net.Conn { return w.raw(open + string(text("4nonsense"))) },
		"breaks WebSocket":          func() net.Conn { return w.raw(open + "\xff\xff\xff\xff\xff\xff") },
		"leaves long-polling":       func() net.Conn { w.leave(); return w.raw("") },
		"begins an upgrade":         func() net.Conn { return w.raw(fmt.Sprintf(webSocketRequest, "&sid="+w.leave())) },
		"never reads a poll":        func() net.Conn { return w.raw(poll(w.leave())) },
		"polls twice":               func() net.Conn { sid := w.leave(); return w.raw(poll(sid) + poll(sid)) },
		"hangs up during its poll":  func() net.Conn { c := w.raw(poll(w.leave())); c.Close(); return c },
		"hangs up in its handshake": func() net.Conn { c := w.raw(open); c.Close(); return c },
	}
	eventually(t, "the heartbeat runs", func() bool { return len(engineGoroutines()) > 0 })
	before, files := len(engineGoroutines()), descriptors()
	defer func() {
		if t.Failed() {
			t.Logf("%d goroutines before, now:\n%s", before, bytes.Join(engineGoroutines(), []byte("\n\n")))
		}
	}()
	for range 2 {
		var conns []net.Conn
		for range 20 {
			for _, connect := range kinds {
				conns = append(conns, connect())
			}
		}
		eventually(t, "the server has ended all", func() bool { return w.Connections() == 0 })
		for _, conn := range conns {
			conn.Close()
		}
	}
	http.DefaultClient.CloseIdleConnections()
	eventually(t, "their goroutines have ended", func() bool { return len(engineGoroutines()) <= before })
	eventually(t, "their files are closed", func() bool { return descriptors() <= files })
	if used := w.QueuedBytes(); used != 0 {
		t.Errorf("%d bytes are still counted", used)
	}
}

// leave opens a long-polling session, fills its queue, and returns its id.
func (w *world) leave() string {
	w.t.Helper()
	response, err := http.Get(w.url("transport=polling"))
	if err != nil {
		w.t.Fatal(err)
	}
	_, body := read(w.t, response)
	sid := strings.Split(body, `"`)[3]
	response, err = http.Post(w.url("transport=polling&sid="+sid), "text/plain", strings.NewReader(`40{"flood":1}`))
	if err != nil {
		w.t.Fatal(err)
	}
	read(w.t, response)
	return sid
}

// fragment returns the first frame of a message with more frames.
func fragment(packet string) []byte { return masked(ws.NewFrame(ws.OpText, false, []byte(packet))) }
