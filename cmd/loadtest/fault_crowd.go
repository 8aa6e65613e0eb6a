package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"parley/e2e/link"
)

var crowdFaults = []fault{
	{
		name:  "acknowledgement-lost",
		about: "the first acknowledgement of a message is lost, because the client's connection breaks",
		kind:  threeNodes,
		dose:  1000,
		bulk:  true,
		short: 100,
		takes: 15 * time.Second,
		run: func(t *trial) error {
			t.loseAnswers.Store(int64(t.dose))
			for t.loseAnswers.Load() > 0 {
				if err := t.hold(100 * time.Millisecond); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		name:  "commit-answer-lost",
		about: "a node's connection breaks before PostgreSQL's answer to COMMIT arrives",
		kind:  threeNodes,
		dose:  100,
		bulk:  true,
		short: 10,
		takes: 15 * time.Second,
		run:   loseCommits,
	},
	{
		name:  "readers-asleep",
		about: "50 clients answer pings and never read what they are sent, for 5 min",
		kind:  threeNodes,
		dose:  300,
		bulk:  true,
		short: 20,
		takes: 25 * time.Second,
		run:   readersAsleep,
	},
	{
		name:  "client-far-away",
		about: "clients of a node are behind 64 kbit/s and 300 ms of delay, for 5 min",
		kind:  threeNodes,
		dose:  300,
		bulk:  true,
		short: 20,
		takes: 25 * time.Second,
		run: func(t *trial) error {
			weather := link.Weather{Rate: 8000, Delay: 150 * time.Millisecond}
			return underWeather(time.Duration(t.dose)*time.Second, weather)(t, t.node().Clients)
		},
	},
	{
		name:  "sockets-dropped",
		about: "5,000 additional sockets break at once and reconnect",
		kind:  threeNodes,
		dose:  5,
		takes: 40 * time.Second,
		run:   dropSockets,
	},
}

var soakFaults = []fault{
	{
		name:  "soak",
		about: "30 min in which sockets come and go",
		kind:  threeNodes,
		dose:  1800,
		bulk:  true,
		short: 20,
		takes: 25 * time.Second,
		run:   soak,
	},
}

// loseCommits loses every fifth answer to COMMIT until there were enough.
func loseCommits(t *trial) error {
	var left, all atomic.Int64
	left.Store(int64(t.dose))
	lose := func(data []byte) bool {
		return bytes.Contains(data, []byte("COMMIT\x00")) && left.Load() > 0 && all.Add(1)%5 == 0 && left.Add(-1) >= 0
	}
	for _, node := range t.Nodes {
		node.Database.LoseAnswers(lose)
		defer node.Database.LoseAnswers(nil)
	}
	for deadline := time.Now().Add(5 * time.Minute); left.Load() > 0; {
		if time.Now().After(deadline) {
			return fmt.Errorf("only %d answers to COMMIT were lost", int64(t.dose)-left.Load())
		}
		if err := t.hold(50 * time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// readersAsleep joins busy conversations and reads nothing more. The nodes must drop such connections once what they
// were sent fills the buffers of the system, which takes a minute or two.
func readersAsleep(t *trial) error {
	const readers, joined, enough = 50, 10, 120
	until := time.Now().Add(time.Duration(t.dose) * time.Second)
	var dropped atomic.Int64
	err := parallel(readers, readers, func(i int) error {
		node := t.Nodes[i%len(t.Nodes)]
		w, err := dialWebSocket("http://"+node.Address, nil)
		if err != nil {
			return err
		}
		defer w.cut()
		if tcp, ok := w.Conn.(*net.TCPConn); ok {
			tcp.SetReadBuffer(32 << 10)
		}
		err = w.within(clientPatience, func(w *websocket) error {
			if err := handshake(w); err != nil {
				return err
			}
			for n := range joined {
				c := (i + n) % endUsers
				if err := w.send(joinPacket(t.conversations[c], externalID(c))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for time.Now().Before(until) {
			if err := t.hold(time.Second); err != nil {
				return err
			}
			w.SetWriteDeadline(time.Now().Add(time.Second))
			if w.send(pong) != nil {
				break
			}
		}
		if ends(w) {
			dropped.Add(1)
		}
		return nil
	})
	if left := readers - dropped.Load(); left > 0 && t.dose >= enough {
		t.fail("%d readers that never read are still connected", left)
	}
	return err
}

// ends reads what still comes, and reports whether that has an end.
func ends(w *websocket) bool {
	const patience = 5 * time.Second
	w.SetReadDeadline(time.Now().Add(patience))
	heard := time.Now()
	for buffer := make([]byte, 64<<10); ; heard = time.Now() {
		if _, err := w.Read(buffer); err != nil {
			return !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(heard) > patience/2
		}
	}
}

func joinPacket(conversation, externalID string) []byte {
	payload, _ := json.Marshal([]any{"join_conversation", map[string]string{
		"conversation_id": conversation,
		"external_id":     externalID,
	}})
	return append([]byte("420"), payload...)
}

// dropSockets connects sockets to quiet conversations, breaks all at once and waits until all are back.
func dropSockets(t *trial) error {
	const conversations = 50
	sockets := 5000
	if t.short {
		sockets = 500
	}
	opened := make([]conversation, conversations)
	err := parallel(conversations, 8, func(i int) (err error) {
		node := t.Nodes[i%len(t.Nodes)]
		opened[i], err = openWidget("http://"+node.Address, t.token, fmt.Sprintf("crowd-%d", i))
		return err
	})
	if err != nil {
		return err
	}
	crowd := make([]*socket, sockets)
	defer func() {
		for _, s := range crowd {
			if s != nil {
				s.cut()
			}
		}
	}()
	join := func() error {
		return parallel(sockets, 200, func(i int) (err error) {
			crowd[i], err = t.join(i, opened[i%conversations])
			return err
		})
	}
	if err := join(); err != nil {
		return err
	}
	var ended sync.WaitGroup
	for _, s := range crowd {
		ended.Go(func() {
			s.cut()
			<-s.ended
		})
	}
	ended.Wait()
	return join()
}

// join connects a socket and joins a conversation, and tries again as a client does.
func (t *trial) join(i int, c conversation) (s *socket, err error) {
	wait := newBackoff()
	for deadline := time.Now().Add(retryLimit); time.Now().Before(deadline); wait.pause(t.ctx) {
		if s, err = t.joinOnce(i, c); err == nil || t.ctx.Err() != nil {
			return s, err
		}
	}
	return nil, fmt.Errorf("socket %d has not joined after %s: %w", i, retryLimit, err)
}

// joinOnce connects a socket to a node, past its link, and joins a conversation.
func (t *trial) joinOnce(i int, c conversation) (*socket, error) {
	s, err := dialLive("http://"+t.Nodes[i%len(t.Nodes)].Address, nil, nil)
	if err != nil {
		return nil, err
	}
	payload := map[string]string{"conversation_id": c.ID, "external_id": c.ExternalID}
	if _, err := s.callWithin(clientPatience, "join_conversation", payload); err != nil {
		s.cut()
		return nil, err
	}
	return s, nil
}

// soak lets sockets come and go for a time, in addition to the load.
func soak(t *trial) error {
	until := time.Now().Add(time.Duration(t.dose) * time.Second)
	return parallel(20, 20, func(i int) error {
		for number := 0; time.Now().Before(until); number++ {
			c := conversation{t.conversations[i%endUsers], externalID(i % endUsers)}
			s, err := t.join(i+number, c)
			if err != nil {
				return err
			}
			err = t.hold(time.Duration(rand.IntN(1000)) * time.Millisecond)
			if number%2 == 0 {
				s.cut()
			} else {
				s.leave()
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
