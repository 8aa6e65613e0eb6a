package services

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"

	"parley/models"
)

// The actions in the audit log. views has the text for each.
const (
	EmbedTokenCreated        = "embed_token.created"
	EmbedTokenChanged        = "embed_token.changed"
	EmbedTokenOriginsChanged = "embed_token.origins_changed"
	EmbedTokenRevoked        = "embed_token.revoked"
	APIKeyCreated            = "api_key.created"
	APIKeyRevoked            = "api_key.revoked"
	ChannelCreated           = "channel.created"
	PushCredentialReplaced   = "push_credential.replaced"
	PushCredentialRemoved    = "push_credential.removed"
	UserInvited              = "user.invited"
	UserJoined               = "user.joined"
	UserRoleChanged          = "user.role_changed"
	UserDisabled             = "user.disabled"
	UserEnabled              = "user.enabled"
	UserRemoved              = "user.removed"
	InvitationRevoked        = "invitation.revoked"
	OrganizationCreated      = "organization.created"
	OrganizationChanged      = "organization.changed"
	BotCreated               = "bot.created"
	BotChanged               = "bot.changed"
	BotRemoved               = "bot.removed"
	LoginSucceeded           = "login.succeeded"
	LoginFailed              = "login.failed"
	PasswordChanged          = "password.changed"
	PasswordChangeFailed     = "password.change_failed"
	DevicesLoggedOut         = "sessions.ended"
	ProfileChanged           = "profile.changed"
	SecondFactorEnabled      = "second_factor.enabled"
	SecondFactorDisabled     = "second_factor.disabled"
	SecondFactorFailed       = "second_factor.failed"
)

const (
	maxAuditTarget = 200  // characters; longer ones are cut
	maxAuditDetail = 1000 // characters; longer ones are cut
	maxAuditPage   = 200  // entries
)

// Audit is the log of who changed what. Entries are added, and never changed or removed.
type Audit struct {
	db    *models.DB
	clock Clock
	later sync.WaitGroup
}

// NewAudit makes the service.
func NewAudit(db *models.DB, clock Clock) *Audit { return &Audit{db: db, clock: clock} }

// Note adds an entry in the transaction of the change it records: there is no change without an entry, and no entry
// without its change. target and detail are for people, and must hold no secret. The client's address comes from the
// context of the transaction, see WithAddress.
func (s *Audit) Note(tx *gorm.DB, actor models.User, action, target, detail string) error {
	err := tx.Create(&models.AuditEntry{
		ID:             models.NewID(),
		OrganizationID: actor.OrganizationID,
		ActorID:        actor.ID,
		ActorName:      actor.Name,
		Action:         action,
		Target:         oneLine(target, maxAuditTarget),
		Detail:         oneLine(detail, maxAuditDetail),
		Address:        AddressOf(tx.Statement.Context),
		CreatedAt:      s.clock(),
	}).Error
	if err != nil {
		return fmt.Errorf("note %s: %w", action, err)
	}
	return nil
}

// noteTimeout is how long writing an entry in the background may take.
const noteTimeout = 10 * time.Second

// NoteLater adds an entry about a user's failed attempt, in the background: the answer must not take longer for an
// account that exists.
func (s *Audit) NoteLater(ctx context.Context, user models.User, action, detail string) {
	s.later.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
		defer cancel()
		if err := s.Note(s.db.Write.WithContext(ctx), user, action, auditName(user), detail); err != nil {
			LogFailure("note failed attempt", err)
		}
	})
}

// Wait returns when no entry is being written in the background.
func (s *Audit) Wait() { s.later.Wait() }

// AuditQuery asks for a page of the log. ActorID and Action are optional.
type AuditQuery struct {
	ActorID, Action string
	Cursor          string // empty for the first page
	Limit           int
}

// List returns a page of the entries of the actor's organization, newest first, and the cursor of the next page, if
// there is one. Errors: Forbidden, Invalid for a cursor that List did not return.
func (s *Audit) List(ctx context.Context, actor models.User,
	q AuditQuery) (entries []models.AuditEntry, next string, err error) {
	if err := mustBeAdmin(actor); err != nil {
		return nil, "", err
	}
	if !storable(q.ActorID) || !storable(q.Action) {
		return nil, "", nil
	}
	limit := min(max(q.Limit, 1), maxAuditPage)
	query := s.db.Read.WithContext(ctx).Where("organization_id = ?", actor.OrganizationID)
	if q.ActorID != "" {
		query = query.Where("actor_id = ?", q.ActorID)
	}
	if q.Action != "" {
		query = query.Where("action = ?", q.Action)
	}
	if q.Cursor != "" {
		at, id, err := parseCursor(q.Cursor)
		if err != nil {
			return nil, "", err
		}
		query = query.Where("(created_at, id) < (?, ?)", at, id)
	}
	if err := query.Order("created_at DESC, id DESC").Limit(limit + 1).Find(&entries).Error; err != nil {
		return nil, "", fmt.Errorf("list audit entries: %w", err)
	}
	if len(entries) <= limit {
		return entries, "", nil
	}
	last := entries[limit-1]
	return entries[:limit], formatCursor(last.CreatedAt, last.ID), nil
}

// Actors returns every user the log may name, sorted by name. Removed users are among them: an audit is often about
// them. Error: Forbidden.
func (s *Audit) Actors(ctx context.Context, actor models.User) (users []models.User, err error) {
	if err := mustBeAdmin(actor); err != nil {
		return nil, err
	}
	if err := s.db.Read.WithContext(ctx).Where("organization_id = ?", actor.OrganizationID).Order("name, id").
		Find(&users).Error; err != nil {
		return nil, fmt.Errorf("list actors: %w", err)
	}
	return users, nil
}
