package cluster

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// echo starts a server that sends back what it receives, and a link to it.
func echo(t *testing.T) (*Link, chan net.Conn) {
	t.Helper()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	accepted := make(chan net.Conn, 10)
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			accepted <- conn
			go io.Copy(conn, conn)
		}
	}()
	link, err := newLink(server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	return link, accepted
}

func dial(t *testing.T, link *Link) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", link.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

// exchange sends a text and reads it back.
func exchange(t *testing.T, conn net.Conn, text string) (took time.Duration) {
	t.Helper()
	began := time.Now()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len(text))
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != text {
		t.Fatalf("answer %.20q, %v", answer, err)
	}
	return time.Since(began)
}

// wantSilence checks that nothing arrives, not even an end.
func wantSilence(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d, %v; want silence", n, err)
	}
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
}

func wantEnd(t *testing.T, conn net.Conn) {
	t.Helper()
	if n, err := conn.Read(make([]byte, 1)); n > 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d, %v; want the end of the connection", n, err)
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	t.Run("passes everything", func(t *testing.T) {
		link, _ := echo(t)
		exchange(t, dial(t, link), string(bytes.Repeat([]byte("x"), 1<<20)))
	})
	t.Run("delays", func(t *testing.T) {
		link, _ := echo(t)
		conn := dial(t, link)
		link.Set(Weather{Delay: 50 * time.Millisecond})
		if took := exchange(t, conn, "hello"); took < 100*time.Millisecond {
			t.Errorf("took %s, want 50 ms each way", took)
		}
	})
	t.Run("slows down", func(t *testing.T) {
		link, _ := echo(t)
		conn := dial(t, link)
		link.Set(Weather{Rate: 10_000})
		if took := exchange(t, conn, string(make([]byte, 2_000))); took < 100*time.Millisecond {
			t.Errorf("took %s, want a tenth of a second between the halves", took)
		}
	})
	for name, weather := range map[string]Weather{"blocks out": {BlockOut: true}, "blocks in": {BlockIn: true}} {
		t.Run(name, func(t *testing.T) {
			link, _ := echo(t)
			conn := dial(t, link)
			exchange(t, conn, "hello")
			link.Set(weather)
			io.WriteString(conn, "held")
			wantSilence(t, conn)
			link.Set(Weather{})
			if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
				t.Errorf("after the block: %v", err)
			}
		})
	}
	t.Run("resets", func(t *testing.T) {
		link, _ := echo(t)
		conn := dial(t, link)
		exchange(t, conn, "hello")
		link.Reset()
		wantEnd(t, conn)
		exchange(t, dial(t, link), "hello")
	})
	t.Run("refuses", func(t *testing.T) {
		link, _ := echo(t)
		link.Refuse()
		if _, err := net.Dial("tcp", link.Address); err == nil {
			t.Error("it takes a connection")
		}
		if err := link.Accept(); err != nil {
			t.Fatal(err)
		}
		exchange(t, dial(t, link), "hello")
	})
	t.Run("loses answers", func(t *testing.T) {
		link, _ := echo(t)
		link.LoseAnswers(func(data []byte) bool { return bytes.Contains(data, []byte("COMMIT")) })
		conn := dial(t, link)
		exchange(t, conn, "hello")
		io.WriteString(conn, "COMMIT")
		wantEnd(t, conn)
	})
	t.Run("leaves the near end alone", func(t *testing.T) {
		link, accepted := echo(t)
		conn := dial(t, link)
		exchange(t, conn, "hello")
		link.HalfOpen(Near)
		wantEnd(t, <-accepted)
		io.WriteString(conn, "anybody?")
		wantSilence(t, conn)
		exchange(t, dial(t, link), "hello")
	})
	t.Run("leaves the far end alone", func(t *testing.T) {
		server, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		link, err := newLink(server.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer link.Close()
		conn := dial(t, link)
		far, err := server.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer far.Close()
		io.WriteString(conn, "x")
		io.ReadFull(far, make([]byte, 1))
		link.HalfOpen(Far)
		wantEnd(t, conn)
		wantSilence(t, far)
	})
}
