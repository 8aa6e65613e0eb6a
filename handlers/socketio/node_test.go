package socketio_test

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/handlers/socketio"
)

// eachBroker runs a test with two servers, with each kind of broker.
func eachBroker(t *testing.T, test func(t *testing.T, a, b *world)) {
	quiet := slog.New(slog.DiscardHandler)
	t.Run("memory", func(t *testing.T) {
		broker := socketio.NewMemoryBroker()
		test(t, newWorld(t, socketio.Options{Broker: broker}, joinRoom),
			newWorld(t, socketio.Options{Broker: broker}, joinRoom))
	})
	t.Run("redis", func(t *testing.T) {
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
		var worlds [2]*world
		for i := range worlds {
			client := redis.NewClient(options)
			broker := socketio.NewRedisBroker(client, "test:"+t.Name()+":", quiet)
			t.Cleanup(func() {
				broker.Close()
				client.Close()
			})
			worlds[i] = newWorld(t, socketio.Options{Broker: broker, Log: quiet}, joinRoom)
		}
		test(t, worlds[0], worlds[1])
	})
}

func TestNodes_aBroadcastReachesTheRoomOnEveryNode(t *testing.T) {
	eachBroker(t, func(t *testing.T, a, b *world) {
		onA := a.join().enter("r")
		onB := b.join().enter("r")
		outside := b.join().enter("other")
		a.Of("/").To("r").Emit("x", 1)
		onA.expect(`42["x",1]`)
		onB.expect(`42["x",1]`)
		outside.expectNothing()
		onA.expectNothing() // once only

		a.Of("/").To("r").Emit("bytes", socketio.Binary("b"))
		onB.expect(`451-["bytes",{"_placeholder":true,"num":0}]`)
		onB.expect("b:b")

		onBoth := b.join().enter("r").enter("other")
		a.Of("/").To("r").To("other").Emit("y")
		for _, p := range []*peer{onB, outside, onBoth} {
			p.expect(`42["y"]`)
			p.expectNothing()
		}
		a.Of("/").To("r").Local().Emit("z")
		onB.expectNothing()
	})
}

func TestNodes_aBroadcastExcludesARoomOnEveryNode(t *testing.T) {
	eachBroker(t, func(t *testing.T, a, b *world) {
		for room, w := range map[string]*world{"here": a, "there": b} {
			inRoom := w.join().enter(room)
			inBoth := w.join().enter(room).enter("hidden")
			inOther := w.join().enter("other").enter("hidden")
			a.Of("/").To(room).ExceptRoom("hidden").Emit("one")
			a.Of("/").To(room).To("other").Except("nobody").ExceptRoom("hidden").Emit("two")
			a.Of("/").To(room).ExceptRoom("empty").Emit("three")
			inRoom.expect(`42["one"]`)
			inRoom.expect(`42["two"]`)
			inRoom.expect(`42["three"]`)
			inBoth.expect(`42["three"]`)
			inBoth.expectNothing()
			inOther.expectNothing()
		}
	})
}

func TestNodes_theOrderOfARoomIsKept(t *testing.T) {
	eachBroker(t, func(t *testing.T, a, b *world) {
		p := b.join().enter("r")
		for i := range 2000 {
			a.Of("/").To("r").Emit("n", i)
		}
		for i := range 2000 {
			p.expect(fmt.Sprintf(`42["n",%d]`, i))
		}
	})
}

func TestNodes_numberedPacketsOfTwoNodesComeInOrder(t *testing.T) {
	eachBroker(t, func(t *testing.T, a, b *world) {
		p := b.join().enter("r")
		for n := uint64(1); n < 1000; n += 2 {
			a.Of("/").To("r").Sequence(n).Emit("n", n)
			b.Of("/").To("r").Sequence(n+1).Emit("n", n+1)
		}
		first := p.next() // the numbers begin with whichever comes first
		n := 1
		if first == `42["n",2]` {
			t.Log("began with 2: 1 came late")
			p.expect(`42["n",1]`)
			n = 2
		}
		for n++; n <= 1000; n++ {
			p.expect(fmt.Sprintf(`42["n",%d]`, n))
		}
	})
}

func TestNodes_disconnectSocketsReachesEveryNode(t *testing.T) {
	eachBroker(t, func(t *testing.T, a, b *world) {
		onA := a.join().enter("r")
		onB := b.join().enter("r")
		outside := b.join()
		a.Of("/").DisconnectSockets("r")
		onA.expect("41")
		onB.expect("41")
		outside.expectNothing()
		eventually(t, "the rooms are empty", func() bool { return a.Of("/").Members("r")+b.Of("/").Members("r") == 0 })
		again := b.join().enter("r")
		a.Of("/").To("r").Emit("x")
		again.expect(`42["x"]`)
	})
}

// lineCount counts the lines of a log.
type lineCount struct{ atomic.Int64 }

func (n *lineCount) Write(line []byte) (int, error) {
	n.Add(1)
	return len(line), nil
}

// While Redis is down, broadcasts within a node are not delayed, and joins do not fill the log.
func TestRedisDown_localMembersAreNotDelayed(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, addr := range map[string]string{"refuses": "127.0.0.1:1", "is silent": silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			var lines lineCount
			log := slog.New(slog.NewTextHandler(&lines, nil))
			client := redis.NewClient(&redis.Options{Addr: addr})
			broker := socketio.NewRedisBroker(client, "", log)
			t.Cleanup(func() {
				client.Close()
				broker.Close()
			})
			w := newWorld(t, socketio.Options{
				Broker:   broker,
				HoldBack: time.Hour,
				Log:      log,
			}, joinRoom)
			p := w.join().enter("first")
			eventually(t, "the broker is known to be down", func() bool { return !broker.Up() })
			start := time.Now()
			for i := range 20 {
				p.enter(fmt.Sprint(i))
			}
			p.enter("a")
			emitNumbered(w, 1, 3, 5) // the missing numbers never arrive
			p.expectNumbers(1, 3, 5)
			if took := time.Since(start); took > 400*time.Millisecond {
				t.Errorf("21 joins and 3 broadcasts took %s", took)
			}
			if n := lines.Load(); n != 1 {
				t.Errorf("%d lines say that Redis is down", n)
			}
		})
	}
}
