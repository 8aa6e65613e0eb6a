package main

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/models/modelstest"
)

// What was acknowledged is in the database, however the end comes in between.
func TestShutdown_acknowledgedIsStored(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		type sender struct {
			s   *socket
			v   visit
			ids []int
		}
		senders := make([]*sender, 6)
		for i := range senders {
			v := w.visit(0)
			s := w.connect(dial{node: 0, polling: i%3 == 2})
			s.ok("join_conversation", v.payload())
			senders[i] = &sender{s: s, v: v}
		}
		var sending sync.WaitGroup
		for _, one := range senders {
			sending.Go(func() {
				for i := 0; !one.s.isClosed() && i < 50_000; i++ {
					// Always some under way, never so many that a slow machine only queues.
					one.s.wait(func() bool { return len(one.s.acks) > i-40 || one.s.ended })
					draft := one.v.say(text("%d", i))
					draft["client_id"] = text("%d", i)
					one.ids = append(one.ids, one.s.post("send_message", draft))
				}
			})
		}
		// In the middle: when every sender has had some acknowledgements.
		for _, one := range senders {
			if !one.s.wait(func() bool { return len(one.s.acks) > 20 }) {
				t.Fatal("nothing is acknowledged")
			}
		}
		w.node(0).stop(t)
		for _, one := range senders {
			one.s.closed()
		}
		sending.Wait()
		acknowledged, refused := 0, 0
		for _, one := range senders {
			stored := map[string]bool{}
			query := w.statement("SELECT content FROM messages WHERE conversation_id = ? AND sender_type = 'end_user'")
			rows, err := w.db.Query(query, one.v.conversationID)
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var content string
				rows.Scan(&content)
				stored[content] = true
			}
			rows.Close()
			for i, id := range one.ids {
				raw := one.s.acks[id]
				switch {
				case raw == nil:
				case strings.Contains(string(raw), `"ok":true`):
					acknowledged++
					if !stored[text("%d", i)] {
						t.Fatalf("message %d was acknowledged and is not stored", i)
					}
				default:
					refused++
					if !strings.Contains(string(raw), `"unavailable"`) {
						t.Errorf("a send at the end is answered %s", raw)
					}
				}
			}
			last := w.count("SELECT COALESCE(MAX(seq), 0) FROM messages WHERE conversation_id = ?",
				one.v.conversationID)
			if n := w.count("SELECT COUNT(*) FROM messages WHERE conversation_id = ?",
				one.v.conversationID); n != last {
				t.Errorf("seq has a hole: %d messages, the last is %d", n, last)
			}
		}
		t.Logf("%d acknowledged, %d refused", acknowledged, refused)
		if w.postgres() { // the other node goes on
			v := w.visit(1)
			w.endUser(1, v).ok("send_message", v.say(text("after the end")))
		}
	}, "WIDGET_RATE_LIMIT=off")
}

func TestShutdown_idle(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit(0)
		sockets := []*socket{w.endUser(0, v), w.agent(0, w.login(0, w.seeded.Agent)), w.connect(dial{polling: true}),
			w.connect(dial{
				polling: true,
				as:      w.login(0, w.seeded.Admin),
			})}
		address := strings.TrimPrefix(w.node(0).url, "http://")
		silent, err := net.Dial("tcp", address) // as browsers do in advance
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		w.browser(0).get("/healthz") // the one before it is accepted by now
		begin := time.Now()
		w.node(0).stop(t)
		for _, s := range sockets {
			s.closed()
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("an idle server took %s to end", took)
		}
		if _, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			t.Error("the port is still open")
		}
		if w.postgres() {
			w.browser(1).get("/readyz").status(t, 200)
		}
	})
}

