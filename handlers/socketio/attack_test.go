//go:build linux && !race

package socketio_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gofiber/fiber/v2"

	"parley/handlers/socketio"
)

// maxGrowth is how much memory clients may make a server take, whatever they send.
const maxGrowth = 64 << 20

// attackedEnv is the environment variable that makes the test binary a server, whose memory the test measures.
const attackedEnv = "SOCKETIO_TEST_ATTACKED"

func TestMain(m *testing.M) {
	if os.Getenv(attackedEnv) != "" {
		serveAttacked()
		return
	}
	os.Exit(m.Run())
}

// serveAttacked serves until its parent closes its standard input.
func serveAttacked() {
	debug.SetMemoryLimit(maxGrowth) // the test measures what is in use, not garbage
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := socketio.New(socketio.Options{MaxAttachments: attachmentsOf(os.Getenv(attackedEnv))})
	n := server.Of("/")
	joinRoom(n)
	echo(n)
	forever := make(chan struct{})
	n.On("block", func(_ *socketio.Socket, e *socketio.Event) {
		<-forever
		e.Ack(e.Args[0]) // keeps the arguments in memory until then
	})
	n.On("ack", func(_ *socketio.Socket, e *socketio.Event) { e.Ack(e.Args[0]) })
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.All("/socket.io/*", server.Handler())
	go app.Listener(listener)
	fmt.Println(listener.Addr())
	io.Copy(io.Discard, os.Stdin)
}

func attachmentsOf(mode string) int {
	if mode == "attachments" {
		return 10
	}
	return 0
}

// attacked is a server in a process of its own.
type attacked struct {
	*world
	pid    int
	before int // bytes of memory before the attack
}

func newAttacked(t *testing.T, mode string) *attacked {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), attackedEnv+"="+mode)
	stdin, err1 := command.StdinPipe()
	stdout, err2 := command.StdoutPipe()
	if err := command.Start(); err != nil || err1 != nil || err2 != nil {
		t.Fatal(err, err1, err2)
	}
	t.Cleanup(func() {
		stdin.Close()
		command.Wait()
	})
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	a := &attacked{world: &world{t: t, addr: strings.TrimSpace(addr)}, pid: command.Process.Pid}
	a.join().conn.Close() // the first connection allocates buffers that all share
	a.before = a.status("VmRSS")
	os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", a.pid), []byte("5"), 0) // resets VmHWM
	return a
}

// status returns a number of /proc/PID/status, in bytes.
func (a *attacked) status(name string) int {
	a.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.pid))
	if err != nil {
		a.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kilobytes, _ := strconv.Atoi(strings.Fields(value)[0])
			return kilobytes << 10
		}
	}
	a.t.Fatalf("no %s", name)
	return 0
}

// settle waits until the server has read everything and is idle.
func (a *attacked) settle() {
	a.t.Helper()
	deadline := time.After(10 * patience)
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for before := -1; ; {
		select {
		case <-deadline:
			a.t.Fatal("timeout: waited until the server is idle")
		case <-look.C:
		}
		now := a.processorTime()
		if now == before && a.hasReadEverything() {
			return
		}
		before = now
	}
}

// processorTime returns the processor time of the server so far, in ticks of 10 ms.
func (a *attacked) processorTime() int {
	a.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", a.pid))
	if err != nil {
		a.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may have spaces
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return user + system
}

// hasReadEverything reports whether the kernel's receive buffers of the server's connections are empty.
func (a *attacked) hasReadEverything() bool {
	a.t.Helper()
	text, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		a.t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(a.addr)
	number, _ := strconv.Atoi(port)
	suffix := fmt.Sprintf(":%04X", number)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line) // number, local address, remote address, state, tx_queue:rx_queue
		if len(fields) > 4 && strings.HasSuffix(fields[1], suffix) && !strings.HasSuffix(fields[4], ":00000000") {
			return false
		}
	}
	return true
}

