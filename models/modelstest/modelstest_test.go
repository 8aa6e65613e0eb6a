package modelstest_test

import (
	"testing"

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

func TestServerURL_isEmptyWhereNothingIsOffered(t *testing.T) {
	t.Setenv("TEST_REQUIRE_SERVERS", "")
	t.Setenv("TEST_DATABASE_URL", "")
	if url := modelstest.ServerURL(t, "TEST_DATABASE_URL"); url != "" {
		t.Errorf("a server from nowhere: %s", url)
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
