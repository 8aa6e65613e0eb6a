package services

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"parley/models"
)

// Users lets admins manage the users of their organization. Nobody can change the owner, and nobody can change their
// own role or disable themselves: somebody who can manage users always remains.
type Users struct {
	db        *models.DB
	passwords *Passwords
	audit     *Audit
	mailer    Mailer // nil: links are passed on by hand
	publisher Publisher
	clock     Clock
	links     throttle
	mailing   sync.WaitGroup
}

// NewUsers makes the service.
func NewUsers(d Dependencies, passwords *Passwords, audit *Audit) *Users {
	return &Users{
		db:        d.DB,
		passwords: passwords,
		audit:     audit,
		mailer:    d.Mailer,
		publisher: d.Publisher,
		clock:     d.Clock,
		links:     throttle{limiter: d.Limiter, secret: "invitation"},
	}
}

// List returns the users of the organization, sorted by name and with disabled ones, and the open invitations, newest
// first. An expired invitation is still open: it can be sent again or revoked. Error: Forbidden.
func (s *Users) List(ctx context.Context,
	actor models.User) (users []models.User, invitations []models.Invitation, err error) {
	if err := mustBeAdmin(actor); err != nil {
		return nil, nil, err
	}
	err = s.db.Read.WithContext(ctx).Where("organization_id = ? AND removed_at IS NULL", actor.OrganizationID).
		Order("name, id").Find(&users).Error
	if err != nil {
		return nil, nil, fmt.Errorf("list users: %w", err)
	}
	err = s.db.Read.WithContext(ctx).Where("organization_id = ? AND accepted_at IS NULL AND revoked_at IS NULL",
		actor.OrganizationID).
		Order("created_at DESC, id DESC").Find(&invitations).Error
	if err != nil {
		return nil, nil, fmt.Errorf("list invitations: %w", err)
	}
	return users, invitations, nil
}

// SetRole makes an agent an admin, or an admin an agent. Errors: Forbidden, NotFound, Invalid.
func (s *Users) SetRole(ctx context.Context, actor models.User, id string, role models.Role) error {
	if err := checkRole(role); err != nil {
		return err
	}
	return s.change(ctx, actor, id, func(tx *gorm.DB, user models.User) error {
		if user.Role == role {
			return nil
		}
		err := tx.Model(&models.User{}).Where("organization_id = ? AND id = ?", user.OrganizationID, user.ID).
			Updates(map[string]any{"role": role, "updated_at": s.clock()}).Error
		if err != nil {
			return err
		}
		if !role.AtLeast(models.RoleAdmin) {
			if err := s.revokeInvitationsBy(tx, user); err != nil {
				return err
			}
		}
		return s.audit.Note(tx, actor, UserRoleChanged, auditName(user), fmt.Sprintf("%s → %s", user.Role, role))
	})
}

func checkRole(role models.Role) error {
	if role != models.RoleAgent && role != models.RoleAdmin {
		return refuseField("role", "Choose the role agent or admin.")
	}
	return nil
}

// Disable locks a user out: their logins and sockets end, their claimed conversations return to the queue, and their
// invitations are revoked. Errors: Forbidden, NotFound.
func (s *Users) Disable(ctx context.Context, actor models.User, id string) error {
	return s.lockOut(ctx, actor, id, func(tx *gorm.DB, user models.User) (map[string]any, error) {
		if user.DisabledAt != nil {
			return nil, nil
		}
		return map[string]any{"disabled_at": s.clock()}, s.audit.Note(tx, actor, UserDisabled, auditName(user), "")
	})
}

// Enable lets a disabled user log in again. Errors: Forbidden, NotFound.
func (s *Users) Enable(ctx context.Context, actor models.User, id string) error {
	return s.change(ctx, actor, id, func(tx *gorm.DB, user models.User) error {
		if user.DisabledAt == nil {
			return nil
		}
		err := tx.Model(&models.User{}).Where("organization_id = ? AND id = ?", user.OrganizationID, user.ID).
			Updates(map[string]any{"disabled_at": nil, "updated_at": s.clock()}).Error
		if err != nil {
			return err
		}
		return s.audit.Note(tx, actor, UserEnabled, auditName(user), "")
	})
}

// Remove disables a user for good. Their messages keep their name, and their email address becomes free. Errors:
// Forbidden, NotFound.
func (s *Users) Remove(ctx context.Context, actor models.User, id string) error {
	return s.lockOut(ctx, actor, id, func(tx *gorm.DB, user models.User) (map[string]any, error) {
		if _, err := replacePhoto(tx, user.OrganizationID, user.PhotoID, nil); err != nil {
			return nil, err
		}
		now := s.clock()
		columns := map[string]any{
			"removed_at":      now,
			"disabled_at":     now,
			"email":           "removed:" + user.ID,
			"password_hash":   "",
			"photo_id":        nil,
			"totp_secret":     "",
			"totp_enabled_at": nil,
			"recovery_codes":  "[]",
		}
		return columns, s.audit.Note(tx, actor, UserRemoved, auditName(user), "")
	})
}

