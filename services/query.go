package services

import (
	"errors"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"parley/models"
)

// columnsOf lists the columns of row by name. The plan of "table.*" would fail when a newer node adds one.
func columnsOf(tx *gorm.DB, table string, row any) string {
	statement := &gorm.Statement{DB: tx}
	if err := statement.Parse(row); err != nil {
		panic(err) // row is no model
	}
	return table + "." + strings.Join(statement.Schema.DBNames, ", "+table+".")
}

// ofOrganization reads a row of the organization by its id. A row of another organization is NotFound, like one that
// does not exist.
func ofOrganization(tx *gorm.DB, organizationID, id string, row any, missing string) error {
	if !models.ValidID(id) {
		return Refuse(NotFound, "%s", missing)
	}
	err := tx.Where("organization_id = ? AND id = ?", organizationID, id).Take(row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Refuse(NotFound, "%s", missing)
	}
	return err
}

// forChange locks the rows that a query reads until the transaction ends. Other transactions can still insert rows that
// refer to them, such as messages. SQLite needs no row locks: it runs one writing transaction at a time.
func forChange(db *models.DB, tx *gorm.DB) *gorm.DB {
	if !db.Postgres() {
		return tx
	}
	return tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"})
}

// lockOrganization makes changes to the parts of an organization run one after the other.
func lockOrganization(tx *gorm.DB, db *models.DB, organizationID string) error {
	var organization models.Organization
	return forChange(db, tx).Select("id").Where("id = ?", organizationID).Take(&organization).Error
}
