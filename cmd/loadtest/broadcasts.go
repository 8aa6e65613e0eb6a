package main

import (
	"bytes"
	"sync/atomic"
	"time"
)

// runBroadcasts sends n typing indicators as fast as the connection takes them and counts those that the other socket
// of the conversation receives. It ends when all have arrived, or when none has arrived for as long as patience.
func runBroadcasts(set settings) (*report, error) {
	pair, made, err := joinTogether(set, 2)
	if err != nil {
		return nil, err
	}
	typist, listener := pair[0], pair[1]
	defer typist.cut()
	defer listener.cut()

	var received atomic.Int64
	go typist.hear(func([]byte) {})
	go listener.hear(func(packet []byte) {
		if bytes.HasPrefix(packet, indicators().delivery) {
			received.Add(1)
		}
	})
	packet, _ := indicators().packet(made)
	began := time.Now()
	go typist.repeat(set.n, func(int) []byte { return packet })
	stalled := waitForProgress(set.patience, set.n, func() int { return int(received.Load()) })
	took := time.Since(began).Seconds()

	r := &report{scenario: "broadcasts"}
	r.add("n", set.n)
	r.add("received", received.Load())
	if stalled == nil {
		r.add("broadcasts_per_s", float64(set.n)/took)
	}
	r.check(stalled)
	return r, nil
}

// joinTogether opens one conversation and joins count sockets to it.
func joinTogether(set settings, count int) ([]*websocket, conversation, error) {
	made, err := openConversations(set, 1)
	if err != nil {
		return nil, conversation{}, err
	}
	sockets := make([]*websocket, count)
	for i := range sockets {
		if sockets[i], err = joinSocket(set, i, made[0]); err != nil {
			for _, w := range sockets[:i] {
				w.cut()
			}
			return nil, conversation{}, err
		}
	}
	return sockets, made[0], nil
}

// repeat sends n packets without waiting. It stops when the connection fails.
func (w *websocket) repeat(n int, packet func(i int) []byte) {
	for i := range n {
		if w.send(packet(i)) != nil {
			return
		}
	}
}

// hear reads until the connection ends, answers pings, and passes every other packet to other.
func (w *websocket) hear(other func(packet []byte)) {
	for {
		packet, err := w.receive()
		switch {
		case err != nil:
			return
		case bytes.Equal(packet, ping):
			w.send(pong)
		default:
			other(packet)
		}
	}
}
