package socketio_test

import (
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/e2e/link"
	"parley/handlers/socketio"
)

// node is a server whose broker reaches Redis through a link.
type node struct {
	*world
	link     *link.Link
	broker   *socketio.RedisBroker
	returned chan struct{} // a call of OnReturn
}

// nodes returns two servers. Packets wait for holdBack.
func nodes(t *testing.T, holdBack time.Duration) (a, b *node) {
	t.Helper()
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		if os.Getenv("TEST_REQUIRE_SERVERS") == "1" {
			t.Fatal("TEST_REDIS_URL must be set")
		}
		t.Skip("TEST_REDIS_URL is not set")
	}
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	options.DialTimeout = time.Second
	options.ReadTimeout = time.Second
	options.MaxRetries = -1
	prefix := "test:" + t.Name() + ":"
	return newNode(t, options, prefix, holdBack), newNode(t, options, prefix, holdBack)
}

func newNode(t *testing.T, options *redis.Options, prefix string, holdBack time.Duration) *node {
	t.Helper()
	through := *options
	toRedis, err := link.New(options.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(toRedis.Close)
	through.Addr = toRedis.Address
	n := &node{link: toRedis, returned: make(chan struct{}, 100)}
	client := redis.NewClient(&through)
	quiet := slog.New(slog.DiscardHandler)
	n.broker = socketio.NewFastRedisBroker(client, prefix, quiet)
	t.Cleanup(func() {
		n.broker.Close()
		client.Close()
	})
	n.world = newWorld(t, socketio.Options{
		Broker:   n.broker,
		HoldBack: holdBack,
		Log:      quiet,
	}, joinRoom)
	n.Of("/").OnReturn(func() { n.returned <- struct{}{} })
	return n
}

func (n *node) down() {
	n.t.Helper()
	eventually(n.t, "the broker is down", func() bool { return !n.broker.Up() })
}

// accept ends Refuse.
func (n *node) accept() {
	n.t.Helper()
	if err := n.link.Accept(); err != nil {
		n.t.Fatal(err)
	}
}

// faults take Redis away from a node, and give it back.
var faults = map[string]struct{ begin, end func(*node) }{
	"the subscription is half open": {
		func(n *node) { n.link.HalfOpenWhere(link.Near, "subscribe") },
		func(*node) {},
	},
	"Redis does not get through": {
		func(n *node) { n.link.HangAnswers() },
		func(n *node) { n.link.Resume() },
	},
	"connections are refused": {
		func(n *node) { n.link.Refuse() },
		(*node).accept,
	},
}

// Whatever the fault was, the node notices it, and hears again everything in all of its rooms once it says so. Both
// nodes learn that something may be lost.
func TestReturn_meansThatBothDirectionsWork(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			a, b := nodes(t, time.Hour)
			var peers []*peer
			for i := range 50 {
				peers = append(peers, b.join().enter(fmt.Sprint(i)))
			}
			onA := a.join().enter("on a")
			fault.begin(b)
			b.down()
			fault.end(b)
			wait(t, a.returned, "the other node's return")
			wait(t, b.returned, "the return")
			if !b.broker.Up() {
				t.Error("is back and not up")
			}
			for i, p := range peers {
				a.Of("/").To(fmt.Sprint(i)).Emit("x", i)
				p.expect(fmt.Sprintf(`42["x",%d]`, i))
			}
			b.Of("/").To("on a").Emit("y")
			onA.expect(`42["y"]`)
		})
	}
}

func TestReturn_isNotToldWhileNothingFails(t *testing.T) {
	a, b := nodes(t, time.Hour)
	p := b.join().enter("r")
	for i := range 100 {
		a.Of("/").To("r").Emit("x", i)
		p.expect(fmt.Sprintf(`42["x",%d]`, i))
	}
	if len(a.returned)+len(b.returned) > 0 || !a.broker.Up() || !b.broker.Up() {
		t.Error("a node was away")
	}
}

// What a node could not send comes before its return is reported, in order, and not after its successors.
func TestReturn_lateEventsNeverComeAfterTheirSuccessors(t *testing.T) {
	a, b := nodes(t, 20*time.Millisecond)
	p := a.join().enter("a")
	q := a.join().enter("b")
	emitNumbered(a.world, 1)
	p.expectNumbers(1)
	b.link.Refuse()
	b.down()
	for n := uint64(2); n <= 20; n += 2 {
		b.Of("/").To("a").Sequence(n).Emit("n", n)
		b.Of("/").To("b").Sequence(n/2).Emit("n", n/2)
		emitNumbered(a.world, n+1)
		p.expectNumbers(n + 1)
	}
	b.Of("/").To("a").Sequence(22).Emit("n", 22)
	b.accept()
	p.expectNumbers(22)
	for n := range uint64(10) {
		q.expectNumbers(n + 1)
	}
	wait(t, a.returned, "the return")
	p.expectNothing()
	q.expectNothing()
}

// A node that starts without Redis works on its own, and with the others when Redis comes.
func TestReturn_comesAfterAStartWithoutRedis(t *testing.T) {
	a, b := nodes(t, time.Hour)
	b.link.Refuse()
	b.down()
	p := b.join().enter("r")
	b.Of("/").To("r").Emit("alone")
	p.expect(`42["alone"]`)
	b.accept()
	wait(t, b.returned, "the return")
	a.Of("/").To("r").Emit("together")
	p.expect(`42["together"]`)
}
