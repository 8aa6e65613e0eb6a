package services

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"parley/models"
)

// Channels manages the mobile channels. A bot has at most one, and apps are built with its id. A bot's web channel is
// created with its first embed token.
type Channels struct {
	db    *models.DB
	audit *Audit
	clock Clock
}

// NewChannels creates the service.
func NewChannels(db *models.DB, audit *Audit, clock Clock) *Channels {
	return &Channels{db: db, audit: audit, clock: clock}
}

// ChannelRow is a channel and its bot.
type ChannelRow struct {
	Channel models.Channel
	Bot     models.Bot
}

// Create creates the mobile channel of a bot. Errors: Forbidden; NotFound for the bot; Conflict if it has one.
func (s *Channels) Create(ctx context.Context, actor models.User, botID string) (channel models.Channel, err error) {
	if err := mustBeAdmin(actor); err != nil {
		return channel, err
	}
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		bot, err := chosenBot(tx, actor.OrganizationID, botID)
		if err != nil {
			return err
		}
		var created bool
		if channel, created, err = s.ensure(tx, actor, bot, models.ChannelMobileSDK); err != nil {
			return err
		}
		if !created {
			return &Error{
				Kind:    Conflict,
				Message: bot.Name + " already has a mobile channel. Choose another bot.",
				Field:   "bot_id",
			}
		}
		return nil
	})
	return channel, err
}

// ensure returns the bot's channel of a type, and creates it if it is missing. A unique index makes sure that two calls
// at once create one.
func (s *Channels) ensure(tx *gorm.DB, actor models.User, bot models.Bot,
	kind string) (channel models.Channel, created bool, err error) {
	now := s.clock()
	fresh := models.Channel{
		ID:             models.NewID(),
		OrganizationID: bot.OrganizationID,
		BotID:          bot.ID,
		Type:           kind,
		Name:           bot.Name,
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	result := tx.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "bot_id"}, {Name: "type"}},
		DoNothing: true,
	}).Create(&fresh)
	if errors.Is(result.Error, gorm.ErrForeignKeyViolated) { // the bot was removed since it was read
		return channel, false, noSuchBot()
	} else if result.Error != nil {
		return channel, false, fmt.Errorf("create channel: %w", result.Error)
	}
	if result.RowsAffected == 1 {
		return fresh, true, s.audit.Note(tx, actor, ChannelCreated, bot.Name, kind)
	}
	err = tx.Where("organization_id = ? AND bot_id = ? AND type = ?", bot.OrganizationID, bot.ID, kind).
		Take(&channel).Error
	return channel, false, err
}

// List returns the mobile channels in the order of their bots' names. Error: Forbidden.
func (s *Channels) List(ctx context.Context, actor models.User) ([]ChannelRow, error) {
	if err := mustBeAdmin(actor); err != nil {
		return nil, err
	}
	var channels []models.Channel
	err := s.db.Read.WithContext(ctx).Select(columnsOf(s.db.Read, "channels", &models.Channel{})).
		Joins("JOIN bots ON bots.id = channels.bot_id AND bots.organization_id = channels.organization_id").
		Where("channels.organization_id = ? AND channels.type = ?", actor.OrganizationID, models.ChannelMobileSDK).
		Order("LOWER(bots.name), channels.id").Find(&channels).Error
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	return channelRows(s.db.Read.WithContext(ctx), actor.OrganizationID, channels)
}

// Get returns a mobile channel. Errors: Forbidden, NotFound.
func (s *Channels) Get(ctx context.Context, actor models.User, id string) (ChannelRow, error) {
	if err := mustBeAdmin(actor); err != nil {
		return ChannelRow{}, err
	}
	channel, err := mobileChannelOf(s.db.Read.WithContext(ctx), actor.OrganizationID, id)
	if err != nil {
		return ChannelRow{}, err
	}
	bot, err := botOf(s.db.Read.WithContext(ctx), actor.OrganizationID, channel.BotID)
	return ChannelRow{channel, bot}, err
}

func channelRows(tx *gorm.DB, organizationID string, channels []models.Channel) ([]ChannelRow, error) {
	ids := make([]string, len(channels))
	for i, channel := range channels {
		ids[i] = channel.BotID
	}
	var bots []models.Bot
	if err := tx.Where("organization_id = ? AND id IN ?", organizationID, ids).Find(&bots).Error; err != nil {
		return nil, fmt.Errorf("list bots: %w", err)
	}
	byID := map[string]models.Bot{}
	for _, bot := range bots {
		byID[bot.ID] = bot
	}
	rows := make([]ChannelRow, len(channels))
	for i, channel := range channels {
		rows[i] = ChannelRow{channel, byID[channel.BotID]}
	}
	return rows, nil
}

func botOf(tx *gorm.DB, organizationID, id string) (bot models.Bot, err error) {
	err = ofOrganization(tx, organizationID, id, &bot, "Bot not found.")
	return bot, err
}

// chosenBot returns the bot that a form's bot_id names.
func chosenBot(tx *gorm.DB, organizationID, id string) (models.Bot, error) {
	bot, err := botOf(tx, organizationID, id)
	if KindOf(err) == NotFound {
		err = noSuchBot()
	}
	return bot, err
}

func noSuchBot() *Error {
	return &Error{
		Kind:    NotFound,
		Message: "This bot no longer exists. Choose another.",
		Field:   "bot_id",
	}
}

func mobileChannelOf(tx *gorm.DB, organizationID, id string) (channel models.Channel, err error) {
	err = ofOrganization(tx.Where("type = ?", models.ChannelMobileSDK), organizationID, id, &channel,
		"Channel not found.")
	return channel, err
}
