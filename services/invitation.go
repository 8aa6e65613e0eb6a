package services

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"parley/models"
)

// invitationLife is how long a link works.
const invitationLife = 24 * time.Hour

// Invited is what the page of an invitation shows.
type Invited struct {
	Invitation   models.Invitation
	Organization string
	InvitedBy    string
}

// Invite makes a link that lets one person into the organization, once and within a day. The secret goes into the link
// and is stored nowhere. Errors: Forbidden, Invalid, Conflict when the address is a user's or has an invitation that
// waits.
func (s *Users) Invite(ctx context.Context, actor models.User, email string,
	role models.Role) (invitation models.Invitation, secret string, err error) {
	if err := mustBeAdmin(actor); err != nil {
		return invitation, "", err
	}
	if email, err = cleanEmail(email); err != nil {
		return invitation, "", err
	}
	if err := checkRole(role); err != nil {
		return invitation, "", err
	}
	now := s.clock()
	secret, hash := NewToken("inv_")
	invitation = models.Invitation{
		ID:             models.NewID(),
		OrganizationID: actor.OrganizationID,
		Email:          email,
		Role:           role,
		TokenHash:      hash,
		InvitedBy:      actor.ID,
		ExpiresAt:      now.Add(invitationLife),
		CreatedAt:      now,
	}
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := s.mayInvite(tx, actor, email); err != nil {
			return err
		}
		// An older one whose time is over makes room.
		err := tx.Model(&models.Invitation{}).
			Where("organization_id = ? AND email = ? AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at "+
				"<= ?",
				actor.OrganizationID, email, now).Update("revoked_at", now).Error
		if err != nil {
			return err
		}
		if err := tx.Create(&invitation).Error; errors.Is(err, gorm.ErrDuplicatedKey) {
			return &Error{
				Kind:    Conflict,
				Message: "This address is invited already. Make a new link if the first is lost.",
				Field:   "email",
			}
		} else if err != nil {
			return err
		}
		return s.audit.Note(tx, actor, UserInvited, email, string(role))
	})
	if err != nil {
		return models.Invitation{}, "", err
	}
	return invitation, secret, nil
}

// mayInvite takes the organization's lock: who is locked out meanwhile leaves no link behind.
func (s *Users) mayInvite(tx *gorm.DB, actor models.User, email string) error {
	if err := lockOrganization(tx, s.db, actor.OrganizationID); err != nil {
		return err
	}
	if err := stillAdmin(tx, actor); err != nil {
		return err
	}
	if _, taken, err := userByEmail(tx, email); err != nil || !taken {
		return err
	}
	return emailTaken()
}

// Resend makes a new link for an invitation that waits, and another day for it; the old link is dead. Errors:
// Forbidden, NotFound, Conflict when the address is a user's by now.
func (s *Users) Resend(ctx context.Context, actor models.User,
	id string) (invitation models.Invitation, secret string, err error) {
	if err := mustBeAdmin(actor); err != nil {
		return invitation, "", err
	}
	secret, hash := NewToken("inv_")
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		if invitation, err = openInvitation(tx, actor.OrganizationID, id); err != nil {
			return err
		}
		if err := s.mayInvite(tx, actor, invitation.Email); err != nil {
			return err
		}
		invitation.TokenHash = hash
		invitation.InvitedBy = actor.ID
		invitation.ExpiresAt = s.clock().Add(invitationLife)
		result := tx.Model(&models.Invitation{}).
			Where("organization_id = ? AND id = ? AND accepted_at IS NULL AND revoked_at IS NULL", actor.OrganizationID,
				id).
			Updates(map[string]any{"token_hash": hash, "invited_by": actor.ID, "expires_at": invitation.ExpiresAt})
		if result.Error != nil {
			return result.Error
		}
		if result.RowsAffected == 0 {
			return Refuse(NotFound, notWaiting)
		}
		return s.audit.Note(tx, actor, UserInvited, invitation.Email, "new link")
	})
	if err != nil {
		return models.Invitation{}, "", err
	}
	return invitation, secret, nil
}

