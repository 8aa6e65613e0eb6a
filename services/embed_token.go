package services

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"parley/models"
)

const (
	maxTokenName = 100 // characters
	maxListed    = 500 // rows of a list that has no pages
)

// EmbedTokens manages the tokens that let sites and apps open the widget.
type EmbedTokens struct {
	db        *models.DB
	channels  *Channels
	audit     *Audit
	publisher Publisher
	clock     Clock
}

// NewEmbedTokens creates the service.
func NewEmbedTokens(db *models.DB, channels *Channels, audit *Audit, publisher Publisher, clock Clock) *EmbedTokens {
	return &EmbedTokens{
		db:        db,
		channels:  channels,
		audit:     audit,
		publisher: publisher,
		clock:     clock,
	}
}

// NewEmbedToken is the content of a new token.
type NewEmbedToken struct {
	FormKey string // optional: a UUID from the form. It becomes the token's id, so a form sent twice creates one token
	BotID   string
	Channel string // models.ChannelWebchat or models.ChannelMobileSDK
	Name    string
	Origins string // one per line; if empty, every site may show the widget
}

// EmbedTokenRow is a token with its channel and bot.
type EmbedTokenRow struct {
	Token   models.EmbedToken
	Channel models.Channel
	Bot     models.Bot
}

// Create creates a token and, with the first token of a bot, its channel. It returns the secret, which is not stored.
// Errors: Forbidden; NotFound for the bot; Invalid with a field; Conflict for a form that was sent before.
func (s *EmbedTokens) Create(ctx context.Context, actor models.User,
	request NewEmbedToken) (token models.EmbedToken, secret string, err error) {
	if err := mustBeAdmin(actor); err != nil {
		return token, "", err
	}
	name, err := cleanName(request.Name)
	if err != nil {
		return token, "", err
	}
	origins, err := originsOf(request.Origins)
	if err != nil {
		return token, "", err
	}
	if request.Channel != models.ChannelWebchat && request.Channel != models.ChannelMobileSDK {
		return token, "", refuseField("channel", "The channel must be webchat or mobile_sdk.")
	}
	if request.FormKey == "" {
		request.FormKey = models.NewID()
	} else if !models.ValidID(request.FormKey) {
		return token, "", Refuse(Invalid, "The form is not complete. Reload the page and try again.")
	}
	secret, hash := NewToken("ew_")
	now := s.clock()
	token = models.EmbedToken{
		ID:             strings.ToLower(request.FormKey),
		OrganizationID: actor.OrganizationID,
		Name:           name,
		Prefix:         secret[:8],
		TokenHash:      hash,
		AllowedOrigins: origins,
		Appearance:     "{}",
		CreatedAt:      now,
		UpdatedAt:      &now,
	}
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		bot, err := chosenBot(tx, actor.OrganizationID, request.BotID)
		if err != nil {
			return err
		}
		channel, _, err := s.channels.ensure(tx, actor, bot, request.Channel)
		if err != nil {
			return err
		}
		token.ChannelID = channel.ID
		if err := tx.Create(&token).Error; errors.Is(err, gorm.ErrDuplicatedKey) {
			return Refuse(Conflict, "This form was already sent and created a token. If you did not copy it, revoke "+
				"it and create another.")
		} else if err != nil {
			return fmt.Errorf("create embed token: %w", err)
		}
		return s.audit.Note(tx, actor, EmbedTokenCreated, tokenTarget(token), originsDetail(origins))
	})
	if err != nil {
		return models.EmbedToken{}, "", err
	}
	return token, secret, nil
}

// List returns the tokens of a type of channel, or of one channel. An empty parameter means all. Tokens that are not
// revoked come first, and newer ones before older ones. Error: Forbidden.
func (s *EmbedTokens) List(ctx context.Context, actor models.User,
	channelType, channelID string) ([]EmbedTokenRow, error) {
	if err := mustBeAdmin(actor); err != nil {
		return nil, err
	}
	var tokens []models.EmbedToken
	read := s.db.Read.WithContext(ctx)
	channels := read.Model(&models.Channel{}).Select("id").
		Where("organization_id = ? AND ? IN ('', type) AND ? IN ('', id)", actor.OrganizationID, channelType, channelID)
	err := read.Where("organization_id = ? AND channel_id IN (?)", actor.OrganizationID, channels).
		Order("CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END, created_at DESC, id DESC").Limit(maxListed).
		Find(&tokens).Error
	if err != nil {
		return nil, fmt.Errorf("list embed tokens: %w", err)
	}
	return s.rows(ctx, actor.OrganizationID, tokens)
}

// Get returns a token. Errors: Forbidden, NotFound.
func (s *EmbedTokens) Get(ctx context.Context, actor models.User, id string) (EmbedTokenRow, error) {
	if err := mustBeAdmin(actor); err != nil {
		return EmbedTokenRow{}, err
	}
	token, err := embedTokenOf(s.db.Read.WithContext(ctx), actor.OrganizationID, id)
	if err != nil {
		return EmbedTokenRow{}, err
	}
	rows, err := s.rows(ctx, actor.OrganizationID, []models.EmbedToken{token})
	if err != nil {
		return EmbedTokenRow{}, err
	}
	return rows[0], nil
}

