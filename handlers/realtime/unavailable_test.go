package realtime_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"gorm.io/gorm"

	"parley/models"
	"parley/models/modelstest"
	"parley/services"
)

// soon is how long an answer may take when the database does not answer.
const soon = 3 * time.Second

func TestEvents_areAnsweredSoonWhenTheDatabaseHangs(t *testing.T) {
	t.Parallel()
	link, db := modelstest.OpenLinked(t, "")
	w := newWorld(t, db, services.Rate{})
	v := w.visit("jo")
	s, agent := w.endUser(v), w.agent(w.seeded.Agent)
	s.ok("send_message", v.say("before"))
	link.Hang()
	done := make(chan struct{})
	refused := func(s *socket, name string, payload object) {
		defer func() { done <- struct{}{} }()
		start := time.Now()
		ack := s.call(name, payload)
		if took := time.Since(start); took > soon {
			t.Errorf("%s takes %v", name, took)
		}
		if ack["ok"] != false || ack["error"] != "unavailable" || ack["retry_after_ms"] != 3000.0 {
			t.Errorf("%s: %v", name, ack)
		}
	}
	go refused(s, "send_message", v.say("during"))
	go refused(agent, "claim_conversation", v.id())
	go func() { defer func() { done <- struct{}{} }(); w.connectIsRefused() }()
	for range 3 {
		<-done
	}
	link.Resume()
	for s.call("send_message", v.say("after"))["ok"] != true {
		if t.Context().Err() != nil {
			t.Fatal("it does not come back")
		}
	}
}

// connectIsRefused connects with the cookie of a login, and expects that it is worth another attempt.
func (w *world) connectIsRefused() {
	start := time.Now()
	dialer := ws.Dialer{
		Header:  ws.HandshakeHeaderHTTP{"Web-Session": {strings.Repeat("x", 40)}},
		Timeout: patience,
	}
	conn, _, _, err := dialer.Dial(w.Context(), "ws://"+w.addr+"/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		w.Error(err)
		return
	}
	defer conn.Close()
	if err := wsutil.WriteClientText(conn, []byte("40")); err != nil {
		w.Error(err)
	}
	for {
		packet, err := wsutil.ReadServerText(conn)
		if err != nil {
			w.Error(err)
			return
		}
		payload, refusal := strings.CutPrefix(string(packet), "44")
		if !refusal {
			continue
		}
		var got struct {
			Message string
			Data    struct {
				Error        string
				RetryAfterMS int `json:"retry_after_ms"`
			}
		}
		if err := json.Unmarshal([]byte(payload), &got); err != nil || got.Data.Error != "unavailable" ||
			got.Data.RetryAfterMS != 3000 || !strings.HasPrefix(got.Message, "Parley can't do this right now") {
			w.Errorf("refused with %s, %v", payload, err)
		}
		if took := time.Since(start); took > soon {
			w.Errorf("refusing takes %v", took)
		}
		return
	}
}

// A socket whose join failed must not hear the conversation: nothing of it would be counted, nor end with the embed
// token.
func TestJoin_whatFailsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		var failing atomic.Bool
		fail := func(tx *gorm.DB) {
			if failing.Load() && slices.Equal(tx.Statement.Selects, []string{"last_seq"}) { // the last step of a join
				tx.AddError(context.DeadlineExceeded)
			}
		}
		if err := db.Read.Callback().Row().Before("gorm:row").Register("fail", fail); err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, db, services.Rate{})
		v := w.visit("jo")
		speaker, agent := w.endUser(v), w.agent(w.seeded.Agent)
		speaker.ok("send_message", v.say("Hello"))
		speaker.next("message_received")
		failing.Store(true)
		customer := w.connect("")
		customer.refused("unavailable", "join_conversation", v.proof())
		agent.refused("unavailable", "join_conversation", v.id())
		failing.Store(false)
		speaker.ok("send_message", v.say("Hello again"))
		speaker.next("message_received")
		customer.silent("message_received")
		agent.silent("message_received")
		customer.ok("join_conversation", v.proof())
		agent.ok("join_conversation", v.id())
	})
}
