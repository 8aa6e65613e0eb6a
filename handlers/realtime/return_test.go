package realtime_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"parley/handlers/socketio"
	"parley/models"
	"parley/models/modelstest"
	"parley/services"
)

// ear is a node's broker. While it is deaf the node hears nothing of the others, as when it has lost Redis.
type ear struct {
	socketio.Broker
	deaf     atomic.Bool
	returned func()
}

func (e *ear) Subscribe(channel string, deliver func([]byte)) (cancel func(), err error) {
	return e.Broker.Subscribe(channel, func(message []byte) {
		if !e.deaf.Load() {
			deliver(message)
		}
	})
}

func (e *ear) Up() bool { return !e.deaf.Load() }

func (e *ear) OnReturn(handler func()) { e.returned = handler }

// eachPair runs test on every database with two nodes, of which the second can be deaf. Its sweeps are fast.
func eachPair(t *testing.T, test func(a, b *world, of *ear)) {
	t.Helper()
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		broker := socketio.NewMemoryBroker()
		of := &ear{Broker: broker}
		a, serveA := newNode(t, db, broker, services.Rate{}, services.AddressLimits{})
		b, serveB := newNode(t, db, of, services.Rate{}, services.AddressLimits{})
		b.live.SetSweep(20 * time.Millisecond)
		var err error
		a.seeded, err = a.Organizations.Seed(t.Context(), false)
		a.ok(err)
		b.seeded = a.seeded
		serveA()
		serveB()
		test(a, b, of)
	})
}

func TestReturn_tellsEverybodyWhatMayBeLost(t *testing.T) {
	eachPair(t, func(a, b *world, of *ear) {
		v, unchanged := a.visit("jo"), a.visit("mo")
		s, other := b.endUser(v), b.endUser(unchanged)
		s.ok("send_message", v.say("Hello"))
		s.next("message_received")
		s.next("message_received")
		queue, presence := b.agent(b.seeded.Agent), b.agent(b.seeded.Agent)
		outside := b.agent(b.seeded.Agent)
		queue.ok("join_queue", nil)
		presence.ok("join_org_presence", nil)
		stranger := b.connect("")

		last := a.storeUnheard(v, 1)
		of.returned()
		for s.next("last_seq")["last_seq"] != last {
		}
		if got := other.next("last_seq"); got["conversation_id"] != unchanged.conversationID || got["last_seq"] != 0.0 {
			b.Errorf("the other conversation hears %v", got)
		}
		for listener, room := range map[*socket]string{
			queue:    "queue",
			presence: "presence",
			s:        "presence",
		} {
			if got := listener.next("look_again")["room"]; got != room {
				b.Errorf("is to look at %v, not %v", got, room)
			}
		}
		for _, listener := range []*socket{outside, stranger} {
			listener.silent()
		}
	})
}

// Redis may come and go several times a second. Clients would do nothing but fetch.
func TestReturn_tellsEverybodyOnceAnInterval(t *testing.T) {
	eachPair(t, func(a, b *world, of *ear) {
		s := b.endUser(a.visit("jo"))
		of.returned()
		s.next("last_seq")
		s.next("look_again")
		for range 3 { // when the second is taken, the first is done
			of.returned()
			for deadline := time.Now().Add(patience); !b.live.SawReturns(); runtime.Gosched() {
				if time.Now().After(deadline) {
					b.Fatal("the return is not seen")
				}
			}
		}
		s.silent()
	})
}

// Another node died before it published a message. The node that notices notifies the queues of all nodes, of that
// organization alone.
func TestStep_notifiesTheQueuesOfAllNodesOfALostMessage(t *testing.T) {
	eachPair(t, func(a, b *world, _ *ear) {
		v := a.visit("jo")
		b.endUser(v).ok("send_message", v.say("Hello"))
		queue, presence := a.agent(a.seeded.Agent), a.agent(a.seeded.Agent)
		stranger := a.agent(a.elsewhere())
		queue.ok("join_queue", nil)
		presence.ok("join_org_presence", nil)
		stranger.ok("join_queue", nil)
		a.storeUnheard(v, 1)
		b.ok(b.live.Step(b.Context(), false))
		if got := queue.next("look_again")["room"]; got != "queue" {
			a.Errorf("is to look at %v", got)
		}
		presence.silent()
		stranger.silent()
	})
}

// A logout that a node does not hear of closes that node's sockets of the login, and no others.
func TestLogout_closesTheSocketsOfADeafNode(t *testing.T) {
	eachPair(t, func(a, b *world, of *ear) {
		login := func() string {
			login, err := a.WebSessions.LogIn(a.Context(), a.seeded.Agent.Email, a.seeded.Agent.Password,
				services.Client{})
			a.ok(err)
			return login.Token
		}
		ends, stays := login(), login()
		ended, other := b.connect(ends), b.connect(stays)
		endUser := b.endUser(a.visit("jo"))
		of.deaf.Store(true)
		a.ok(a.WebSessions.Logout(a.Context(), ends))
		ended.closed()
		other.ok("join_queue", nil)
		endUser.silent()
	})
}
