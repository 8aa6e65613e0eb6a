package services

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"parley/models"
)

// invitationLife is how long the link of an invitation works.
const invitationLife = 24 * time.Hour

// Invited is an invitation as its page shows it.
type Invited struct {
	Invitation   models.Invitation
	Organization string
	InvitedBy    string
}

// Invite creates an invitation. Its link works once, for a day. The secret belongs in the link and is stored nowhere.
// Errors: Forbidden, Invalid, Conflict when the address belongs to a user or has an open invitation.
func (s *Users) Invite(ctx context.Context, actor models.User, email string,
	role models.Role) (invitation models.Invitation, secret string, err error) {
	if err := mustBeAdmin(actor); err != nil {
		return invitation, "", err
	}
	email, emailErr := cleanEmail(email)
	if err := errors.Join(emailErr, checkRole(role)); err != nil {
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
		// An expired one makes room: only one per address may be open.
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
				Message: "This address is already invited. Create a new link if the first is lost.",
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

// mayInvite reads the actor again under the organization's lock, so an admin who is being disabled leaves no link
// behind. Errors: Forbidden, Conflict when the address belongs to a user.
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

// Resend creates a new link for an open invitation, which works for another day. The old link stops working. Errors:
// Forbidden, NotFound, Conflict when the address belongs to a user by now.
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
			return Refuse(NotFound, notOpen)
		}
		return s.audit.Note(tx, actor, UserInvited, invitation.Email, "new link")
	})
	if err != nil {
		return models.Invitation{}, "", err
	}
	return invitation, secret, nil
}

// RevokeInvitation ends an open invitation. Errors: Forbidden, NotFound, also when it was accepted or revoked before.
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
			return Refuse(NotFound, notOpen)
		}
		return s.audit.Note(tx, actor, InvitationRevoked, invitation.Email, "")
	})
}

// revokeInvitationsBy ends the invitations of a user who may no longer invite: with the link of one they could come
// back.
func (s *Users) revokeInvitationsBy(tx *gorm.DB, user models.User) error {
	return tx.Model(&models.Invitation{}).
		Where("organization_id = ? AND invited_by = ?", user.OrganizationID, user.ID).
		Where("accepted_at IS NULL AND revoked_at IS NULL").
		Update("revoked_at", s.clock()).Error
}

func openInvitation(tx *gorm.DB, organizationID, id string) (invitation models.Invitation, err error) {
	err = ofOrganization(tx.Where("accepted_at IS NULL AND revoked_at IS NULL"), organizationID, id, &invitation,
		notOpen)
	return invitation, err
}

const notOpen = "This invitation was already accepted or revoked."

// Invitation returns what a link opens. The limit applies only to links that do not work: the secret is too long to be
// guessed, so nobody must be locked out. Errors: NotFound for a link that is unknown, used, revoked or too old,
// RateLimited after too many of those.
func (s *Users) Invitation(ctx context.Context, secret string) (Invited, error) {
	var invited Invited
	err := s.db.Read.WithContext(ctx).Where("token_hash = ? AND accepted_at IS NULL AND revoked_at IS NULL AND "+
		"expires_at > ?", HashToken(secret), s.clock()).
		Take(&invited.Invitation).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		if _, err := s.links.begin(ctx, attempt{}); err != nil {
			return Invited{}, err
		}
		return Invited{}, linkExpired()
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

func linkExpired() *Error {
	return Refuse(NotFound, "This link no longer works. Links work once, for 24 hours. Ask for a new one.")
}

// Accept creates the user whom a link invites, with the invitation's organization, address and role. If two requests
// accept at once, one succeeds. Errors: NotFound and RateLimited as for Invitation, Invalid, Conflict when the address
// belongs to a user by now.
func (s *Users) Accept(ctx context.Context, secret, name, password string) (models.User, error) {
	invited, err := s.Invitation(ctx, secret) // before the costly hash
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
			return linkExpired()
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
