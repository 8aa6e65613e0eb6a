package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func TestBroadcasts(t *testing.T) {
	t.Run("all arrive", func(t *testing.T) {
		out, err := try(t, newFakeServer(t), "broadcasts", "-n", "300")
		if err != nil || !strings.Contains(out, " received=300 ") || !strings.HasSuffix(out, " ok\n") {
			t.Errorf("%q, %v; want 300 received, ok", out, err)
		}
	})
	t.Run("every hundredth is lost", func(t *testing.T) {
		f := newFakeServer(t)
		f.loseTyping = 100
		out, err := try(t, f, "broadcasts", "-n", "300", "-patience", "200ms")
		if !errors.Is(err, errFailed) || !strings.Contains(out, " received=297 ") {
			t.Errorf("%q, %v; want 297 received, FAILED", out, err)
		}
	})
}

func TestOrder(t *testing.T) {
	t.Run("in the order sent", func(t *testing.T) {
		out, err := try(t, newFakeServer(t), "order", "-n", "300")
		if err != nil || !strings.Contains(out, " acked=300 late=0 ok\n") {
			t.Errorf("%q, %v; want all acknowledged, none late", out, err)
		}
	})
	t.Run("one after its successor", func(t *testing.T) {
		f := newFakeServer(t)
		f.holdAck = "7"
		out, err := try(t, f, "order", "-n", "300")
		if !errors.Is(err, errFailed) || !strings.Contains(out, " acked=300 late=1 ") {
			t.Errorf("%q, %v; want one late, FAILED", out, err)
		}
	})
	t.Run("one never", func(t *testing.T) {
		f := newFakeServer(t)
		f.holdAck = "299"
		out, err := try(t, f, "order", "-n", "300", "-patience", "200ms")
		if !errors.Is(err, errFailed) || !strings.Contains(out, " acked=299 late=0 ") {
			t.Errorf("%q, %v; want 299 acknowledged, FAILED", out, err)
		}
	})
}

func TestMalformed(t *testing.T) {
	t.Run("ignored", func(t *testing.T) {
		out, err := try(t, newFakeServer(t), "malformed")
		if err != nil || !strings.HasSuffix(out, " sender_kept=true process_ended=false ok\n") {
			t.Errorf("%q, %v; want ok", out, err)
		}
	})
	t.Run("ends the server", func(t *testing.T) {
		f := newFakeServer(t)
		f.malformed = func() { f.Listener.Close(); f.dropAll() }
		out, err := try(t, f, "malformed")
		if !errors.Is(err, errFailed) || !strings.Contains(out, " sender_kept=false process_ended=false FAILED: new socket 1: ") {
			t.Errorf("%q, %v; want FAILED", out, err)
		}
	})
	t.Run("ends every connection", func(t *testing.T) {
		f := newFakeServer(t)
		f.malformed = f.dropAll
		out, err := try(t, f, "malformed")
		if !errors.Is(err, errFailed) || !strings.Contains(out, "FAILED: other socket: ") {
			t.Errorf("%q, %v; want FAILED", out, err)
		}
	})
}

func TestMalformed_reportsThatTheProcessHasEnded(t *testing.T) {
	server := exec.Command("true")
	if err := server.Run(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err := run([]string{"malformed", "-url", newFakeServer(t).URL, "-pid", strconv.Itoa(server.Process.Pid)}, &out)
	if err != nil || !strings.Contains(out.String(), " process_ended=true ") {
		t.Errorf("%q, %v; want process_ended=true", out.String(), err)
	}
}

func TestSend_reportsTheShareOfLateDeliveries(t *testing.T) {
	var held []fakeMessage
	swapped := func(m fakeMessage) []fakeMessage { // messages 1, 3, 5 … are delivered after their successor
		if m.Seq%2 == 1 {
			held = []fakeMessage{m}
			return nil
		}
		return append([]fakeMessage{m}, held...)
	}
	for name, test := range map[string]struct {
		deliver   func(fakeMessage) []fakeMessage
		low, high float64
	}{
		"none": {func(m fakeMessage) []fakeMessage { return []fakeMessage{m} }, 0, 0},
		"half": {swapped, .45, .55},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeServer(t)
			f.deliver = test.deliver
			out, err := try(t, f, "send", "-n", "1", "-window", "10", "-d", "100ms", "-warmup", "10ms", "-json")
			var got struct {
				LateShare float64 `json:"late_share"`
			}
			if err != nil || json.Unmarshal([]byte(out), &got) != nil {
				t.Fatalf("%q, %v", out, err)
			}
			if got.LateShare < test.low || got.LateShare > test.high {
				t.Errorf("late_share = %v, want %v to %v", got.LateShare, test.low, test.high)
			}
		})
	}
}

func TestOpen_triesAHandshakeAgain(t *testing.T) {
	t.Run("as often as allowed", func(t *testing.T) {
		f := newFakeServer(t)
		f.ignore.Store(2)
		out, err := try(t, f, "malformed", "-n", "1", "-dial", "100ms", "-tries", "3")
		if err != nil {
			t.Errorf("%q, %v; want ok", out, err)
		}
	})
	t.Run("and counts", func(t *testing.T) {
		f := newFakeServer(t)
		f.ignore.Store(1)
		out, err := try(t, f, "typing", "-n", "1", "-dial", "100ms", "-tries", "2", "-d", "50ms", "-warmup", "10ms")
		if err != nil || !strings.Contains(out, " handshakes=3 handshakes_failed=1 ") {
			t.Errorf("%q, %v; want one failure of three", out, err)
		}
	})
	t.Run("once by default", func(t *testing.T) {
		f := newFakeServer(t)
		f.ignore.Store(1)
		if out, err := try(t, f, "order", "-dial", "100ms"); err == nil || errors.Is(err, errFailed) {
			t.Errorf("%q, %v; want the handshake's error", out, err)
		}
	})
}

func TestAcknowledged(t *testing.T) {
	for packet, want := range map[string]int64{`430[{"ok":true}]`: 0, `4312[{}]`: 12} {
		if number, found := acknowledged([]byte(packet)); !found || number != want {
			t.Errorf("acknowledged(%q) = %d, %t; want %d", packet, number, found, want)
		}
	}
	for _, packet := range []string{`42["x"]`, `43[]`, `4312`, `43x[]`, ``} {
		if number, found := acknowledged([]byte(packet)); found {
			t.Errorf("acknowledged(%q) = %d; want none", packet, number)
		}
	}
}
