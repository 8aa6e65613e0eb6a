package services_test

import (
	"fmt"
	"sync"
	"testing"

	"parley/models"
	"parley/models/modelstest"
	"parley/services"
	"parley/services/state"
)

// isolated runs test in worlds whose database has stricter defaults than our transactions want.
func isolated(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	server := modelstest.ServerURL(t, "TEST_DATABASE_URL")
	for _, level := range []string{"serializable", "repeatable read"} {
		t.Run(level, func(t *testing.T) {
			url := modelstest.PostgresURLWith(t, server, "default_transaction_isolation = '"+level+"'")
			db, err := models.Open(t.Context(), url, "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(db.Close)
			test(newWorld(t, db, services.Rate{}))
		})
	}
}

func TestClaim_onlyOneAgentWinsWhateverTheIsolationOfTheDatabase(t *testing.T) {
	isolated(t, func(w *world) {
		const agents = 12
		for range 5 {
			ref := w.opened(models.NewID())
			errs := make([]error, agents)
			var claims sync.WaitGroup
			for i := range agents {
				agent := w.ann
				agent.ID, agent.Email = models.NewID(), models.NewID()+"@acme.example"
				w.create(&agent)
				claims.Go(func() { _, errs[i] = w.Conversations.Claim(w.Context(), agent, ref.ID) })
			}
			claims.Wait()
			won := 0
			for _, err := range errs {
				if err == nil {
					won++
				} else if services.KindOf(err) != services.Conflict {
					w.Errorf("a claim fails with %v", err)
				}
			}
			if won != 1 {
				w.Errorf("%d agents have claimed it", won)
			}
		}
	})
}

// Two nodes get the same messages, repeated: each is stored once, and the order has no hole.
func TestSend_onTwoNodesWhateverTheIsolationOfTheDatabase(t *testing.T) {
	isolated(t, func(w *world) {
		ref := w.opened("jo")
		other := services.NewMessages(w.db, state.NewMemoryLimiter(w.clock.Now), services.Rate{}, w.events, w.clock.Now)
		w.Cleanup(other.Close)
		const messages = 40
		var sends sync.WaitGroup
		for _, node := range []*services.Messages{w.Messages, other} {
			for i := range messages {
				sends.Go(func() {
					_, err := node.SendAndWait(w.Context(), named(text(ref, endUserOf(ref), "x"), fmt.Sprint(i)))
					if err != nil {
						w.Error(err)
					}
				})
			}
		}
		sends.Wait()
		lines := w.transcript(ref)
		if len(lines) != messages+1 {
			w.Errorf("%d messages are stored", len(lines))
		}
		for i, line := range lines[1:] {
			if want := fmt.Sprintf("%d end_user: x", i+2); line != want {
				w.Errorf("%q, not %q", line, want)
			}
		}
	})
}