func (s *EmbedTokens) rows(ctx context.Context, organizationID string,
	tokens []models.EmbedToken) ([]EmbedTokenRow, error) {
	ids := make([]string, len(tokens))
	for i, token := range tokens {
		ids[i] = token.ChannelID
	}
	tx := s.db.Read.WithContext(ctx)
	var channels []models.Channel
	if err := tx.Where("organization_id = ? AND id IN ?", organizationID, ids).Find(&channels).Error; err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	known, err := channelRows(tx, organizationID, channels)
	if err != nil {
		return nil, err
	}
	byID := map[string]ChannelRow{}
	for _, row := range known {
		byID[row.Channel.ID] = row
	}
	rows := make([]EmbedTokenRow, len(tokens))
	for i, token := range tokens {
		rows[i] = EmbedTokenRow{token, byID[token.ChannelID].Channel, byID[token.ChannelID].Bot}
	}
	return rows, nil
}

// Change sets the name and the origins of a token. lines has one origin per line. If one value is wrong, neither is
// set. Errors: Forbidden; NotFound; Invalid with the first wrong line; Conflict if the token is revoked.
func (s *EmbedTokens) Change(ctx context.Context, actor models.User, id, name, lines string) error {
	return s.change(ctx, actor, id, func(token models.EmbedToken) ([]embedTokenChange, error) {
		origins, err := originsOf(lines)
		if err != nil {
			return nil, err
		}
		name, err := cleanName(name)
		if err != nil {
			return nil, err
		}
		var to []embedTokenChange
		if name != token.Name {
			to = append(to, embedTokenChange{EmbedTokenChanged, "name: " + name, "name", name})
		}
		if !slices.Equal(origins, token.AllowedOrigins) {
			to = append(to, embedTokenChange{EmbedTokenOriginsChanged, originsDetail(origins), "allowed_origins",
				mustJSON(origins)})
		}
		return to, nil
	})
}

// SetAppearance replaces the appearance of a token. It returns the same errors as Change.
func (s *EmbedTokens) SetAppearance(ctx context.Context, actor models.User, id string, appearance Appearance) error {
	return s.change(ctx, actor, id, func(token models.EmbedToken) ([]embedTokenChange, error) {
		clean, err := appearance.clean()
		if err != nil || clean == ReadAppearance(token) {
			return nil, err
		}
		return []embedTokenChange{{EmbedTokenChanged, "appearance", "appearance", mustJSON(clean)}}, nil
	})
}

// embedTokenChange is a new value of a column, with its entry in the audit log.
type embedTokenChange struct {
	action, detail string
	column         string
	value          string
}

func (s *EmbedTokens) change(ctx context.Context, actor models.User, id string,
	decide func(models.EmbedToken) ([]embedTokenChange, error)) error {
	if err := mustBeAdmin(actor); err != nil {
		return err
	}
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		token, err := embedTokenOf(forChange(s.db, tx), actor.OrganizationID, id)
		if err != nil {
			return err
		}
		if token.RevokedAt != nil {
			return Refuse(Conflict, "This token was revoked and can no longer be changed.")
		}
		changes, err := decide(token)
		for _, to := range changes {
			err := tx.Model(&models.EmbedToken{}).
				Where("organization_id = ? AND id = ? AND revoked_at IS NULL", actor.OrganizationID, id).
				UpdateColumns(map[string]any{to.column: to.value, "updated_at": s.clock()}).Error
			if err != nil {
				return fmt.Errorf("change embed token: %w", err)
			}
			if err := s.audit.Note(tx, actor, to.action, tokenTarget(token), to.detail); err != nil {
				return err
			}
		}
		return err
	})
}

// Revoke revokes a token and disconnects the end users whose page it opened. A second call changes nothing. Errors:
// Forbidden, NotFound.
func (s *EmbedTokens) Revoke(ctx context.Context, actor models.User, id string) error {
	if err := mustBeAdmin(actor); err != nil {
		return err
	}
	revoked := false
	err := s.db.Transact(ctx, func(tx *gorm.DB) error {
		revoked = false
		token, err := embedTokenOf(tx, actor.OrganizationID, id)
		if err != nil {
			return err
		}
		now := s.clock()
		result := tx.Model(&models.EmbedToken{}).
			Where("organization_id = ? AND id = ? AND revoked_at IS NULL", actor.OrganizationID, id).
			UpdateColumns(map[string]any{"revoked_at": now, "updated_at": now})
		if result.Error != nil || result.RowsAffected == 0 {
			return result.Error
		}
		revoked = true
		return s.audit.Note(tx, actor, EmbedTokenRevoked, tokenTarget(token), "")
	})
	if err == nil && revoked {
		s.publisher.EmbedTokenRevoked(id)
	}
	return err
}

func embedTokenOf(tx *gorm.DB, organizationID, id string) (token models.EmbedToken, err error) {
	err = ofOrganization(tx, organizationID, id, &token, "Embed token not found.")
	return token, err
}

func cleanName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if !hasLength(name, maxTokenName) || !plainLine(name) {
		return "", refuseField("name", "The name must have 1 to %d characters.", maxTokenName)
	}
	return name, nil
}

func originsOf(lines string) ([]string, error) {
	origins, wrong := ParseOrigins(lines)
	if len(wrong) > 0 {
		return nil, refuseField("origins", "Line %d: %s", wrong[0].Line, wrong[0].Reason)
	}
	return origins, nil
}

func tokenTarget(token models.EmbedToken) string { return token.Name + " (" + token.Prefix + "…)" }

func originsDetail(origins []string) string {
	if len(origins) == 0 {
		return "every origin"
	}
	return strings.Join(origins, " ")
}
