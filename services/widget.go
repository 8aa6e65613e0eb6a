package services

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"parley/models"
)

const (
	maxExternalID  = 255 // characters
	maxDisplayName = 100 // characters; longer ones are cut

	seenPause = time.Minute // between two notes of where a token was seen
)

// Widget opens conversations for end users.
type Widget struct {
	db    *models.DB
	clock Clock
}

// NewWidget makes the service.
func NewWidget(db *models.DB, clock Clock) *Widget { return &Widget{db: db, clock: clock} }

// WidgetRequest is what a widget page was asked for with.
type WidgetRequest struct {
	EmbedToken  string
	ExternalID  string // empty: one is minted
	DisplayName string // empty: keep what is known
	Origin      string // the header, which names the embedding page; empty if the browser sent none
	Referer     string // the same of this one
}

// OpenedWidget is what the widget page shows.
type OpenedWidget struct {
	ConversationID string
	ExternalID     string
	BotName        string
	BotPhotoID     string // empty: none
	Greeting       Body
	AllowedOrigins []string // empty: any page may frame the widget
	Appearance     Appearance
	Language       string // the organization's, a BCP 47 tag: for whoever's own is not there
}

// Open checks the embed token and returns the end user's conversation, made if need be. A conversation without messages
// appears in no agent's list. Errors: Forbidden for a token that is unknown or revoked or an origin that is not
// allowed, Invalid for the external id.
func (s *Widget) Open(ctx context.Context, request WidgetRequest) (OpenedWidget, error) {
	token, err := s.token(ctx, request.EmbedToken)
	if err != nil {
		return OpenedWidget{}, err
	}
	if !allowed(token.AllowedOrigins, request.Origin) || !allowed(token.AllowedOrigins, request.Referer) {
		return OpenedWidget{}, Refuse(Forbidden,
			"This site is not allowed to show the chat. Its origin must be added to the embed token.")
	}
	if request.ExternalID == "" {
		request.ExternalID = "anon_" + strings.ToLower(rand.Text())
	}
	if !plainLine(request.ExternalID) || utf8.RuneCountInString(request.ExternalID) > maxExternalID {
		return OpenedWidget{}, Refuse(Invalid, "session_id must be at most %d characters without control characters.",
			maxExternalID)
	}
	conversation, bot, err := s.CreateOrGetConversation(ctx, token.OrganizationID, token.ChannelID, request.ExternalID,
		request.DisplayName)
	if err != nil {
		return OpenedWidget{}, fmt.Errorf("open widget: %w", err)
	}
	s.seen(ctx, token.EmbedToken, OriginOf(firstOf(request.Origin, request.Referer)))
	return OpenedWidget{
		ConversationID: conversation.ID,
		ExternalID:     request.ExternalID,
		BotName:        bot.Name,
		BotPhotoID:     orEmpty(bot.PhotoID),
		Greeting:       ReadScript(bot).Greeting,
		AllowedOrigins: token.AllowedOrigins,
		Appearance:     ReadAppearance(token.EmbedToken),
		Language:       token.Language,
	}, nil
}

// seen notes that the widget was opened with a token, from a page of origin if the browser has said so. Once a minute
// is enough: a busy site costs no more writes than a quiet one. The widget opens also where this fails.
func (s *Widget) seen(ctx context.Context, token models.EmbedToken, origin string) {
	now := s.clock()
	if token.LastSeenAt != nil && now.Sub(*token.LastSeenAt) < seenPause {
		return
	}
	err := s.db.Write.WithContext(ctx).Model(&models.EmbedToken{}).
		Where("organization_id = ? AND id = ? AND (last_seen_at IS NULL OR last_seen_at <= ?)", token.OrganizationID,
			token.ID, now.Add(-seenPause)).
		UpdateColumns(map[string]any{"last_seen_at": now, "last_seen_origin": oneLine(origin, 300)}).Error
	if err != nil {
		logFailure("note where an embed token was seen", err)
	}
}

