package services

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"parley/models"
)

// Bots lets administrators manage bots. What a bot says is in BotAnswers.
type Bots struct {
	db     *models.DB
	photos *Photos
	audit  *Audit
	clock  Clock
}

// NewBots creates the service.
func NewBots(db *models.DB, photos *Photos, audit *Audit, clock Clock) *Bots {
	return &Bots{db: db, photos: photos, audit: audit, clock: clock}
}

// BotDetails is a bot with the channels that use it and its form.
type BotDetails struct {
	Bot      models.Bot
	Channels []models.Channel
	Form     BotForm
}

// List returns the organization's bots, sorted by name. Error: Forbidden.
func (s *Bots) List(ctx context.Context, actor models.User) ([]BotDetails, error) {
	if err := mustBeAdmin(actor); err != nil {
		return nil, err
	}
	var bots []models.Bot
	if err := s.db.Read.WithContext(ctx).Where("organization_id = ?", actor.OrganizationID).Order("name, id").
		Find(&bots).Error; err != nil {
		return nil, fmt.Errorf("list bots: %w", err)
	}
	var channels []models.Channel
	if err := s.db.Read.WithContext(ctx).Where("organization_id = ?", actor.OrganizationID).Order("type DESC, id").
		Find(&channels).Error; err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	list := make([]BotDetails, len(bots))
	for i, bot := range bots {
		list[i] = BotDetails{Bot: bot, Form: formOf(bot)}
		for _, channel := range channels {
			if channel.BotID == bot.ID {
				list[i].Channels = append(list[i].Channels, channel)
			}
		}
	}
	return list, nil
}

// Get returns a bot. Errors: Forbidden, NotFound.
func (s *Bots) Get(ctx context.Context, actor models.User, id string) (BotDetails, error) {
	if err := mustBeAdmin(actor); err != nil {
		return BotDetails{}, err
	}
	bot, err := botOf(s.db.Read.WithContext(ctx), actor.OrganizationID, id)
	if err != nil {
		return BotDetails{}, err
	}
	details := BotDetails{Bot: bot, Form: formOf(bot)}
	err = s.db.Read.WithContext(ctx).Where("organization_id = ? AND bot_id = ?", actor.OrganizationID, id).
		Order("type DESC, id").Find(&details.Channels).Error
	return details, err
}

// Create creates a bot. Names are unique in the organization, so that a form that is sent twice creates one bot.
// Errors: Forbidden, Invalid, Conflict for the name.
func (s *Bots) Create(ctx context.Context, actor models.User, form BotForm) (models.Bot, error) {
	if err := mustBeAdmin(actor); err != nil {
		return models.Bot{}, err
	}
	now := s.clock()
	bot := models.Bot{
		ID:             models.NewID(),
		OrganizationID: actor.OrganizationID,
		Rules:          "[]",
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	if err := form.write(&bot); err != nil {
		return models.Bot{}, err
	}
	err := s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := lockOrganization(tx, s.db, actor.OrganizationID); err != nil {
			return err
		}
		if err := nameIsFree(tx, bot); err != nil {
			return err
		}
		if err := tx.Create(&bot).Error; err != nil {
			return err
		}
		return s.audit.Note(tx, actor, BotCreated, bot.Name, "")
	})
	if err != nil {
		return models.Bot{}, err
	}
	return bot, nil
}

// Save changes a bot. It accepts a form that changes nothing, for example one that is sent twice. Errors: Forbidden,
// NotFound, Invalid, Conflict for the name, or if someone else changed the bot since the form was loaded.
func (s *Bots) Save(ctx context.Context, actor models.User, id string, form BotForm) (bot models.Bot, err error) {
	err = s.change(ctx, actor, id, func(tx *gorm.DB, stored models.Bot) error {
		bot = stored
		if err := form.write(&bot); err != nil {
			return err
		}
		if bot == stored {
			return nil
		}
		if !form.UpdatedAt.Equal(stored.UpdatedAt) {
			return Refuse(Conflict, "Someone else changed this bot while you were editing it. "+
				"Reload the page and make your changes again.")
		}
		if bot.Name != stored.Name {
			if err := nameIsFree(tx, bot); err != nil {
				return err
			}
		}
		if err := s.update(tx, &bot, map[string]any{"name": bot.Name, "greeting": bot.Greeting, "rules": bot.Rules,
			"fallback": bot.Fallback}); err != nil {
			return err
		}
		return s.audit.Note(tx, actor, BotChanged, bot.Name,
			changedFields(map[string]bool{"name": bot.Name != stored.Name, "greeting": bot.Greeting != stored.Greeting,
				"rules": bot.Rules != stored.Rules, "fallback": bot.Fallback != stored.Fallback}))
	})
	if err != nil {
		return models.Bot{}, err
	}
	return bot, nil
}

