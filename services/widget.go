package services

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/models"
)

const (
	maxExternalID  = 255 // characters
	maxDisplayName = 100 // characters; longer ones are cut

	seenPause = time.Minute // between two updates of where a token was last used
)

// Widget opens the chat page for end users, and limits what strangers do with it.
type Widget struct {
	db       *models.DB
	openings OpeningStore
	limiter  Limiter
	limits   AddressLimits
	clock    Clock
}

// NewWidget creates the service. limits bound what one address may do.
func NewWidget(db *models.DB, openings OpeningStore, limiter Limiter, limits AddressLimits, clock Clock) *Widget {
	return &Widget{db: db, openings: openings, limiter: limiter, limits: limits, clock: clock}
}

// WidgetRequest is a request for the chat page.
type WidgetRequest struct {
	EmbedToken  string
	ExternalID  string // empty: create one
	DisplayName string // empty: keep the known name
	Origin      string // the header that names the embedding site; empty if the browser sent none
	Referer     string // likewise, with the path of the page
}

// OpenedWidget is the content of the chat page.
type OpenedWidget struct {
	ConversationID string
	ExternalID     string
	BotName        string
	BotPhotoID     string // empty: none
	Greeting       Body
	AllowedOrigins []string // empty: any page may frame the widget
	Appearance     Appearance
	Language       string // of the organization, a BCP 47 tag: used where the widget does not speak the end user's own
}

// Open checks the embed token and returns the end user's conversation. It stores neither end user nor conversation:
// most people who open the widget never write. Errors: Forbidden for a token that is unknown or revoked or an origin
// that is not allowed, Invalid for the external id.
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
	if err := checkExternalID(request.ExternalID); err != nil {
		return OpenedWidget{}, err
	}
	channel, bot, err := s.channelAndBot(ctx, token.EmbedToken)
	if err != nil {
		return OpenedWidget{}, fmt.Errorf("open widget: %w", err)
	}
	conversationID, err := s.conversation(ctx, channel, request.ExternalID, Opening{
		EmbedTokenID: token.ID,
		DisplayName:  CleanDisplayName(request.DisplayName),
	})
	if err != nil {
		return OpenedWidget{}, fmt.Errorf("open widget: %w", err)
	}
	s.seen(ctx, token.EmbedToken, OriginOf(firstOf(request.Origin, request.Referer)))
	return OpenedWidget{
		ConversationID: conversationID,
		ExternalID:     request.ExternalID,
		BotName:        bot.Name,
		BotPhotoID:     orEmpty(bot.PhotoID),
		Greeting:       ReadBotAnswers(bot).Greeting,
		AllowedOrigins: token.AllowedOrigins,
		Appearance:     ReadAppearance(token.EmbedToken),
		Language:       token.Language,
	}, nil
}

// CleanDisplayName makes one line of the name that an end user gave, and cuts it if it is too long.
func CleanDisplayName(name string) string { return oneLine(name, maxDisplayName) }

func (s *Widget) channelAndBot(ctx context.Context, token models.EmbedToken) (models.Channel, models.Bot, error) {
	var channel models.Channel
	var bot models.Bot
	read := s.db.Read.WithContext(ctx)
	err := read.Where("organization_id = ? AND id = ?", token.OrganizationID, token.ChannelID).Take(&channel).Error
	if err == nil {
		err = read.Where("organization_id = ? AND id = ?", token.OrganizationID, channel.BotID).Take(&bot).Error
	}
	return channel, bot, err
}

// conversation returns the id of an end user's conversation on a channel. A stored conversation is updated with the
// opening. For any other, the opening is remembered until the first message stores the conversation.
func (s *Widget) conversation(ctx context.Context, channel models.Channel, externalID string,
	opening Opening) (string, error) {
	stored, err := s.stored(ctx, channel, externalID)
	if err != nil {
		return "", err
	}
	if stored != nil {
		return stored.ID, s.reopened(ctx, *stored, opening)
	}
	if channel, err = s.withConversationKey(ctx, channel); err != nil {
		return "", err
	}
	id := conversationID(channel, externalID)
	if opening.DisplayName == "" { // keep the known name
		opening.DisplayName = s.openings.Recall(ctx, id).DisplayName
	}
	s.openings.Remember(ctx, id, opening)
	return id, nil
}

// stored returns an end user's stored conversation on a channel, with its EndUser, or nil.
func (s *Widget) stored(ctx context.Context, channel models.Channel, externalID string) (*models.Conversation, error) {
	var found []models.Conversation
	err := s.db.Read.WithContext(ctx).Joins("EndUser").
		Where("conversations.organization_id = ? AND conversations.channel_id = ?", channel.OrganizationID, channel.ID).
		Where(`"EndUser".organization_id = ? AND "EndUser".external_id = ?`, channel.OrganizationID, externalID).
		Limit(1).Find(&found).Error
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// reopened stores the name and the embed token of a conversation whose page was opened again, if they have changed. A
// name that can't be stored now does not keep the widget from opening: the next page has it again.
func (s *Widget) reopened(ctx context.Context, conversation models.Conversation, opening Opening) error {
	write := s.db.Write.WithContext(ctx)
	if name := opening.DisplayName; name != "" && name != conversation.EndUser.DisplayName {
		err := write.Model(&models.EndUser{}).
			Where("organization_id = ? AND id = ?", conversation.OrganizationID, conversation.EndUserID).
			UpdateColumns(map[string]any{"display_name": name, "updated_at": s.clock()}).Error
		if err != nil {
			LogFailure("store a customer's name", err)
		}
	}
	if orEmpty(conversation.EmbedTokenID) == opening.EmbedTokenID {
		return nil
	}
	return write.Model(&models.Conversation{}).
		Where("organization_id = ? AND id = ?", conversation.OrganizationID, conversation.ID).
		UpdateColumn("embed_token_id", opening.EmbedTokenID).Error
}

// seen stores when a token was last used, and the origin of the page if the browser named one. It writes at most once a
// minute, so a busy site costs no more than a quiet one. A failure is logged and does not keep the widget from opening.
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
		LogFailure("note where an embed token was seen", err)
	}
}

// allowed reports whether origins contains the origin in header. An empty header or an empty list allows everything.
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
	err := s.db.Read.WithContext(ctx).Model(&models.EmbedToken{}).
		Select(columnsOf(s.db.Read, "embed_tokens", &models.EmbedToken{})+", organizations.language").
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
