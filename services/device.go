package services

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"parley/models"
)

const (
	maxDevices = 100 // listed
	endedChunk = 500 // ids a query
)

// Device is a login as its user sees it.
type Device struct {
	UserAgent, Address    string
	CreatedAt, LastSeenAt time.Time
	Current               bool
}

// Devices lists where the user is logged in: this device first, then by last use.
func (s *WebSessions) Devices(ctx context.Context, identity Identity) ([]Device, error) {
	var rows []models.Device
	err := activeDevices(s.db.Read.WithContext(ctx), s.clock()).
		Select(columnsOf(s.db.Read, "devices", &models.Device{})).
		Where("devices.organization_id = ? AND devices.user_id = ? AND NOT devices.awaits_second_factor",
			identity.User.OrganizationID, identity.User.ID).
		Clauses(clause.OrderBy{Expression: clause.Expr{
			SQL:  "devices.id = ? DESC, devices.last_seen_at DESC, devices.id",
			Vars: []any{identity.WebSessionID},
		}}).Limit(maxDevices).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	devices := make([]Device, len(rows))
	for i, row := range rows {
		devices[i] = Device{
			UserAgent:  row.UserAgent,
			Address:    row.Address,
			CreatedAt:  row.CreatedAt,
			LastSeenAt: row.LastSeenAt,
			Current:    row.ID == identity.WebSessionID,
		}
	}
	return devices, nil
}

// LogOutOthers ends every other login of the user and closes their sockets. Error: Conflict when another device changed
// the logins at the same time.
func (s *WebSessions) LogOutOthers(ctx context.Context, identity Identity) error {
	err := s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := endOtherDevices(tx, s.clock(), identity, map[string]any{}); err != nil {
			return err
		}
		return s.audit.Note(tx, identity.User, DevicesLoggedOut, auditName(identity.User), "")
	})
	if err == nil {
		s.publisher.UserSessionsEnded(identity.User.ID)
	}
	return err
}

// endDevices stores change and ends every login of a user. The caller publishes it after the commit. Error: NotFound.
func endDevices(tx *gorm.DB, now time.Time, user models.User, change map[string]any) error {
	mine := tx.Where("organization_id = ? AND id = ?", user.OrganizationID, user.ID)
	if changed, err := raiseLoginVersion(mine, now, change); err != nil {
		return err
	} else if !changed {
		return Refuse(NotFound, "User not found.")
	}
	return tx.Where("organization_id = ? AND user_id = ?", user.OrganizationID, user.ID).
		Delete(&models.Device{}).Error
}

// endOtherDevices stores change and ends every login of a user except that of identity. After the commit the caller
// publishes that all sockets of the user end; those of the remaining device reconnect. Errors: Conflict when another
// device changed the logins at the same time, Unauthorized when this device was logged out.
func endOtherDevices(tx *gorm.DB, now time.Time, identity Identity, change map[string]any) error {
	user := identity.User
	mine := tx.Where("organization_id = ? AND id = ? AND login_version = ? AND disabled_at IS NULL",
		user.OrganizationID, user.ID, user.LoginVersion)
	if changed, err := raiseLoginVersion(mine, now, change); err != nil {
		return err
	} else if !changed {
		return Refuse(Conflict, "Your logins were changed from another device. Load the page again.")
	}
	err := tx.Where("organization_id = ? AND user_id = ? AND id <> ?", user.OrganizationID, user.ID,
		identity.WebSessionID).Delete(&models.Device{}).Error
	if err != nil {
		return err
	}
	result := tx.Model(&models.Device{}).
		Where("organization_id = ? AND id = ?", user.OrganizationID, identity.WebSessionID).
		UpdateColumn("login_version", user.LoginVersion+1)
	if result.Error == nil && result.RowsAffected == 0 {
		return loggedOut()
	}
	return result.Error
}

// raiseLoginVersion stores change. The new version also ends logins that other requests are opening right now.
func raiseLoginVersion(users *gorm.DB, now time.Time, change map[string]any) (changed bool, err error) {
	change["login_version"] = gorm.Expr("login_version + 1")
	change["updated_at"] = now
	result := users.Model(&models.User{}).Updates(change)
	return result.RowsAffected > 0, result.Error
}

// Ended returns the web sessions that are no longer active: their sockets must close.
func (s *WebSessions) Ended(ctx context.Context, webSessionIDs []string) (ended []string, err error) {
	active := map[string]bool{}
	for chunk := range slices.Chunk(webSessionIDs, endedChunk) {
		var ids []string
		err := activeDevices(s.db.Read.WithContext(ctx), s.clock()).Where("devices.id IN ?", chunk).
			Pluck("devices.id", &ids).Error
		if err != nil {
			return nil, fmt.Errorf("look for ended logins: %w", err)
		}
		for _, id := range ids {
			active[id] = true
		}
	}
	for _, id := range webSessionIDs {
		if !active[id] {
			ended = append(ended, id)
		}
	}
	return ended, nil
}
