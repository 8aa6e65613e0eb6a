package services

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"fmt"
	"slices"

	"parley/models"
)

// EndUserProof is what an end user sends to prove that a conversation is theirs.
type EndUserProof struct {
	ConversationID string
	ExternalID     string
	EmbedToken     string // optional: the token that opened the page; default: the token that opened it last
}

// ForEndUser finds a conversation by an end user's proof, stored or not. Errors: NotFound if there is no such
// conversation; Forbidden if it belongs to another end user, or if its embed token was revoked.
func (s *Conversations) ForEndUser(ctx context.Context, proof EndUserProof) (Ref, error) {
	found, err := s.find(ctx, "c.id = ?", proof.ConversationID)
	if KindOf(err) == NotFound {
		found, err = s.findUnstored(ctx, proof)
	}
	if err != nil {
		return Ref{}, err
	}
	if found.ExternalID != proof.ExternalID {
		return Ref{}, notYourConversation()
	}
	if proof.EmbedToken != "" {
		found.EmbedTokenID, found.Closed, err = s.openedWith(ctx, found.Ref, proof.EmbedToken)
	}
	if err == nil && found.Closed {
		err = Refuse(Forbidden, "This chat is no longer available.")
	}
	if err != nil {
		return Ref{}, err
	}
	return found.Ref, nil
}

// findUnstored checks the proof of a conversation that has no row. The answer does not reveal whether a row exists: a
// wrong external id is Forbidden for every id that begins with a channel's prefix, stored or not, and NotFound for
// every other id.
func (s *Conversations) findUnstored(ctx context.Context, proof EndUserProof) (foundConversation, error) {
	channel, err := s.channelOf(ctx, proof.ConversationID)
	if err != nil {
		return foundConversation{}, err
	}
	id := conversationID(channel, proof.ExternalID)
	if subtle.ConstantTimeCompare([]byte(id), []byte(proof.ConversationID)) != 1 {
		return foundConversation{}, notYourConversation()
	}
	opening := s.openings.Recall(ctx, id)
	found := foundConversation{Ref: unstoredRef(id, channel)}
	found.ExternalID = proof.ExternalID
	found.EmbedTokenID = opening.EmbedTokenID
	found.DisplayName = opening.DisplayName
	err = s.db.Read.WithContext(ctx).
		Raw("SELECT "+closed("CAST(@token AS TEXT)", "@channel"), map[string]any{
			"token": sql.NullString{
				String: opening.EmbedTokenID,
				Valid:  opening.EmbedTokenID != "",
			},
			"channel": channel.ID,
		}).Scan(&found.Closed).Error
	if err != nil {
		return foundConversation{}, fmt.Errorf("look for embed token: %w", err)
	}
	return found, nil
}

// openedWith returns the id of the embed token that an end user claims to have opened the page with. closed means that
// the token does not open this conversation: it is unknown, revoked, or belongs to another channel.
func (s *Conversations) openedWith(ctx context.Context, ref Ref, secret string) (id string, closed bool, err error) {
	err = s.db.Read.WithContext(ctx).Model(&models.EmbedToken{}).Select("id").
		Where("organization_id = ? AND channel_id = ? AND token_hash = ? AND revoked_at IS NULL", ref.OrganizationID,
			ref.ChannelID, HashToken(secret)).Limit(1).Scan(&id).Error
	if err != nil {
		return "", false, fmt.Errorf("find embed token: %w", err)
	}
	return id, id == "", nil
}

// closed returns an SQL condition: whether end users may no longer open conversations that an embed token opened on a
// channel, because it was revoked or removed. Where the token is not known (NULL), conversations close with the last
// token of the channel.
func closed(token, channel string) string {
	const live = "SELECT 1 FROM embed_tokens AS t WHERE t.revoked_at IS NULL AND t.channel_id = "
	return fmt.Sprintf(`(CASE WHEN %[1]s IS NOT NULL THEN NOT EXISTS (%[3]s %[2]s AND t.id = %[1]s)
		ELSE NOT EXISTS (%[3]s %[2]s) AND EXISTS (SELECT 1 FROM embed_tokens AS t WHERE t.channel_id = %[2]s) END)`,
		token, channel, live)
}

// Closed returns the embed tokens that were revoked or removed, and the channels that have no token left.
func (s *Conversations) Closed(ctx context.Context,
	tokenIDs, channelIDs []string) (closedTokens, closedChannels []string, err error) {
	if len(tokenIDs) > 0 {
		var open []string
		err = s.db.Read.WithContext(ctx).Table("embed_tokens AS t").
			Joins("JOIN channels AS ch ON ch.id = t.channel_id").Joins("JOIN bots AS b ON b.id = ch.bot_id").
			Where("t.id IN ? AND t.revoked_at IS NULL", tokenIDs).Pluck("t.id", &open).Error
		closedTokens = without(tokenIDs, open)
	}
	if len(channelIDs) > 0 && err == nil {
		var open []string
		err = s.db.Read.WithContext(ctx).Table("channels AS ch").Joins("JOIN bots AS b ON b.id = ch.bot_id").
			Where("ch.id IN ? AND NOT "+closed("NULL", "ch.id"), channelIDs).Pluck("ch.id", &open).Error
		closedChannels = without(channelIDs, open)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("look for revoked embed tokens: %w", err)
	}
	return closedTokens, closedChannels, nil
}

// without returns all except some.
func without(all, some []string) (rest []string) {
	for _, one := range all {
		if !slices.Contains(some, one) {
			rest = append(rest, one)
		}
	}
	return rest
}
