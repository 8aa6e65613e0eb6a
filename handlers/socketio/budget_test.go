package socketio_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/handlers/socketio"
)

// joinPolling opens long-polling sessions that join a room and do not poll.
func (w *world) joinPolling(room string, size int) (sessions []*session) {
	w.t.Helper()
	for range size {
		s := w.openPolling()
		s.post("40", fmt.Sprintf(`42["join",%q]`, room))
		sessions = append(sessions, s)
	}
	eventually(w.t, "all have joined", func() bool { return w.Of("/").Members(room) == size })
	return sessions
}

// Each connection is within its own limits, but all together exceed the budget.
func TestQueueBudget_dropsTheLargestQueuesFirst(t *testing.T) {
	w := newWorld(t, socketio.Options{QueueBudget: 1 << 20}, joinRoom)
	w.joinPolling("small", 20)
	w.joinPolling("large", 4)
	for i, s := range append(w.Of("/").Sockets("small"), w.Of("/").Sockets("large")...) {
		packets := 1
		if i >= 20 {
			packets = 16 // 4 × 160 KB
		}
		for range packets {
			s.Emit("x", strings.Repeat("x", 10_000)) // to one socket at a time: nothing is shared
		}
	}
	if n := w.Of("/").Members("small") + w.Of("/").Members("large"); n != 24 {
		t.Fatalf("%d are left before the budget is exceeded", n)
	}
	w.joinPolling("last", 1)
	w.Of("/").To("last").Emit("x", strings.Repeat("x", 300_000))
	eventually(t, "the largest queue was dropped", func() bool { return w.Of("/").Members("last") == 0 })
	if small, large := w.Of("/").Members("small"), w.Of("/").Members("large"); small != 20 || large != 4 {
		t.Errorf("%d small and %d large ones are left", small, large)
	}
}

func TestQueueBudget_countsABroadcastOnce(t *testing.T) {
	w := newWorld(t, socketio.Options{QueueBudget: 1 << 20}, joinRoom)
	sessions := w.joinPolling("a", 100)
	for range 5 {
		w.Of("/").To("a").Emit("x", strings.Repeat("x", 100_000)) // 50 MB if each member had its own
	}
	for _, s := range sessions {
		if got := s.poll(); !strings.HasPrefix(got[len(got)-1], "42") {
			t.Fatalf("polled %.50q", got)
		}
	}
	if n := w.Of("/").Members("a"); n != 100 {
		t.Errorf("%d of 100 are left", n)
	}
}

// Queues are written, dropped, polled and cut off.
func TestQueueBudget_isUnusedAfterAllConnectionsHaveEnded(t *testing.T) {
	w := newWorld(t, socketio.Options{}, joinRoom)
	long := strings.Repeat("x", 300_000)
	for range 10 {
		sessions := w.joinPolling("a", 2)
		unread := w.joinUnread("b")
		reader := w.join().enter("c")
		for _, room := range []string{"a", "b", "c"} {
			w.Of("/").To(room).Emit("x", long)
		}
		w.Of("/").To("b").Emit("x", strings.Repeat("y", 7_000_000)) // more than the kernel takes
		reader.expectPrefix(`42["x"`)
		sessions[0].poll()
		sessions[0].post("1")
		sessions[1].post("nonsense")
		w.Of("/").Sockets("b")[0].Disconnect(true)
		unread.Close()
		reader.conn.Close()
		eventually(t, "all are gone", func() bool { return w.Connections() == 0 })
	}
	if used := w.QueuedBytes(); used != 0 {
		t.Errorf("%d bytes are still counted", used)
	}
}

func TestQueueBudget_isUnusedAfterEachPoll(t *testing.T) {
	w := newWorld(t, socketio.Options{QueueBudget: 1 << 20, MaxPayload: 1 << 20}, joinRoom)
	s := w.joinPolling("a", 1)[0]
	for range 10 {
		w.Of("/").To("a").Emit("x", strings.Repeat("x", 300_000))
		s.poll()
		s.post(strings.Repeat("3\x1e", 100_000) + "3")
		eventually(t, "nothing is counted", func() bool { return w.QueuedBytes() == 0 })
	}
}

// A closing connection that waits for its client counts, and is dropped before smaller ones.
func TestQueueBudget_dropsAClosingConnection(t *testing.T) {
	w := newWorld(t, socketio.Options{QueueBudget: 4 << 20, WriteTimeout: time.Hour}, joinRoom)
	well := w.join().enter("well")
	w.joinUnread("unread")
	for range 6 { // the kernel takes some of it
		w.Of("/").To("unread").Emit("x", strings.Repeat("x", 1_000_000))
	}
	w.Of("/").Sockets("unread")[0].Disconnect(true)
	eventually(t, "the socket has left", func() bool { return w.Of("/").Members("unread") == 0 })
	for range 8 {
		w.Of("/").To("well").Emit("x", strings.Repeat("x", 1_000_000))
		well.expectPrefix(`42["x"`)
	}
	idle := w.joinPolling("idle", 4)
	for _, s := range w.Of("/").Sockets("idle") {
		s.Emit("x", strings.Repeat("x", 900_000))
	}
	if n := w.Of("/").Members("idle"); n != len(idle) {
		t.Errorf("%d of %d are left", n, len(idle))
	}
	eventually(t, "the connection is gone", func() bool { return w.Connections() == 1+len(idle) })
}
