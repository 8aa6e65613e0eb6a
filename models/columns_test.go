package models_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm/schema"

	"parley/models"
	"parley/models/modelstest"
)

// every struct that is a table.
var every = []any{
	models.Organization{}, models.Setup{}, models.User{}, models.Bot{}, models.Channel{}, models.EmbedToken{},
	models.EndUser{}, models.Conversation{}, models.ConversationSession{}, models.Message{}, models.MessageRead{},
	models.Visit{}, models.Photo{}, models.Device{}, models.APIKey{}, models.PushCredential{}, models.Invitation{},
	models.AuditEntry{}, models.ReadinessCheck{},
}

func TestEveryStruct_hasTheColumnsOfItsTable(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		structs := map[string][]string{}
		for _, model := range every {
			parsed, err := schema.Parse(model, &sync.Map{}, db.Read.NamingStrategy)
			if err != nil {
				t.Fatal(err)
			}
			structs[parsed.Table] = slices.Sorted(slices.Values(parsed.DBNames))
		}
		names, err := db.Write.Migrator().GetTables()
		if err != nil {
			t.Fatal(err)
		}
		tables := map[string][]string{}
		for _, name := range names {
			if strings.HasPrefix(name, "goose") || strings.HasPrefix(name, "sqlite") {
				continue
			}
			columns, err := db.Write.Migrator().ColumnTypes(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, column := range columns {
				tables[name] = append(tables[name], column.Name())
			}
			slices.Sort(tables[name])
		}
		if diff := cmp.Diff(structs, tables); diff != "" {
			t.Errorf("structs and tables differ (-structs +tables):\n%s", diff)
		}
	})
}
