package services_test

import (
	"testing"

	"parley/models"
	"parley/models/modelstest"
	"parley/services"
)

// During a rolling upgrade a newer node adds columns. The connections of the older ones have plans for the old tables.
func TestServices_goOnWhenANewerNodeAddsColumns(t *testing.T) {
	t.Parallel()
	server := modelstest.ServerURL(t, "TEST_DATABASE_URL")
	if server == "" {
		return
	}
	db, err := models.Open(t.Context(), modelstest.PostgresURL(t, server)+"&pool_max_conns=1", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	w := newWorld(t, db, services.Rate{})
	ref := w.opened("jo")
	login, err := w.WebSessions.Open(w.Context(), w.ann, services.Client{})
	w.ok(err)
	use := func() {
		t.Helper()
		identity, err := w.WebSessions.Identify(w.Context(), login.Token)
		w.ok(err)
		_, err = w.WebSessions.Devices(w.Context(), identity)
		w.ok(err)
		equal(w, w.listed(w.ann, services.FilterAll), "jo")
		_, err = w.Conversations.Sessions(w.Context(), w.organization.ID, ref.ID, 10)
		w.ok(err)
		_, err = w.Channels.List(w.Context(), w.owner)
		w.ok(err)
		_, err = w.Bots.List(w.Context(), w.owner)
		w.ok(err)
		_, err = w.Messages.List(w.Context(), ref, services.LatestPage(10))
		w.ok(err)
		w.open(services.WidgetRequest{EmbedToken: w.tokens[w.webchat.ID], ExternalID: "jo"})
		w.says(ref, "again")
		_, err = w.Conversations.Claim(w.Context(), w.ann, ref.ID)
		w.ok(err)
	}
	for range 3 {
		use()
	}
	var tables []string
	w.ok(db.Read.Raw("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").Scan(&tables).Error)
	for _, table := range tables {
		w.ok(db.Write.Exec("ALTER TABLE " + table + " ADD COLUMN newer TEXT").Error)
	}
	use()
}
