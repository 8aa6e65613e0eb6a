//go:build ignore

// volume.go fills the demo organization of a data directory that no server has open, with conversations of two messages
// each, and with the newest, "Long Story", of as many messages as requested. It prints the session_id of that one. The
// fifty messages that a page shows are of more than one day.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"parley/models"
)

func main() {
	conversations, _ := strconv.Atoi(os.Args[2])
	messages, _ := strconv.Atoi(os.Args[3])
	if err := fill(os.Args[1], conversations, messages); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("volume-0")
}

const apart = 30 * time.Minute // between two messages

var (
	firstNames = []string{"Mara", "Jonas", "Amina", "Kenji", "Zoë", "Piotr", "Leila", "Tomás", "Ingrid", "Yusuf",
		"Chloé", "Noor"}
	lastNames = []string{"Lind", "Okafor", "Tanaka", "Weber", "Haddad", "Novak", "Silva", "Berg", "Kaya", "Moreau"}
	questions = []string{"Is the order on its way?", "I can't log in since this morning.", "Do you ship to Norway?",
		"The invoice shows the wrong address.", "Thanks, that solved it."}
)

func fill(dataDir string, conversations, messages int) error {
	db, err := models.Open(context.Background(), "", dataDir)
	if err != nil {
		return err
	}
	defer db.Close()
	var channel models.Channel
	if err := db.Read.Where("type = ?", models.ChannelWebchat).Take(&channel).Error; err != nil {
		return err
	}
	now := models.Now()
	for i := range conversations + 1 {
		name := firstNames[i%len(firstNames)] + " " + lastNames[i/len(firstNames)%len(lastNames)]
		count, last := 2, now.Add(-time.Duration(i*7)*time.Minute)
		if i == 0 {
			name, count = "Long Story", messages
		}
		if err := add(db, channel, i, name, count, last); err != nil {
			return err
		}
	}
	return nil
}

func add(db *models.DB, channel models.Channel, i int, name string, count int, last time.Time) error {
	organizationID, begun := channel.OrganizationID, last.Add(-time.Duration(count)*apart)
	user := models.EndUser{
		ID:             models.NewID(),
		OrganizationID: organizationID,
		ExternalID:     "volume-" + strconv.Itoa(i),
		DisplayName:    name,
		CreatedAt:      begun,
		UpdatedAt:      last,
	}
	conversation := models.Conversation{
		ID:             models.NewID(),
		OrganizationID: organizationID,
		ChannelID:      channel.ID,
		EndUserID:      user.ID,
		LastSeq:        int64(count),
		CreatedAt:      begun,
		UpdatedAt:      last,
	}
	session := models.ConversationSession{
		ID:             models.NewID(),
		OrganizationID: organizationID,
		ConversationID: conversation.ID,
		Status:         models.SessionOpen,
		Tags:           []string{},
		FirstMessageAt: &begun,
		CreatedAt:      begun,
	}
	var messages []models.Message
	for seq := 1; seq <= count; seq++ {
		m := models.Message{
			ID:             models.NewID(),
			OrganizationID: organizationID,
			ConversationID: conversation.ID,
			SessionID:      session.ID,
			Seq:            int64(seq),
			SenderType:     models.SenderEndUser,
			SenderID:       user.ExternalID,
			ContentType:    "text",
			Content:        fmt.Sprintf("%s (%d)", questions[(i+seq)%len(questions)], seq),
			CreatedAt:      begun.Add(time.Duration(seq) * apart),
		}
		if seq%4 == 0 {
			m.SenderType, m.SenderID = models.SenderBot, channel.BotID
		}
		messages = append(messages, m)
	}
	for _, row := range []any{&user, &conversation, &session} {
		if err := db.Write.Omit("EndUser", "ActiveSession").Create(row).Error; err != nil {
			return err
		}
	}
	return db.Write.CreateInBatches(messages, 500).Error
}
