package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// failing is a listener that fails with each of errs before it accepts.
type failing struct {
	net.Listener
	errs []error
}

func (f *failing) Accept() (net.Conn, error) {
	if len(f.errs) == 0 {
		return f.Listener.Accept()
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
}

// loopback is a listener of a test, and what it logs.
func loopback(t *testing.T, limits limits, errs ...error) (*listener, *lockedBuffer) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newListener(&failing{inner, errs}, limits)
	t.Cleanup(func() { l.Close(); l.cutAll() })
	log := &lockedBuffer{}
	l.log = slog.New(slog.NewTextHandler(log, nil))
	return l, log
}

// call connects to l and returns both ends; the server's is nil when l has turned the client away.
func call(t *testing.T, l *listener) (client net.Conn, server *connection) {
	t.Helper()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	client.SetDeadline(time.Now().Add(patience))
	accepted, err := l.Listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return client, l.admit(accepted)
}

func TestListener_outlivesErrorsThatPass(t *testing.T) {
	t.Parallel()
	l, log := loopback(t, limits{}, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.ECONNABORTED, syscall.EPROTO, syscall.EPERM, syscall.EINTR)
	accepted := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		accepted <- err
	}()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := <-accepted; err != nil {
		t.Error(err)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 {
		t.Errorf("%d lines for one episode: %s", lines, log)
	}
}

func TestListener_endsWhenItIsClosedOrBroken(t *testing.T) {
	t.Parallel()
	l, _ := loopback(t, limits{}, syscall.EBADF)
	if _, err := l.Accept(); !errors.Is(err, syscall.EBADF) {
		t.Errorf("a listener without a socket answers %v", err)
	}
	failures := make([]error, 1000)
	for i := range failures {
		failures[i] = syscall.EMFILE
	}
	l, _ = loopback(t, limits{}, failures...)
	ended := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	l.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a listener that was closed while it waited answers %v", err)
	}
}

func TestListener_turnsAwayWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	for what, try := range map[string]struct {
		limits limits
		status int
	}{
		"of all":          {limits{connections: 2, polite: 1}, 503},
		"of one address":  {limits{connections: 9, perAddress: 2, polite: 1}, 429},
		"without manners": {limits{connections: 2}, 503},
	} {
		l, log := loopback(t, try.limits)
		_, first := call(t, l)
		_, second := call(t, l)
		if first == nil || second == nil {
			t.Fatalf("%s: two are let in", what)
		}
		for range 2 {
			third, served := call(t, l)
			if served != nil {
				t.Fatalf("%s: a third one is let in", what)
			}
			response, err := http.ReadResponse(bufio.NewReader(third), nil)
			if err != nil || response.StatusCode != try.status || response.Header.Get("Retry-After") == "" {
				t.Errorf("%s: %v, %v", what, response, err)
			}
			for name, want := range map[string]string{
				"Cache-Control":           "no-store",
				"X-Content-Type-Options":  "nosniff",
				"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
				"Referrer-Policy":         "same-origin",
			} {
				if got := response.Header.Get(name); got != want {
					t.Errorf("%s: %s is %q", what, name, got)
				}
			}
		}
		if lines := strings.Count(log.String(), "\n"); lines != 1 {
			t.Errorf("%s: %d lines: %s", what, lines, log)
		}
		first.Close()
		first.Close() // once more must not make room for another
		if _, served := call(t, l); served == nil {
			t.Errorf("%s: no room after one has closed", what)
		}
		if _, served := call(t, l); served != nil {
			t.Errorf("%s: closing twice makes room for two", what)
		}
	}
}

