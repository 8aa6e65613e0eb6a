package models_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"parley/models"
	"parley/models/modelstest"
)

func TestOpen_refusesASecondProcessOnTheSameDataDir(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	first, err := models.Open(t.Context(), "", dir)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("DATA_DIR is %v, %v: others must not read it", info.Mode(), err)
	}
	if _, err := models.Open(t.Context(), "", dir); err == nil ||
		!strings.Contains(err.Error(), "in use by another Parley process") {
		t.Errorf("the second open says %v", err)
	}
	first.Close()
	again, err := models.Open(t.Context(), "", dir)
	if err != nil {
		t.Fatalf("after the first has closed: %v", err)
	}
	again.Close()
}

func TestOpen_saysWhatIsWrong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, url, dir, says string }{
		{"a URL that is none", "postgres://%zz", "", "DATABASE_URL: a parameter"},
		{"nobody listens", "postgres://nobody:secret@127.0.0.1:1/x?connect_timeout=1", "",
			"PostgreSQL does not answer: connection refused"},
		{"DATA_DIR is a file", "", file, "DATA_DIR"},
	} {
		_, err := models.Open(t.Context(), test.url, test.dir)
		if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestRead_cannotWriteOnSQLite(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	now := models.Now()
	err := db.Read.Create(&models.Organization{
		ID:        models.NewID(),
		Name:      "Acme",
		CreatedAt: now,
		UpdatedAt: now,
	}).Error
	if err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("writing on the reading pool: %v", err)
	}
}