// lockOut stores the columns that lock returns, revokes the user's invitations, unassigns their conversations and ends
// their logins. If lock returns no columns, nothing changes.
func (s *Users) lockOut(ctx context.Context, actor models.User, id string,
	lock func(*gorm.DB, models.User) (map[string]any, error)) error {
	locked, freed := false, []string(nil)
	err := s.change(ctx, actor, id, func(tx *gorm.DB, user models.User) error {
		columns, err := lock(tx, user)
		if err != nil || columns == nil {
			return err
		}
		if err := s.revokeInvitationsBy(tx, user); err != nil {
			return err
		}
		if freed, err = s.unassignAll(tx, user); err != nil {
			return err
		}
		locked = true
		return endDevices(tx, s.clock(), user, columns)
	})
	if err != nil || !locked {
		return err
	}
	s.publisher.UserSessionsEnded(id)
	for _, conversationID := range freed {
		s.publisher.ConversationReleased(actor.OrganizationID, conversationID)
	}
	return nil
}

// unassignAll returns a user's claimed conversations to the queue, since nobody else could, and returns their ids.
func (s *Users) unassignAll(tx *gorm.DB, user models.User) ([]string, error) {
	var claimed []models.ConversationSession
	err := tx.Select("id", "conversation_id").
		Where("organization_id = ? AND assigned_agent_id = ? AND status = ?", user.OrganizationID, user.ID,
			models.SessionOpen).
		Order("id").Find(&claimed).Error
	if err != nil {
		return nil, err
	}
	conversations, ids := make([]string, len(claimed)), make([]string, len(claimed))
	for i, session := range claimed {
		conversations[i], ids[i] = session.ConversationID, session.ID
	}
	for chunk := range slices.Chunk(ids, 500) {
		err := tx.Model(&models.ConversationSession{}).
			Where("organization_id = ? AND id IN ? AND assigned_agent_id = ? AND status = ?",
				user.OrganizationID, chunk, user.ID, models.SessionOpen).
			Updates(map[string]any{"assigned_agent_id": nil, "assigned_at": nil}).Error
		if err != nil {
			return nil, err
		}
	}
	return conversations, nil
}

// change runs change on a user, while nobody else changes users of the organization. It reads the actor again, so if
// two admins disable each other at the same time, one succeeds.
func (s *Users) change(ctx context.Context, actor models.User, id string,
	change func(*gorm.DB, models.User) error) error {
	if err := mustBeAdmin(actor); err != nil {
		return err
	}
	if id == actor.ID {
		return Refuse(Forbidden, "You cannot change your own access. Ask another admin.")
	}
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := lockOrganization(tx, s.db, actor.OrganizationID); err != nil {
			return err
		}
		if err := stillAdmin(tx, actor); err != nil {
			return err
		}
		user, err := userOf(forChange(s.db, tx), actor.OrganizationID, id)
		if err != nil {
			return err
		}
		if user.Role == models.RoleOwner {
			return Refuse(Forbidden, "The owner cannot be disabled, removed or given another role.")
		}
		return change(tx, user)
	})
}

// Get returns a user, disabled ones too. Errors: Forbidden, NotFound.
func (s *Users) Get(ctx context.Context, actor models.User, id string) (models.User, error) {
	if err := mustBeAdmin(actor); err != nil {
		return models.User{}, err
	}
	return userOf(s.db.Read.WithContext(ctx), actor.OrganizationID, id)
}

// userOf returns a user who was not removed. Error: NotFound.
func userOf(tx *gorm.DB, organizationID, id string) (user models.User, err error) {
	err = ofOrganization(tx.Where("removed_at IS NULL"), organizationID, id, &user, "User not found.")
	return user, err
}

// Wait returns when no mail is being sent.
func (s *Users) Wait() { s.mailing.Wait() }

// Mail sends the link of an invitation in the background, where mail is set up.
func (s *Users) Mail(actor models.User, organizationName string, invitation models.Invitation, link string) {
	if s.mailer == nil {
		return
	}
	subject := fmt.Sprintf("Join %s on Parley", organizationName)
	text := fmt.Sprintf("%s invited you to answer %s's chats in Parley.\n\nOpen this link within %d hours to choose "+
		"your name and password:\n\n%s\n\n"+
		"The link works once. If you did not expect this email, ignore it.\n", actor.Name, organizationName,
		int(invitationLife/time.Hour), link)
	s.mailing.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), mailTimeout)
		defer cancel()
		if err := s.mailer.Send(ctx, invitation.Email, subject, text); err != nil {
			slog.Warn("mail invitation", "invitation_id", invitation.ID, "error", withoutSecret(err, link))
		}
	})
}

// withoutSecret returns the text of an error without the secret of a link: a mail server may quote what it refuses.
func withoutSecret(err error, link string) string {
	return strings.ReplaceAll(err.Error(), link[strings.LastIndexByte(link, '/')+1:], "…")
}
