package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// epoch is the start of the stamps in messages. It has a monotonic clock, so that setting the clock is not measured as
// latency.
var epoch = time.Now()

// A member is a socket that has joined its conversation. It compares prefixes of packets instead of decoding JSON, so
// that the load generator itself costs little.
type member struct {
	*websocket
	group *group
	order sequence // of the stamps it has received
}

// joinSocket connects the i-th socket to its node and joins the conversation.
func joinSocket(set settings, i int, c conversation) (*websocket, error) {
	return set.open(i, func(w *websocket) error {
		if err := handshake(w); err != nil {
			return err
		}
		return join(w, c)
	})
}

// join joins the conversation and waits for the acknowledgement.
func join(w *websocket, c conversation) error {
	packet := fmt.Sprintf(`420["join_conversation",{"conversation_id":%q,"external_id":%q}]`, c.ID, c.ExternalID)
	if err := w.send([]byte(packet)); err != nil {
		return err
	}
	for {
		answer, err := w.receive()
		switch {
		case err != nil:
			return fmt.Errorf("join: %w", err)
		case bytes.Equal(answer, ping):
			w.send(pong)
		case bytes.HasPrefix(answer, []byte("430[")):
			if !bytes.Contains(answer, []byte(`"ok":true`)) {
				return fmt.Errorf("join: %s", answer)
			}
			return nil
		}
	}
}

var errRefused = errors.New("message refused")

// listen reads until the connection ends, counts deliveries and acknowledgements, and drives the group's loop. It
// returns the error that ended it.
func (m *member) listen() error {
	for {
		packet, err := m.receive()
		if err != nil {
			return err
		}
		g := m.group
		switch {
		case bytes.HasPrefix(packet, g.kind.delivery):
			at := g.sent(packet)
			inOrder := m.order.add(int64(at))
			if r := g.load.recorder.Load(); r != nil {
				r.delivery(time.Since(epoch)-at, inOrder)
			}
			err = g.step()
		case g.kind.acknowledged && bytes.HasPrefix(packet, []byte("431[")):
			if !bytes.Contains(packet, []byte(`"ok":true`)) {
				return fmt.Errorf("%w: %s", errRefused, packet)
			}
			if r := g.load.recorder.Load(); r != nil {
				r.acknowledgement(time.Since(epoch) - g.sent(packet))
			}
			err = g.step()
		case bytes.Equal(packet, ping):
			err = m.send(pong)
		}
		if err != nil {
			return err
		}
	}
}

const stampMark = `"content":"@`

// stamped returns the stamp at the start of a message's content.
func stamped(packet []byte) (time.Duration, bool) {
	_, rest, found := bytes.Cut(packet, []byte(stampMark))
	digits, _, ended := bytes.Cut(rest, []byte(" "))
	if !found || !ended {
		return 0, false
	}
	at, err := strconv.ParseInt(string(digits), 10, 64)
	return time.Duration(at), err == nil
}