// raw opens a WebSocket and writes bytes to it. It reads nothing. The server may close it at any time.
func (a *attacked) raw(b []byte) net.Conn {
	a.t.Helper()
	conn, err := net.Dial("tcp", a.addr)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { conn.Close() })
	conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	conn.SetWriteDeadline(time.Now().Add(patience))
	conn.Write([]byte("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n" +
		"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"))
	conn.Write(b)
	return conn
}

// each runs an attack n times, 20 at a time. The connections stay open.
func each(n int, attack func()) {
	var attackers sync.WaitGroup
	limit := make(chan struct{}, 20)
	for range n {
		limit <- struct{}{}
		attackers.Go(func() {
			defer func() { <-limit }()
			attack()
		})
	}
	attackers.Wait()
}

func TestAttacks_takeLessThan64MB(t *testing.T) {
	// For a client that does not read, the kernel buffers some megabytes and the server has to keep the rest.
	pings := bytes.Repeat(masked(ws.NewPingFrame(make([]byte, 125))), 42_000)
	acks := bytes.Repeat(text(`421["ack","`+strings.Repeat("x", 10_000)+`"]`), 800)
	namespaces := bytes.Repeat(text("40/"+strings.Repeat("x", 980_000)+","), 10)
	arguments := text(`421["block"` + strings.Repeat(",1", 30_000) + "]")
	unfinished := text("42" + strings.Repeat("x", 65_000))
	auth := text(`40{"a":"` + strings.Repeat("x", 60_000) + `"}`)
	attachment := append(text(`452-["x"]`), masked(ws.NewBinaryFrame(make([]byte, 100_000)))...)
	for name, attack := range map[string]func(a *attacked){
		"packets of many arguments": func(a *attacked) {
			each(200, func() { a.raw(append(text("40"), arguments...)) })
		},
		"pings by clients that do not read": func(a *attacked) {
			each(60, func() { a.raw(pings) })
		},
		"acknowledgements for clients that do not read": func(a *attacked) {
			each(30, func() { a.raw(append(text("40"), acks...)) })
		},
		"messages that are never finished": func(a *attacked) {
			each(1000, func() { a.raw(unfinished[:len(unfinished)-1]) })
		},
		"long namespace names": func(a *attacked) {
			each(20, func() { a.raw(namespaces) })
		},
		"long auth payloads": func(a *attacked) {
			each(1000, func() { a.raw(auth) })
		},
		"binary packets that are never finished": func(a *attacked) {
			each(500, func() { a.raw(append(text("40"), attachment...)) })
		},
		"answers of long-polling that are never read":    (*attacked).ignoreAnswers,
		"sessions of long-polling that are left waiting": (*attacked).abandonSessions,
	} {
		for _, mode := range []string{"no attachments", "attachments"} {
			if mode == "attachments" && !strings.Contains(name, "binary") {
				continue
			}
			t.Run(name+"/"+mode, func(t *testing.T) {
				a := newAttacked(t, mode)
				bystander := a.join()
				attack(a)
				a.settle()
				bystander.expectNothing()
				grown := a.status("VmHWM") - a.before
				t.Logf("%d MB more than %d MB", grown>>20, a.before>>20)
				if grown > maxGrowth {
					t.Errorf("the server's memory grew by %d MB", grown>>20)
				}
			})
		}
	}
}

// ignoreAnswers fills the queues of long-polling sessions, polls, and does not read the answers.
func (a *attacked) ignoreAnswers() {
	long := strings.Repeat("x", 60_000)
	each(60, func() {
		s := a.openPolling()
		s.post("40")
		for range 60 {
			s.post(`421["ack","` + long + `"]`)
		}
		for range 2 {
			conn, err := net.Dial("tcp", a.addr)
			if err != nil {
				return
			}
			a.t.Cleanup(func() { conn.Close() })
			conn.(*net.TCPConn).SetReadBuffer(4 << 10)
			fmt.Fprintf(conn, "GET /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: x\r\n\r\n", s.sid)
		}
	})
}

// abandonSessions fills the queues of long-polling sessions and does not poll.
func (a *attacked) abandonSessions() {
	long := strings.Repeat("x", 60_000)
	each(1000, func() {
		s := a.openPolling()
		s.post("40")
		s.post(`421["ack","` + long + `"]`)
	})
}
