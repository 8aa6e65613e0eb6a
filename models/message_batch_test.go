package models_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"

	"parley/models"
	"parley/models/modelstest"
)

// site is an organization with a bot and two channels.
func site(t *testing.T, db *models.DB) (organizationID string, channels [2]string) {
	t.Helper()
	now := models.Now()
	organization := models.Organization{
		ID:        models.NewID(),
		Name:      "Acme",
		CreatedAt: now,
		UpdatedAt: now,
	}
	bot := models.Bot{
		ID:             models.NewID(),
		OrganizationID: organization.ID,
		Name:           "Pip",
		Rules:          "[]",
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	rows := []any{&organization, &bot}
	for i, kind := range []string{models.ChannelWebchat, models.ChannelMobileSDK} {
		channels[i] = models.NewID()
		rows = append(rows, &models.Channel{
			ID:             channels[i],
			OrganizationID: organization.ID,
			BotID:          bot.ID,
			Type:           kind,
			Name:           kind,
			CreatedAt:      now,
			UpdatedAt:      now,
		})
	}
	for _, row := range rows {
		if err := db.Write.Create(row).Error; err != nil {
			t.Fatal(err)
		}
	}
	return organization.ID, channels
}

func firstMessageOf(organizationID, channelID, id, externalID, name string) models.NewConversation {
	return models.NewConversation{
		ID:             id,
		OrganizationID: organizationID,
		ChannelID:      channelID,
		EndUserID:      models.NewID(),
		ExternalID:     externalID,
		DisplayName:    name,
	}
}

// A batch may hold the first messages of one conversation from several sockets, and of one end user on two channels.
func TestWriteMessages_storesEachNewConversationOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		organizationID, channels := site(t, db)
		ids := []string{"c-1", "c-2", "c-3"}
		query := models.BatchQuery{
			Now:             models.Now(),
			ConversationIDs: ids,
			New: []models.NewConversation{
				firstMessageOf(organizationID, channels[0], "c-1", "jo", ""),
				firstMessageOf(organizationID, channels[0], "c-1", "jo", "Jo"),
				firstMessageOf(organizationID, channels[1], "c-2", "jo", ""),
				firstMessageOf(organizationID, channels[0], "c-3", "mo", "Mo"),
			},
		}
		for range 2 { // the second time they are there
			err := db.WriteMessages(t.Context(), query, func(state models.BatchState) models.BatchRows {
				for _, id := range ids {
					if last, stored := state.LastSeq[id]; !stored || last != 0 {
						t.Errorf("%s is stored: %v, with %d messages", id, stored, last)
					}
				}
				return models.BatchRows{}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		var endUsers []models.EndUser
		if err := db.Read.Order("external_id").Find(&endUsers).Error; err != nil || len(endUsers) != 2 ||
			endUsers[0].DisplayName != "Jo" || endUsers[1].DisplayName != "Mo" {
			t.Errorf("end users %+v, %v", endUsers, err)
		}
		var conversations []models.Conversation
		if err := db.Read.Order("id").Find(&conversations).Error; err != nil || len(conversations) != 3 ||
			conversations[0].EndUserID != conversations[1].EndUserID || conversations[1].ChannelID != channels[1] {
			t.Errorf("conversations %+v, %v", conversations, err)
		}
	})
}

func TestWriteMessages_thatFailsStoresNoConversation(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		organizationID, channels := site(t, db)
		query := models.BatchQuery{
			Now:             models.Now(),
			ConversationIDs: []string{"c-1"},
			New:             []models.NewConversation{firstMessageOf(organizationID, channels[0], "c-1", "jo", "Jo")},
		}
		twice := models.Message{
			ID:             "m-1",
			ConversationID: "c-1",
			Seq:            1,
			SenderType:     models.SenderEndUser,
		}
		err := db.WriteMessages(t.Context(), query, func(models.BatchState) models.BatchRows {
			return models.BatchRows{Messages: []models.Message{twice, twice}}
		})
		if err == nil {
			t.Error("a message is stored twice")
		}
		if err := db.Read.Take(&models.EndUser{}).Error; !errors.Is(err, gorm.ErrRecordNotFound) {
			t.Errorf("an end user is left: %v", err)
		}
	})
}