// allowed reports whether header, if it is there, names one of origins, if there are any.
func allowed(origins []string, header string) bool {
	return header == "" || len(origins) == 0 || slices.Contains(origins, OriginOf(header))
}

// openingToken is an embed token with its organization's language.
type openingToken struct {
	models.EmbedToken
	Language string
}

func (s *Widget) token(ctx context.Context, secret string) (openingToken, error) {
	var tokens []openingToken
	err := s.db.Read.WithContext(ctx).Model(&models.EmbedToken{}).Select("embed_tokens.*, organizations.language").
		Joins("JOIN organizations ON organizations.id = embed_tokens.organization_id").
		Where("embed_tokens.token_hash = ? AND embed_tokens.revoked_at IS NULL", HashToken(secret)).Limit(1).
		Find(&tokens).Error
	if err != nil {
		return openingToken{}, fmt.Errorf("find embed token: %w", err)
	}
	if len(tokens) == 0 {
		return openingToken{}, Refuse(Forbidden, "The embed token is missing, unknown or revoked.")
	}
	return tokens[0], nil
}

// CreateOrGetConversation returns the one conversation of an end user on a channel, with the channel's bot. A
// displayName that is not empty replaces the stored one.
func (s *Widget) CreateOrGetConversation(ctx context.Context,
	organizationID, channelID, externalID, displayName string) (models.Conversation, models.Bot, error) {
	var bot models.Bot
	err := s.db.Read.WithContext(ctx).Select("bots.*").
		Joins("JOIN channels ON channels.bot_id = bots.id AND channels.organization_id = bots.organization_id").
		Where("channels.organization_id = ? AND channels.id = ?", organizationID, channelID).Take(&bot).Error
	if err != nil {
		return models.Conversation{}, models.Bot{}, err
	}
	displayName = oneLine(displayName, maxDisplayName)
	var conversation models.Conversation
	err = s.db.Read.WithContext(ctx).Joins("EndUser").
		Where("conversations.organization_id = ? AND conversations.channel_id = ?", organizationID, channelID).
		Where(`"EndUser".organization_id = ? AND "EndUser".external_id = ?`, organizationID, externalID).
		Take(&conversation).Error
	if err == nil && (displayName == "" || displayName == conversation.EndUser.DisplayName) {
		return conversation, bot, nil
	}
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return conversation, bot, err
	}
	err = s.db.Transact(ctx, func(tx *gorm.DB) (err error) {
		conversation, err = s.create(tx, organizationID, channelID, externalID, displayName)
		return err
	})
	return conversation, bot, err
}

// create makes what is missing of end user and conversation. Of two at once the unique indexes let one win, and both
// read it.
func (s *Widget) create(tx *gorm.DB, organizationID, channelID, externalID, displayName string) (
	conversation models.Conversation, err error) {
	now := s.clock()
	endUser := models.EndUser{
		ID:             models.NewID(),
		OrganizationID: organizationID,
		ExternalID:     externalID,
		DisplayName:    displayName,
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	onConflict := clause.OnConflict{
		Columns:   []clause.Column{{Name: "organization_id"}, {Name: "external_id"}},
		DoNothing: true,
	}
	if displayName != "" {
		onConflict.DoNothing, onConflict.DoUpdates = false, clause.AssignmentColumns([]string{"display_name",
			"updated_at"})
	}
	if err := tx.Clauses(onConflict).Create(&endUser).Error; err != nil {
		return conversation, err
	}
	var known models.EndUser // not endUser: GORM would look for the id in it as well
	if err := tx.Where("organization_id = ? AND external_id = ?", organizationID, externalID).Select("id").
		Take(&known).Error; err != nil {
		return conversation, err
	}
	fresh := models.Conversation{
		ID:             models.NewID(),
		OrganizationID: organizationID,
		ChannelID:      channelID,
		EndUserID:      known.ID,
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&fresh).Error; err != nil {
		return conversation, err
	}
	err = tx.Where("organization_id = ? AND channel_id = ? AND end_user_id = ?", organizationID, channelID, known.ID).
		Take(&conversation).Error
	return conversation, err
}