// Redis goes away and comes back: messages are stored and reach the node's own sockets, and nobody is logged out.
func TestRedisAway_chatGoesOn(t *testing.T) {
	t.Parallel()
	redis := newRedis(t)
	w := newWorld(t, sqliteEnv(t, "REDIS_URL="+redis.url), 1)
	b := w.login(0, w.seeded.Agent)
	agent := w.agent(0, b)
	agent.ok("join_queue")
	v, s := w.written(0)
	agent.ok("claim_conversation", v.id())
	agent.forget()

	redis.kill()
	begin := time.Now()
	for i := range 5 {
		s.ok("send_message", v.say(text("from the end user %d", i)))
		agent.ok("send_message", v.answer(text("from the agent %d", i)))
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("10 messages without Redis took %s: each waits for it", took)
	}
	for _, hears := range []*socket{s, agent} {
		for i := range 10 {
			like(t, hears.next("message_received")["seq"], i+3)
		}
	}
	agent.next("conversation_updated")
	b.get("/inbox").status(t, 200)
	b.get("/api/conversations/?filter=mine").status(t, 200)
	b.post("/api/conversations/"+v.conversationID+"/tag", `{"tags":["x"]}`).status(t, 200)
	w.agent(0, b).ok("join_conversation", v.id())
	w.login(0, w.seeded.Admin) // logging in needs no Redis
	late := w.visit(0)
	w.endUser(0, late).ok("send_message", late.say(text("opened without Redis")))
	w.browser(0).get("/readyz").status(t, 200)
	if agent.isClosed() || s.isClosed() {
		t.Error("a socket was closed")
	}

	redis.start()
	b.get("/inbox").status(t, 200)
	s.ok("send_message", v.say(text("Redis is back")))
	like(t, agent.about("message_received", "content", text("Redis is back"))["sender_type"], "end_user")
	w.login(0, w.seeded.Admin)
	b.get("/api/conversations/").status(t, 200)
}

// redisServer is a Redis that a test may kill.
type redisServer struct {
	t       *testing.T
	binary  string
	address string
	url     string
	data    string
	process *exec.Cmd
}

// newRedis starts one.
func newRedis(t *testing.T) *redisServer {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("TEST_REQUIRE_SERVERS") == "1" {
			t.Fatal("redis-server must be installed")
		}
		t.Skip("redis-server is not installed")
	}
	address := freeAddress(t)
	r := &redisServer{
		t:       t,
		binary:  binary,
		address: address,
		url:     "redis://" + address + "/0",
		data:    t.TempDir(),
	}
	r.start()
	t.Cleanup(r.kill)
	return r
}

func (r *redisServer) start() {
	r.t.Helper()
	_, port, _ := net.SplitHostPort(r.address)
	r.process = exec.Command(r.binary, "--port", port, "--bind", "127.0.0.1", "--dir", r.data, "--appendonly", "yes",
		"--appendfsync", "always")
	if err := r.process.Start(); err != nil {
		r.t.Fatal(err)
	}
	for begin := time.Now(); ; {
		conn, err := net.Dial("tcp", r.address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Since(begin) > patience {
			r.t.Fatal("redis-server does not start")
		}
	}
}

func (r *redisServer) kill() {
	if r == nil {
		return
	}
	r.process.Process.Kill()
	r.process.Wait()
}

// eachWithRedis is each with a Redis of its own on PostgreSQL: what is counted there counts for this test alone, and
// the test may kill it. On SQLite there is none.
func eachWithRedis(t *testing.T, test func(t *testing.T, w *world, redis *redisServer), settings ...string) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, sqliteEnv(t, settings...), 1), nil)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		redis := newRedis(t)
		test(t, newWorld(t, postgresEnv(t, append(settings, "REDIS_URL="+redis.url)...), 2), redis)
	})
}

func TestShutdown_endsInTimeWhenPostgreSQLHangs(t *testing.T) {
	t.Parallel()
	env := postgresEnv(t)
	link, linked := modelstest.NewLink(t, env["DATABASE_URL"])
	env["DATABASE_URL"] = linked
	w := newWorld(t, env, 1)
	v := w.visit(0)
	s := w.endUser(0, v)
	s.ok("send_message", v.say(text("proves the end user")))
	link.Hang()
	s.ok("visit", v.page("https://shop.example/", text("Prices"))) // is still to be stored at the end
	begin := time.Now()
	w.node(0).stop(t)
	if took := time.Since(begin); took > shutdownTimeout {
		t.Errorf("it took %v", took)
	}
	link.Resume()
}
