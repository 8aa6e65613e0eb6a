package main

import (
	"net/http"
	"testing"
	"time"
)

// A login that has ended stays ended on every node, also when Redis goes down right after, or was down before.
func TestEndedLogin_staysEndedWithoutRedis(t *testing.T) {
	eachWithRedis(t, func(t *testing.T, w *world, redis *redisServer) {
		here, other := w.login(0, w.seeded.Agent), w.login(0, w.seeded.Agent)
		before := w.login(0, w.seeded.Agent)
		stays := w.login(0, w.seeded.Admin)
		for _, b := range []*browser{here, other, before, stays} {
			b.at(w, 1).get("/inbox").status(t, 200) // the other node has seen it
		}
		sockets := []*socket{w.agent(1, here), w.agent(1, other), w.agent(1, before)}
		staying := w.agent(1, stays)

		before.form("/auth/logout").status(t, http.StatusSeeOther)
		redis.kill()
		before.at(w, 1).get("/api/conversations/", "Cookie", "session="+before.session()).refused(t, 401, "unauthorized")

		cookie := here.session()
		begin := time.Now()
		here.form("/auth/logout").status(t, http.StatusSeeOther)
		w.browser(1).get("/api/conversations/", "Cookie", "session="+cookie).refused(t, 401, "unauthorized")
		w.browser(0).get("/api/conversations/", "Cookie", "session="+cookie).refused(t, 401, "unauthorized")
		sockets[0].closed()
		sockets[2].closed()
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("the sockets closed after %s", took)
		}
		sockets[1].ok("join_queue")

		// Logging in works without Redis, and so does logging out other devices.
		again := w.login(1, w.seeded.Agent)
		begin = time.Now()
		again.form("/profile/sessions/end").status(t, http.StatusSeeOther)
		again.at(w, 0).get("/inbox").status(t, 200)
		other.at(w, 1).get("/api/conversations/").refused(t, 401, "unauthorized")
		sockets[1].closed()
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("the socket closed after %s", took)
		}
		staying.ok("join_queue")
		stays.at(w, 1).get("/inbox").status(t, 200)
	})
}
