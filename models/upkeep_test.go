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