func TestListener_proxiesBringTheConnectionsOfOthers(t *testing.T) {
	t.Parallel()
	l, _ := loopback(t, limits{
		perAddress: 1,
		proxies:    []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	for range 5 {
		if _, served := call(t, l); served == nil {
			t.Fatal("a proxy is turned away")
		}
	}
}

func TestConnection_oneAddressHoldsSoMuchMemory(t *testing.T) {
	t.Parallel()
	l, _ := loopback(t, limits{})
	_, one := call(t, l)
	_, other := call(t, l)
	if !one.Hold(bytesAddress-1) || other.Hold(2) || !other.Hold(1) {
		t.Error("two connections of one address do not share what it may hold")
	}
	stateChanged(one, fasthttp.StateActive)
	if other.Hold(1) {
		t.Error("a connection releases what its request still holds")
	}
	stateChanged(one, fasthttp.StateIdle)
	if !other.Hold(bytesAddress - 1) {
		t.Error("a connection holds something after its answer")
	}
	other.Close()
	one.Close()
	if l.held.Load() != 0 || len(l.peers) != 0 || len(l.open) != 0 {
		t.Errorf("without connections, %d bytes are held by %v", l.held.Load(), l.peers)
	}
}

func TestConnection_aClientThatStillSendsReadsTheAnswer(t *testing.T) {
	t.Parallel()
	l, _ := loopback(t, limits{})
	client, server := call(t, l)
	io.WriteString(server, "too large")
	server.Linger()
	closed := make(chan struct{})
	go func() { server.Close(); close(closed) }()
	if _, err := client.Write(bytes.Repeat([]byte("x"), 4<<20)); err != nil {
		t.Errorf("the client is cut off while it sends: %v", err)
	}
	client.(*net.TCPConn).CloseWrite()
	if answer, err := io.ReadAll(client); string(answer) != "too large" || err != nil {
		t.Errorf("the client reads %q, %v", answer, err)
	}
	<-closed
}

// WebSockets count although the HTTP server has let go of them, and no longer than they are open.
func TestListener_countsWebSockets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqliteEnv(t, "MAX_CONNECTIONS=8", "ADDRESS_LIMITS=sockets=4"), 1) // 4 connections of an address
	v := w.visit(0)
	first := w.connect(dial{node: 0})
	second := w.connect(dial{node: 0})
	first.ok("join_conversation", v.payload())
	second.ok("join_conversation", v.payload())
	idle := make([]net.Conn, 2)
	for i := range idle {
		idle[i] = w.plain(t)
	}
	full := w.plain(t)
	if answer, _ := io.ReadAll(full); !bytes.HasPrefix(answer, []byte("HTTP/1.1 429 ")) {
		t.Errorf("in addition to two WebSockets and two idle connections a fifth one gets %.100q", answer)
	}
	first.close()
	for deadline := time.Now().Add(patience); ; {
		conn := w.plain(t)
		io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		if answer, _ := io.ReadAll(conn); bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("after a WebSocket has closed there is no room: %.100q", answer)
		}
	}
}

// plain is a TCP connection to the first node.
func (w *world) plain(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.node(0).url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// process is the program in a process of its own, which may have descriptors files and connections open, and the lines
// that it logs.
func process(t *testing.T, descriptors int, settings ...string) (address string, log <-chan string) {
	t.Helper()
	command := exec.Command("sh", "-c", "ulimit -n "+strconv.Itoa(descriptors)+" && exec "+os.Args[0]+" serve")
	command.Env = append(os.Environ(), append(settings, "PARLEY_TEST_PROGRAM=1", "ADDR=127.0.0.1:0", "DATA_DIR="+t.TempDir(),
		"LOG_LEVEL=warn")...)
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for logged := bufio.NewScanner(stderr); logged.Scan(); {
			lines <- logged.Text()
		}
	}()
	t.Cleanup(func() {
		command.Process.Signal(syscall.SIGTERM)
		if err := command.Wait(); err != nil {
			t.Errorf("the program ended: %v", err)
		}
	})
	for printed := bufio.NewScanner(stdout); printed.Scan(); {
		if _, url, ok := strings.Cut(printed.Text(), "running at http://"); ok {
			go io.Copy(io.Discard, stdout)
			return url, lines
		}
	}
	t.Fatalf("the program does not start: %s", <-lines)
	return "", nil
}

// Idle connections beyond the limit of open files must not end the process, whether it knows the limit or not.
func TestServe_outlivesTheLimitOfOpenFiles(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		settings []string
		logs     []string
	}{
		"bounded by default": {nil, []string{"too many connections from one address"}},
		"bounded too late": {[]string{"MAX_CONNECTIONS=1000"},
			[]string{"MAX_CONNECTIONS is more than", "too many open files"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, log := process(t, 40, try.settings...)
			idle := make([]net.Conn, 60)
			for i := range idle {
				conn, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				idle[i] = conn
			}
			for _, want := range try.logs {
				if line := <-log; !strings.Contains(line, want) {
					t.Errorf("logs %s, want %s", line, want)
				}
			}
			for _, conn := range idle {
				conn.Close()
			}
			for deadline := time.Now().Add(patience); ; {
				response, err := http.Get("http://" + address + "/healthz")
				if err == nil && response.StatusCode == http.StatusOK {
					response.Body.Close()
					break
				} else if time.Now().After(deadline) {
					t.Fatalf("does not answer again: %v", err)
				}
			}
			select {
			case line := <-log:
				t.Errorf("logs one line more: %s", line)
			default:
			}
		})
	}
}
