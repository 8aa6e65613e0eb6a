package engine

import (
	"fmt"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/gobwas/ws"
)

// listener is a Receiver that passes messages to a test.
type listener struct{ messages chan string }

func (l listener) Message(m Message) error {
	l.messages <- string(m.Data)
	return nil
}

func (l listener) Closed(string) {}

// A client that sends pings and does not read has one answer in its queue, that of its latest ping.
func TestPong_onlyTheLatestIsQueued(t *testing.T) {
	received := listener{make(chan string, 1)}
	s := New(Options{}, func(*Conn) Receiver { return received })
	defer s.stop()
	client, server := net.Pipe() // without a buffer: a write waits for a read
	defer client.Close()
	w := newWebSocket(s, server)
	c := s.newConn(nil, w, nil)
	go w.serve(nil)
	for i := range 1000 {
		client.Write(clientFrame(ws.OpPing, true, fmt.Append(nil, i)))
	}
	client.Write(clientFrame(ws.OpText, true, []byte("4after")))
	<-received.messages
	c.Send(Text([]byte("last")))

	var got []string
	for len(got) < 2 || !slices.Contains(got, "4last") {
		got = append(got, readFrame(t, client))
	}
	if got[len(got)-1] == "4last" && !slices.Contains(got, "999") {
		got = append(got, readFrame(t, client))
	}
	if len(got) > 4 || !slices.Contains(got, "999") { // the open packet, and a pong that is being written
		t.Fatalf("%d frames were waiting: %.200q", len(got), got)
	}
}

// readFrame returns the payload of the next frame.
func readFrame(t *testing.T, r io.Reader) string {
	t.Helper()
	h, err := ws.ReadHeader(r)
	if err != nil {
		t.Fatal(err)
	}
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(r, payload); err != nil {
		t.Fatal(err)
	}
	return string(payload)
}
