package main

import (
	"database/sql"
	"fmt"

	"parley/migrations"
	"parley/models"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply all missing migrations."`
	Down   migrateDown   `cmd:"" help:"Undo the newest migration."`
	Status migrateStatus `cmd:"" help:"List the migrations and whether each is applied."`
}

type (
	migrateUp     struct{}
	migrateDown   struct{}
	migrateStatus struct{}
)

// Run applies all missing migrations.
func (*migrateUp) Run(p *program) error {
	return p.migrate(func(db *models.DB, conn *sql.DB) error { return migrations.Up(p.ctx, conn, db.Postgres()) })
}

// Run undoes the newest migration.
func (*migrateDown) Run(p *program) error {
	return p.migrate(func(db *models.DB, conn *sql.DB) error { return migrations.Down(p.ctx, conn, db.Postgres()) })
}

// Run changes nothing.
func (*migrateStatus) Run(p *program) error {
	return p.migrate(func(*models.DB, *sql.DB) error { return nil })
}

// migrate changes the schema and then prints the state of every migration.
func (p *program) migrate(change func(*models.DB, *sql.DB) error) error {
	db, err := models.Open(p.ctx, p.config.DatabaseURL, p.config.DataDir)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrating(func(conn *sql.DB) error {
		if err := change(db, conn); err != nil {
			return err
		}
		states, err := migrations.Status(p.ctx, conn, db.Postgres())
		if err != nil {
			return err
		}
		for _, s := range states {
			applied := "pending"
			if s.Applied {
				applied = "applied"
			}
			fmt.Fprintf(p.stdout, "%s  %s\n", applied, s.Name)
		}
		return nil
	})
}
