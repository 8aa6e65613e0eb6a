package services

import (
	"errors"
	"parley/models"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ofOrganization reads the row with an id into row. Another organization's is not there, as is one that never was:
// NotFound.
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

// forChange locks the rows that are read until the transaction ends. On SQLite the transaction itself is the lock. The
// lock lets others refer to the row meanwhile: messages go on.
func forChange(db *models.DB, tx *gorm.DB) *gorm.DB {
	if !db.Postgres() {
		return tx
	}
	return tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"})
}

// lockOrganization makes changes to what an organization has one after the other.
func lockOrganization(tx *gorm.DB, db *models.DB, organizationID string) error {
	var organization models.Organization
	return forChange(db, tx).Select("id").Where("id = ?", organizationID).Take(&organization).Error
}
