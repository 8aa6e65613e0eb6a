package models_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/models"
	"parley/models/modelstest"
)

func TestWritable_whenItIs(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		for range 2 {
			if err := db.Writable(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestWritable_notOnceClosed(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		db.Close()
		if err := db.Writable(t.Context()); err == nil {
			t.Error("a closed database can be written to")
		}
	})
}

// It answers all reads.
func TestWritable_notWhenItIsLockedOrReadOnly(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		if db.Postgres() {
			tx := db.Write.Begin()
			defer tx.Rollback()
			if err := tx.Exec("LOCK TABLE readiness_checks IN EXCLUSIVE MODE").Error; err != nil {
				t.Fatal(err)
			}
		} else if err := db.Write.Exec("PRAGMA query_only = 1").Error; err != nil {
			t.Fatal(err)
		}
		if err := db.Writable(t.Context()); !models.Unavailable(err) {
			t.Errorf("the error is %v", err)
		}
	})
}

// Changing the row of /readyz needs no more room on the disk.
func TestWritable_notAfterAMessageDidNotFit(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		full := []string{"PRAGMA max_page_count = 1"} // or as many as there are
		if db.Postgres() {
			full = []string{
				`CREATE FUNCTION refuse_full() RETURNS trigger LANGUAGE plpgsql AS
					$$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$`,
				`CREATE TRIGGER refuse_full BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse_full()`,
			}
		}
		for _, statement := range full {
			if err := db.Write.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Writable(t.Context()); err != nil {
			t.Fatalf("before: %v", err)
		}
		long := models.Message{
			ID:             models.NewID(),
			ConversationID: models.NewID(),
			Seq:            1,
			SenderType:     models.SenderEndUser,
			Content:        strings.Repeat("x", 1<<20),
		}
		err := db.WriteMessages(t.Context(), models.BatchQuery{}, func(models.BatchState) models.BatchRows {
			return models.BatchRows{Messages: []models.Message{long}}
		})
		if !models.Unavailable(err) {
			t.Fatalf("the message is refused with %v", err)
		}
		if err := db.Writable(t.Context()); !models.Unavailable(err) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestTruncateLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := models.Open(t.Context(), "", dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Write.Exec("CREATE TABLE much (text TEXT)").Error; err != nil {
		t.Fatal(err)
	}
	if err := db.Write.Exec("INSERT INTO much VALUES (?)", strings.Repeat("x", 2<<20)).Error; err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		file, err := os.Stat(filepath.Join(dir, "parley.db-wal"))
		if err != nil {
			t.Fatal(err)
		}
		return file.Size()
	}
	if size() < 2<<20 {
		t.Fatalf("the log has %d bytes", size())
	}
	db.TruncateLog(t.Context())
	if size() != 0 {
		t.Errorf("the log still has %d bytes", size())
	}
}
