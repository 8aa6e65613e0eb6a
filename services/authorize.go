package services

import (
	"fmt"
	"parley/models"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// mustBeAdmin refuses who is less. Routes refuse them first; this is for the route that forgets to.
func mustBeAdmin(actor models.User) error {
	if !actor.Role.AtLeast(models.RoleAdmin) {
		return Refuse(Forbidden, "Only admins may do this.")
	}
	return nil
}

// stillAdmin reads the actor again, and refuses one who is no longer an admin.
func stillAdmin(tx *gorm.DB, actor models.User) error {
	now, err := userOf(tx, actor.OrganizationID, actor.ID)
	if KindOf(err) == NotFound || now.DisabledAt != nil {
		return Refuse(Forbidden, "Only admins may do this.")
	} else if err != nil {
		return err
	}
	return mustBeAdmin(now)
}

// lockActiveUser refuses who was locked out while their request was under way, and keeps Users from locking them out
// before this ends: what they claim would stay theirs for ever.
func lockActiveUser(db *models.DB, tx *gorm.DB, agent models.User) error {
	if db.Postgres() { // on SQLite the transaction itself is the lock
		tx = tx.Clauses(clause.Locking{Strength: "SHARE"})
	}
	var users []models.User
	err := tx.Select("id").Where("organization_id = ? AND id = ? AND disabled_at IS NULL", agent.OrganizationID,
		agent.ID).Limit(1).Find(&users).Error
	if err == nil && len(users) == 0 {
		err = loggedOut()
	}
	return err
}

// auditName names a user in the audit log: names alone are not unique.
func auditName(user models.User) string { return fmt.Sprintf("%s (%s)", user.Name, user.Email) }