// RevokeInvitation makes a link worthless. Errors: Forbidden, NotFound, also when it was accepted or revoked before.
func (s *Users) RevokeInvitation(ctx context.Context, actor models.User, id string) error {
	if err := mustBeAdmin(actor); err != nil {
		return err
	}
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		invitation, err := openInvitation(tx, actor.OrganizationID, id)
		if err != nil {
			return err
		}
		result := tx.Model(&models.Invitation{}).
			Where("organization_id = ? AND id = ? AND accepted_at IS NULL AND revoked_at IS NULL", actor.OrganizationID,
				id).
			Update("revoked_at", s.clock())
		if result.Error != nil {
			return result.Error
		}
		if result.RowsAffected == 0 {
			return Refuse(NotFound, notWaiting)
		}
		return s.audit.Note(tx, actor, InvitationRevoked, invitation.Email, "")
	})
}

// revokeInvitationsBy ends the links of a user who may invite nobody any more: with one they could come back.
func (s *Users) revokeInvitationsBy(tx *gorm.DB, user models.User) error {
	return tx.Model(&models.Invitation{}).Where(
		"organization_id = ? AND invited_by = ? AND accepted_at IS NULL AND revoked_at IS NULL", user.OrganizationID,
		user.ID).
		Update("revoked_at", s.clock()).Error
}

func openInvitation(tx *gorm.DB, organizationID, id string) (invitation models.Invitation, err error) {
	err = ofOrganization(tx.Where("accepted_at IS NULL AND revoked_at IS NULL"), organizationID, id, &invitation,
		notWaiting)
	return invitation, err
}

const notWaiting = "This invitation does not wait any more: it was accepted or revoked."

// Invitation is what a link opens. A link that works always opens: its secret is too long to be guessed, so the limit
// only keeps strangers from trying for ever. Errors: NotFound for one that is unknown, used, revoked or too old,
// RateLimited for too many of those.
func (s *Users) Invitation(ctx context.Context, secret string) (Invited, error) {
	var invited Invited
	err := s.db.Read.WithContext(ctx).Where("token_hash = ? AND accepted_at IS NULL AND revoked_at IS NULL AND "+
		"expires_at > ?", HashToken(secret), s.clock()).
		Take(&invited.Invitation).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		if _, err := s.links.begin(ctx, attempt{}); err != nil {
			return Invited{}, err
		}
		return Invited{}, linkDead()
	} else if err != nil {
		return Invited{}, fmt.Errorf("find invitation: %w", err)
	}
	err = s.db.Read.WithContext(ctx).Raw("SELECT o.name, u.name FROM organizations AS o JOIN users AS u ON "+
		"u.organization_id = o.id WHERE o.id = ? AND u.id = ?",
		invited.Invitation.OrganizationID, invited.Invitation.InvitedBy).Row().
		Scan(&invited.Organization, &invited.InvitedBy)
	if err != nil {
		return Invited{}, fmt.Errorf("read organization: %w", err)
	}
	return invited, nil
}

func linkDead() *Error {
	return Refuse(NotFound, "This link does not work any more: links work once, for 24 hours. Ask for a new one.")
}

// Accept makes the user whom a link invites, in its organization and with its address and role. Of two at once one
// does. Errors: NotFound and RateLimited as for Invitation, Invalid, Conflict when the address is a user's by now.
func (s *Users) Accept(ctx context.Context, secret, name, password string) (models.User, error) {
	invited, err := s.Invitation(ctx, secret) // before a hash is paid for
	if err != nil {
		return models.User{}, err
	}
	invitation := invited.Invitation
	person, err := newUser{
		OrganizationID: invitation.OrganizationID,
		Email:          invitation.Email,
		Name:           name,
		Password:       password,
		Role:           invitation.Role,
	}.cleaned()
	if err != nil {
		return models.User{}, err
	}
	user, err := person.hashed(ctx, s.passwords)
	if err != nil {
		return models.User{}, err
	}
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		now := s.clock()
		result := tx.Model(&models.Invitation{}).
			Where("organization_id = ? AND token_hash = ? AND accepted_at IS NULL AND revoked_at IS NULL AND "+
				"expires_at > ?",
				invitation.OrganizationID, HashToken(secret), now).Update("accepted_at", now)
		if result.Error != nil {
			return result.Error
		}
		if result.RowsAffected == 0 {
			return linkDead()
		}
		if err := createUser(tx, &user); err != nil {
			return err
		}
		return s.audit.Note(tx, user, UserJoined, auditName(user), string(user.Role))
	})
	if err != nil {
		return models.User{}, err
	}
	return user, nil
}
