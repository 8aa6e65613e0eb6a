package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A kind is a kind of load: the packet to send, and what it causes.
type kind struct {
	delivery     []byte                                   // prefix of the packets that count as deliveries
	acknowledged bool                                     // whether the server acknowledges each packet
	echoed       bool                                     // whether the sender receives its own packet
	packet       func(c conversation) (head, tail []byte) // the packet; the stamp goes in between
	stamped      bool                                     // whether the packet contains the time it was sent
}

func messages(text int) kind {
	return kind{
		delivery:     []byte(`42["message_received",`),
		acknowledged: true,
		echoed:       true,
		stamped:      true,
		packet: func(c conversation) (head, tail []byte) {
			return fmt.Appendf(nil, `421["send_message",{"conversation_id":%q,"content":"@`, c.ID),
				fmt.Appendf(nil, ` %s","content_type":"text","sender_type":"end_user","external_id":%q}]`,
					strings.Repeat("x", text), c.ExternalID)
		},
	}
}

func indicators() kind {
	return kind{
		delivery: []byte(`42["typing_indicator",`),
		packet: func(c conversation) (head, tail []byte) {
			return fmt.Appendf(nil, `42["user_typing",{"conversation_id":%q,"sender_type":"end_user"}]`, c.ID), nil
		},
	}
}

// A load keeps groups of sockets busy in a closed loop: a packet must be delivered to everyone (and acknowledged)
// before the next one is sent.
type load struct {
	groups    []*group
	recorder  atomic.Pointer[recorder] // nil except during a measurement
	stopping  atomic.Bool
	listeners sync.WaitGroup
	failed    chan error
}

// A group is the sockets of one conversation. The first one sends.
type group struct {
	conversation
	load       *load
	kind       kind
	members    []*member
	head, tail []byte
	perSending int64        // steps per packet: its deliveries and its acknowledgement
	steps      atomic.Int64 // deliveries and acknowledgements so far
	sentAt     atomic.Int64 // when the last packet was sent, since epoch
	sending    sync.Mutex   // keeps packets in the order of their stamps
}

// newLoad opens count conversations and joins size sockets to each. It spreads the sockets over the nodes in turn.
func newLoad(set settings, k kind, count, size int) (*load, error) {
	conversations, err := openConversations(set, count)
	if err != nil {
		return nil, err
	}
	l := &load{groups: make([]*group, count), failed: make(chan error, 1)}
	for i, c := range conversations {
		g := &group{
			conversation: c,
			load:         l,
			kind:         k,
			members:      make([]*member, size),
			perSending:   int64(size - 1),
		}
		if k.echoed {
			g.perSending++
		}
		if k.acknowledged {
			g.perSending++
		}
		g.head, g.tail = k.packet(c)
		l.groups[i] = g
	}
	err = parallel(count*size, 64, func(i int) error {
		w, err := joinSocket(set, i, conversations[i/size])
		if err == nil {
			l.groups[i/size].members[i%size] = &member{websocket: w, group: l.groups[i/size]}
		}
		return err
	})
	if err != nil {
		l.stop()
	}
	return l, err
}

// start starts the listeners and sends the first window of every group.
func (l *load) start(window int) error {
	for _, g := range l.groups {
		for _, m := range g.members {
			l.listeners.Go(func() {
				if err := m.listen(); !l.stopping.Load() {
					l.fail(err)
				}
			})
		}
	}
	for _, g := range l.groups {
		for range window {
			if err := g.emit(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *load) fail(err error) {
	select {
	case l.failed <- err:
	default:
	}
}

// wait lets the load run for d.
func (l *load) wait(d time.Duration) error {
	select {
	case err := <-l.failed:
		return err
	case <-time.After(d):
		return nil
	}
}

// stop ends the loop, closes the connections and waits for the listeners to end.
func (l *load) stop() {
	l.stopping.Store(true)
	for _, g := range l.groups {
		for _, m := range g.members {
			if m != nil {
				m.leave()
			}
		}
	}
	l.listeners.Wait()
}

// step counts a delivery or an acknowledgement. After the last one of a packet it sends the next packet.
func (g *group) step() error {
	if g.steps.Add(1)%g.perSending != 0 || g.load.stopping.Load() {
		return nil
	}
	return g.emit()
}

func (g *group) emit() error {
	g.sending.Lock()
	defer g.sending.Unlock()
	at := time.Since(epoch)
	g.sentAt.Store(int64(at))
	packet := make([]byte, 0, 512)
	packet = append(packet, g.head...)
	if g.kind.stamped {
		packet = strconv.AppendInt(packet, int64(at), 10)
	}
	err := g.members[0].send(append(packet, g.tail...))
	if g.load.stopping.Load() {
		return nil
	}
	return err
}

// sent returns when the packet was sent, since epoch: its own stamp, or else the time of the group's last packet.
func (g *group) sent(packet []byte) time.Duration {
	if g.kind.stamped {
		if at, found := stamped(packet); found {
			return at
		}
	}
	return time.Duration(g.sentAt.Load())
}

var errSilent = errors.New("nothing was delivered")
