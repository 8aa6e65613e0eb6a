package services

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"parley/models"
)

const (
	prefixLength = 8 // hex digits of a conversation id that name its channel
	prefixTries  = 5 // random prefixes to try if one is taken
)

// conversationID returns the id of an end user's conversation on a channel, stored or not: a UUID of version 8 (RFC
// 9562) whose first 32 bits are the channel's prefix. The other 90 are an HMAC of the external id, so only the widget
// page can create the id for an external id, and an id does not reveal its external id. The channel must have a key.
func conversationID(channel models.Channel, externalID string) string {
	mac := hmac.New(sha256.New, []byte(channel.ConversationKey))
	mac.Write([]byte(externalID))
	var id uuid.UUID
	_, _ = hex.Decode(id[:], []byte(channel.ConversationPrefix)) // withConversationKey stores valid hex only
	copy(id[prefixLength/2:], mac.Sum(nil))
	id[6] = id[6]&0x0f | 0x80 // version 8
	id[8] = id[8]&0x3f | 0x80 // variant of RFC 9562
	return id.String()
}

// conversationPrefix returns the part of a conversation's id that names its channel. It is empty for ids that were not
// derived, such as those of older conversations.
func conversationPrefix(id string) string {
	parsed, err := uuid.Parse(id)
	if err != nil || parsed.Version() != 8 || parsed.String() != id {
		return ""
	}
	return id[:prefixLength]
}

// withConversationKey returns the channel with its prefix and key. The first opening creates them; of several nodes at
// once, the first to store them wins.
func (s *Widget) withConversationKey(ctx context.Context, channel models.Channel) (models.Channel, error) {
	for try := 0; channel.ConversationKey == ""; try++ {
		if try == prefixTries {
			return channel, errors.New("no prefix for conversation ids is free")
		}
		random := make([]byte, prefixLength/2)
		rand.Read(random)
		keyless := s.db.Write.WithContext(ctx).
			Where("organization_id = ? AND id = ?", channel.OrganizationID, channel.ID)
		err := keyless.Session(&gorm.Session{}).Model(&models.Channel{}).Where("conversation_key = ''").
			UpdateColumns(map[string]any{
				"conversation_prefix": hex.EncodeToString(random),
				"conversation_key":    rand.Text(),
			}).Error
		if err != nil && !errors.Is(err, gorm.ErrDuplicatedKey) { // another channel has this prefix
			return channel, fmt.Errorf("store conversation key: %w", err)
		}
		if err := keyless.Session(&gorm.Session{}).Take(&channel).Error; err != nil {
			return channel, fmt.Errorf("read conversation key: %w", err)
		}
	}
	return channel, nil
}
