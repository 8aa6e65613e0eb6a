package modelstest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"parley/models"
	"parley/models/modelstest"
)

func TestEach_givesAMigratedDatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	for range 2 {
		modelstest.Each(t, func(t *testing.T, db *models.DB) {
			now := models.Now()
			var before int64
			if err := db.Read.Model(&models.Organization{}).Count(&before).Error; err != nil || before != 0 {
				t.Fatalf("organizations before: %d, %v", before, err)
			}
			if err := db.Write.Create(&models.Organization{
				ID:        models.NewID(),
				Name:      "Acme",
				CreatedAt: now,
				UpdatedAt: now,
			}).Error; err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestServerURL_skipsTheTestWithoutAServer(t *testing.T) {
	t.Setenv("TEST_REQUIRE_SERVERS", "")
	t.Setenv("TEST_DATABASE_URL", "")
	ran := map[string]bool{}
	t.Run("one database", func(t *testing.T) {
		defer func() { ran["skipped"] = t.Skipped() }()
		modelstest.ServerURL(t, "TEST_DATABASE_URL")
		ran["without a server"] = true
	})
	t.Run("each database", func(t *testing.T) {
		modelstest.Each(t, func(_ *testing.T, db *models.DB) {
			if db.Postgres() {
				ran["PostgreSQL"] = true
			} else {
				ran["SQLite"] = true
			}
		})
	})
	if diff := cmp.Diff(map[string]bool{"skipped": true, "SQLite": true}, ran); diff != "" {
		t.Errorf("what ran (-want +got):\n%s", diff)
	}
}

func TestEach_passesNoChangedSchemaOn(t *testing.T) {
	t.Parallel()
	for range 3 {
		modelstest.Each(t, func(t *testing.T, db *models.DB) {
			if err := db.Write.Exec("ALTER TABLE organizations ADD COLUMN motto TEXT").Error; err != nil {
				t.Error(err)
			}
			if err := db.Write.Exec("ALTER TABLE bots RENAME TO robots").Error; err != nil {
				t.Error(err)
			}
		})
	}
}