func TestRead_goesOnWhileAWriteIsUnderWay(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		err := db.Write.Transaction(func(tx *gorm.DB) error {
			if err := addOrganization(tx, "Acme", models.Now()); err != nil {
				return err
			}
			var n int64
			if err := db.Read.Model(&models.Organization{}).Count(&n).Error; err != nil || n != 0 {
				t.Errorf("read %d, %v during a write that has not committed", n, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestForeignKeys_holdOnEveryConnection(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := models.Now()
		err := db.Write.Create(&models.EndUser{
			ID:             models.NewID(),
			OrganizationID: models.NewID(),
			ExternalID:     "x",
			CreatedAt:      now,
			UpdatedAt:      now,
		}).Error
		if !errors.Is(err, gorm.ErrForeignKeyViolated) {
			t.Errorf("an end user of no organization: %v", err)
		}
	})
}

func TestDuplicates_areTranslated(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := models.Now()
		organization := models.Organization{
			ID:        models.NewID(),
			Name:      "Acme",
			CreatedAt: now,
			UpdatedAt: now,
		}
		if err := db.Write.Create(&organization).Error; err != nil {
			t.Fatal(err)
		}
		if err := db.Write.Create(&organization).Error; !errors.Is(err, gorm.ErrDuplicatedKey) {
			t.Errorf("the same primary key again: %v", err)
		}
		for _, want := range []error{nil, gorm.ErrDuplicatedKey} {
			err := db.Write.Create(&models.EndUser{
				ID:             models.NewID(),
				OrganizationID: organization.ID,
				ExternalID:     "x",
				CreatedAt:      now,
				UpdatedAt:      now,
			}).Error
			if !errors.Is(err, want) {
				t.Errorf("the same external id: %v, not %v", err, want)
			}
		}
	})
}

// GORM keeps its connections while the pool has others waiting for one, unless it is configured not to.
func TestPostgres_queriesLeaveConnectionsToTheWriters(t *testing.T) {
	t.Parallel()
	server := modelstest.ServerURL(t, "TEST_DATABASE_URL")
	db, err := models.Open(t.Context(), modelstest.PostgresURL(t, server), "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const all = 20
	conn, err := db.SQL()
	if err != nil {
		t.Fatal(err)
	}
	held := make([]*sql.Conn, all)
	for i := range held {
		if held[i], err = conn.Conn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, one := range held {
		one.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := db.WriteMessages(ctx, models.BatchQuery{}, func(models.BatchState) models.BatchRows {
		return models.BatchRows{}
	}); err != nil {
		t.Errorf("after a burst of queries: %v", err)
	}
}

func addOrganization(tx *gorm.DB, name string, at time.Time) error {
	return tx.Create(&models.Organization{
		ID:        models.NewID(),
		Name:      name,
		CreatedAt: at,
		UpdatedAt: at,
	}).Error
}

func TestTimes_comeBackEqualAndSortAroundWholeSeconds(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		second := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		times := []time.Time{
			second.Add(-time.Microsecond), second, second.Add(time.Microsecond), second.Add(10 * time.Microsecond),
			second.Add(100 * time.Millisecond), second.Add(120 * time.Millisecond),
			second.Add(999_999 * time.Microsecond), second.Add(time.Second),
		}
		for i := range times {
			at := times[(i*3)%len(times)] // not in their order
			if err := addOrganization(db.Write, at.Format(time.RFC3339Nano), at); err != nil {
				t.Fatal(err)
			}
		}
		var stored []models.Organization
		if err := db.Read.Order("created_at").Find(&stored).Error; err != nil {
			t.Fatal(err)
		}
		for i, organization := range stored {
			if !organization.CreatedAt.Equal(times[i]) || organization.CreatedAt.Location() != time.UTC {
				t.Errorf("%d is %v, not %v", i, organization.CreatedAt, times[i])
			}
			var after int64
			if err := db.Read.Model(&models.Organization{}).Where("created_at > ?", times[i]).
				Count(&after).Error; err != nil || int(after) != len(times)-1-i {
				t.Errorf("after %v come %d, %v", times[i], after, err)
			}
		}
	})
}

func TestNow_isWhatTheDatabaseCanHold(t *testing.T) {
	t.Parallel()
	now := models.Now()
	if now.Location() != time.UTC || now.Nanosecond()%1000 != 0 || time.Since(now).Abs() > time.Minute {
		t.Errorf("Now is %v", now)
	}
	if now != now.Round(0) {
		t.Error("Now carries the monotonic clock: it does not equal what is read back")
	}
}

func TestNewID_isAUUIDOfVersion7InOrder(t *testing.T) {
	t.Parallel()
	last := ""
	for range 1000 {
		id := models.NewID()
		if !models.ValidID(id) || id[14] != '7' || id <= last {
			t.Fatalf("%s after %s", id, last)
		}
		last = id
	}
}

func TestValidID_takesTheUsualFormOnly(t *testing.T) {
	t.Parallel()
	id := models.NewID()
	for text, valid := range map[string]bool{
		id: true, strings.ToUpper(id): true, "": false, "x": false, "{" + id + "}": false, "urn:uuid:" + id: false,
		strings.ReplaceAll(id, "-", ""): false, id[:35] + "g": false, id + " ": false, strings.Repeat("-", 36): false,
	} {
		if models.ValidID(text) != valid {
			t.Errorf("ValidID(%q) is not %t", text, valid)
		}
	}
}

func TestJSON_isStoredAsItIsOrAsNull(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		document models.JSON
		stored   any
		shown    string
	}{
		{nil, nil, "null"},
		{models.JSON{}, nil, "null"},
		{models.JSON(`{"a":"<b>"}`), `{"a":"<b>"}`, `{"a":"<b>"}`},
	} {
		if value, err := test.document.Value(); err != nil || value != test.stored {
			t.Errorf("%q is stored as %v, %v", test.document, value, err)
		}
		shown, err := test.document.MarshalJSON()
		if err != nil || string(shown) != test.shown {
			t.Errorf("%q is shown as %s, %v", test.document, shown, err)
		}
	}
	for _, value := range []any{"{}", []byte("{}")} {
		var document models.JSON
		if err := document.Scan(value); err != nil || string(document) != "{}" {
			t.Errorf("%T reads as %q, %v", value, document, err)
		}
	}
	kept := []byte("{}")
	var document models.JSON
	if err := document.Scan(kept); err != nil {
		t.Fatal(err)
	}
	kept[0] = 'x' // the driver uses its buffer again
	if !json.Valid(document) {
		t.Error("the document shares the driver's memory")
	}
	if err := document.Scan(nil); err != nil || document != nil {
		t.Errorf("NULL reads as %q, %v", document, err)
	}
	if err := document.Scan(1); err == nil {
		t.Error("a number was read as JSON")
	}
}

func TestRole_isRanked(t *testing.T) {
	t.Parallel()
	ranked := []models.Role{"", models.RoleAgent, models.RoleAdmin, models.RoleOwner}
	for i, role := range ranked {
		for j, least := range ranked[1:] {
			if role.AtLeast(least) != (i >= j+1) {
				t.Errorf("%q.AtLeast(%q) is %t", role, least, role.AtLeast(least))
			}
		}
	}
}

// Each connection keeps its pages, and a stranger can make every one of them read long conversations.
func TestOpen_readersCacheLittleAndNotForLong(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	var kilobytes int
	if err := db.Read.Raw("PRAGMA cache_size").Scan(&kilobytes).Error; err != nil || kilobytes != -500 {
		t.Errorf("a reader caches %d KB, %v", -kilobytes, err)
	}
	readers, err := db.Read.DB()
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); readers.Stats().OpenConnections > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%d readers stay open", readers.Stats().OpenConnections)
		}
		time.Sleep(time.Second)
	}
}