// changedFields names the changed fields, for the audit log.
func changedFields(changed map[string]bool) string {
	var names []string
	for name, is := range changed {
		if is {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// SetPhoto replaces the bot's photo. Errors: Forbidden, NotFound, Invalid, TooLarge.
func (s *Bots) SetPhoto(ctx context.Context, actor models.User, id string, upload []byte) error {
	if err := mustBeAdmin(actor); err != nil {
		return err
	}
	// first, because decoding an image costs much
	if _, err := botOf(s.db.Read.WithContext(ctx), actor.OrganizationID, id); err != nil {
		return err
	}
	photo, err := s.photos.read(ctx, actor.OrganizationID, upload)
	if err != nil {
		return err
	}
	return s.replacePhoto(ctx, actor, id, &photo)
}

// RemovePhoto deletes the bot's photo. Errors: Forbidden, NotFound.
func (s *Bots) RemovePhoto(ctx context.Context, actor models.User, id string) error {
	return s.replacePhoto(ctx, actor, id, nil)
}

func (s *Bots) replacePhoto(ctx context.Context, actor models.User, id string, photo *models.Photo) error {
	return s.change(ctx, actor, id, func(tx *gorm.DB, bot models.Bot) error {
		photoID, err := replacePhoto(tx, bot.OrganizationID, bot.PhotoID, photo)
		if err != nil || photoID == bot.PhotoID {
			return err
		}
		// updated_at stays, so that open forms can still be saved.
		if err := tx.Model(&models.Bot{}).Where("organization_id = ? AND id = ?", bot.OrganizationID, bot.ID).
			UpdateColumn("photo_id", photoID).Error; err != nil {
			return err
		}
		return s.audit.Note(tx, actor, BotChanged, bot.Name, "photo")
	})
}

// Remove deletes a bot. Errors: Forbidden, NotFound, Conflict while a channel uses it.
func (s *Bots) Remove(ctx context.Context, actor models.User, id string) error {
	return s.change(ctx, actor, id, func(tx *gorm.DB, bot models.Bot) error {
		var channels []models.Channel
		if err := tx.Where("organization_id = ? AND bot_id = ?", bot.OrganizationID, bot.ID).Limit(1).
			Find(&channels).Error; err != nil {
			return err
		}
		used := Refuse(Conflict, "You cannot remove this bot, because a channel uses it.")
		if len(channels) > 0 {
			return used
		}
		err := tx.Where("organization_id = ? AND id = ?", bot.OrganizationID, bot.ID).Delete(&models.Bot{}).Error
		if errors.Is(err, gorm.ErrForeignKeyViolated) {
			return used // a channel was created after we looked
		} else if err != nil {
			return err
		}
		if _, err := replacePhoto(tx, bot.OrganizationID, bot.PhotoID, nil); err != nil {
			return err
		}
		return s.audit.Note(tx, actor, BotRemoved, bot.Name, "")
	})
}

// change runs change on the bot while the organization is locked, so that changes do not overlap.
func (s *Bots) change(ctx context.Context, actor models.User, id string,
	change func(*gorm.DB, models.Bot) error) error {
	if err := mustBeAdmin(actor); err != nil {
		return err
	}
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := lockOrganization(tx, s.db, actor.OrganizationID); err != nil {
			return err
		}
		bot, err := botOf(tx, actor.OrganizationID, id)
		if err != nil {
			return err
		}
		return change(tx, bot)
	})
}

// update stores columns of a bot. updated_at always grows, even if the clock does not, because Save compares it.
func (s *Bots) update(tx *gorm.DB, bot *models.Bot, columns map[string]any) error {
	now := s.clock()
	if !now.After(bot.UpdatedAt) {
		now = bot.UpdatedAt.Add(time.Microsecond)
	}
	bot.UpdatedAt, columns["updated_at"] = now, now
	return tx.Model(&models.Bot{}).Where("organization_id = ? AND id = ?", bot.OrganizationID, bot.ID).
		Updates(columns).Error
}

func nameIsFree(tx *gorm.DB, bot models.Bot) error {
	var others []models.Bot
	if err := tx.Select("id", "name").Where("organization_id = ? AND id <> ?", bot.OrganizationID, bot.ID).
		Find(&others).Error; err != nil {
		return err
	}
	for _, other := range others {
		if strings.EqualFold(other.Name, bot.Name) {
			return &Error{
				Kind:    Conflict,
				Message: "Another bot has this name. Choose a different one.",
				Field:   "name",
			}
		}
	}
	return nil
}
