package link

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// open starts a server that answers as serve does, and a link to it.
func open(t *testing.T, serve func(net.Conn)) (*Link, chan net.Conn) {
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
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			accepted <- conn
			go serve(conn)
		}
	}()
	link, err := New(server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	return link, accepted
}

// echo is open with a server that sends back what it receives.
func echo(t *testing.T) (*Link, chan net.Conn) {
	t.Helper()
	return open(t, func(conn net.Conn) { io.Copy(conn, conn) })
}

// connect returns the ends of a connection through a link, which something has passed.
func connect(t *testing.T) (link *Link, near, far net.Conn) {
	t.Helper()
	link, accepted := open(t, func(net.Conn) {})
	near = dial(t, link)
	far = <-accepted
	t.Cleanup(func() { far.Close() })
	io.WriteString(near, "hello")
	wantText(t, far, "hello")
	return link, near, far
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
	wantText(t, conn, text)
	return time.Since(began)
}

func wantText(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(conn, got); err != nil || string(got) != text {
		t.Fatalf("read %.20q, %v; want %.20q", got[:n], err, text)
	}
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
	for name, block := range map[string]func(*Link){
		"blocks out":    func(l *Link) { l.Set(Weather{BlockOut: true}) },
		"hangs":         (*Link).Hang,
		"hangs answers": (*Link).HangAnswers,
	} {
		t.Run(name, func(t *testing.T) {
			link, _ := echo(t)
			conn := dial(t, link)
			exchange(t, conn, "hello")
			block(link)
			io.WriteString(conn, "held")
			wantSilence(t, conn)
			link.Resume()
			wantText(t, conn, "held")
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
	t.Run("refuses what it was about to take", func(t *testing.T) {
		link, _ := echo(t)
		before := link.listener
		link.Refuse()
		near, taken := net.Pipe()
		defer near.Close()
		near.SetDeadline(time.Now().Add(10 * time.Second))
		link.connect(before, taken)
		wantEnd(t, near)
	})
	t.Run("loses answers", func(t *testing.T) {
		link, _ := echo(t)
		link.LoseAnswers(func(data []byte) bool { return bytes.Contains(data, []byte("COMMIT")) })
		conn := dial(t, link)
		exchange(t, conn, "hello")
		io.WriteString(conn, "COMMIT")
		wantEnd(t, conn)
	})
	t.Run("tells what is sent before it is passed on", func(t *testing.T) {
		link, _ := echo(t)
		conn := dial(t, link)
		exchange(t, conn, "hello")
		link.OnSend(func(data []byte) {
			if bytes.Contains(data, []byte("COMMIT")) {
				link.Set(Weather{BlockOut: true})
			}
		})
		exchange(t, conn, "INSERT")
		io.WriteString(conn, "COMMIT")
		wantSilence(t, conn)
		link.OnSend(nil)
		link.Resume()
		wantText(t, conn, "COMMIT")
		exchange(t, conn, "COMMIT")
	})
	t.Run("drops what it holds back when it resets", func(t *testing.T) {
		link, near, far := connect(t)
		link.Hang()
		io.WriteString(near, "held")
		wantSilence(t, far)
		link.Reset()
		link.Resume()
		wantEnd(t, near)
		wantEnd(t, far)
	})
	t.Run("ends", func(t *testing.T) {
		link, accepted := echo(t)
		conn := dial(t, link)
		exchange(t, conn, "hello")
		link.Hang()
		io.WriteString(conn, "held")
		link.Close()
		wantEnd(t, conn)
		wantEnd(t, <-accepted)
		if link.Accept() == nil {
			t.Error("it takes connections again")
		}
	})
	t.Run("leaves only those alone that have said something", func(t *testing.T) {
		link, _ := echo(t)
		reader, writer := dial(t, link), dial(t, link)
		exchange(t, reader, "hello")
		exchange(t, reader, "subscribe")
		exchange(t, writer, "hello")
		link.HalfOpenWhere(Near, "subscribe")
		io.WriteString(reader, "anybody?")
		wantSilence(t, reader)
		exchange(t, writer, "subscribe")
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
		link, near, far := connect(t)
		link.HalfOpen(Far)
		wantEnd(t, near)
		wantSilence(t, far)
	})
}
