package modelstest

import (
	"net/url"
	"testing"

	"parley/e2e/link"
	"parley/models"
)

// Link is a network between a test and a PostgreSQL database.
type Link struct {
	*link.Link
	direct string // the database's URL without the link
}

// NewLink starts one to the database of a URL, and returns the URL that leads through it.
func NewLink(t *testing.T, databaseURL string) (*Link, string) {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	l, err := link.New(u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	u.Host = l.Address
	return &Link{l, databaseURL}, u.String()
}

// Direct opens the database without the link.
func (l *Link) Direct(t *testing.T) *models.DB {
	t.Helper()
	return open(t, l.direct, "")
}

// OpenLinked opens a migrated PostgreSQL database behind a Link. Without a server the test is skipped. options are
// parameters of the URL, like "&default_query_exec_mode=exec".
func OpenLinked(t *testing.T, options string) (*Link, *models.DB) {
	t.Helper()
	l, linked := NewLink(t, PostgresURL(t, ServerURL(t, "TEST_DATABASE_URL")))
	db := open(t, linked+options, "")
	t.Cleanup(l.Resume) // before the database closes
	return l, db
}
