package protocol

import (
	"encoding/json"
	"reflect"
	"time"

	"parley/models"
)

// The examples of the integration guide.
const (
	exampleConversation = "3a2b1c4d-5e6f-7081-92a3-b4c5d6e7f809"
	exampleSession      = "51f0a6d2-7c1e-7b3a-8d4f-0a1b2c3d4e5f"
	exampleAgent        = "7d3c9b8a-1f2e-7d4c-9b6a-5e8f7d6c5b4a"
	exampleMessage      = "0c9e8d7f-6a5b-7c4d-8e3f-2a1b0c9d8e7f"
	exampleEndUser      = "browser-session-abc123"
)

var (
	exampleTime  = Time(time.Date(2025, 1, 15, 8, 23, 10, 0, time.UTC))
	exampleLater = Time(time.Date(2025, 1, 15, 8, 25, 0, 0, time.UTC))
	agentID      = exampleAgent
	lastSeq      = int64(1)
	fileSize     = int64(204800)

	received = MessageReceived{
		ID:             exampleMessage,
		ConversationID: exampleConversation,
		SessionID:      exampleSession,
		Seq:            1,
		SenderType:     models.SenderEndUser,
		SenderID:       exampleEndUser,
		ContentType:    "text",
		Content:        "Hello, I need help",
		CreatedAt:      exampleTime,
	}
	assignment = Assignment{
		ID:              exampleConversation,
		AssignedAgentID: &agentID,
		AssignedAt:      &exampleLater,
	}
	conversation = Conversation{
		ID: exampleConversation,
		EndUser: EndUser{
			ID:          "6b1d0f9e-8c7b-7a6d-9e5f-4c3b2a1d0e9f",
			DisplayName: "John Doe",
			ExternalID:  exampleEndUser,
		},
		ChannelID:      "2f4e6d8c-0b1a-7c3d-8e5f-6a7b8c9d0e1f",
		OrganizationID: "9e8d7c6b-5a4f-7e3d-8c2b-1a0f9e8d7c6b",
		ActiveSession: &Session{
			ID:             exampleSession,
			Status:         "open",
			Tags:           []string{},
			FirstMessageAt: &exampleTime,
		},
		CreatedAt: exampleTime,
		UpdatedAt: exampleLater,
	}
)

// examples has one value of each type that has an example.
var examples = []any{
	SendMessage{
		ConversationID: exampleConversation,
		Content:        "Hello, I need help",
		ContentType:    "text",
		SenderType:     "end_user",
		ExternalID:     exampleEndUser,
		ClientID:       "7c1f",
	},
	ConversationID{exampleConversation},
	JoinConversation{ConversationID: exampleConversation, ExternalID: exampleEndUser},
	UserTyping{exampleConversation, "end_user"},
	MarkRead{
		ConversationID: exampleConversation,
		MessageIDs:     []string{exampleMessage},
		ExternalID:     exampleEndUser,
	},
	Visit{
		ConversationID: exampleConversation,
		ExternalID:     exampleEndUser,
		PageURL:        "https://yourapp.com/pricing",
		PageTitle:      "Pricing",
		TimeZone:       "Europe/Berlin",
		Language:       "de-DE",
	},
	ViewConversation{exampleConversation, true},
	received,
	ConversationUpdated{
		ConversationID: exampleConversation,
		SenderType:     models.SenderEndUser,
		ContentType:    "text",
		Content:        "Hello, I need help",
		Preview:        "Hello, I need help",
		Seq:            1,
	},
	ConversationAssigned{exampleConversation, exampleAgent},
	ConversationResolved{ConversationID: exampleConversation, SessionID: exampleSession},
	ConversationReopened{exampleConversation, exampleSession},
	ConversationTagged{exampleConversation, exampleSession, []string{"billing"}},
	ConversationViewed{exampleConversation, exampleAgent, true},
	AgentJoined{exampleConversation, Agent{ID: exampleAgent, Name: "Dana"}},
	Team{[]Agent{{ID: exampleAgent, Name: "Dana"}}, 1},
	TypingIndicator{
		ConversationID: exampleConversation,
		SenderType:     models.SenderAgent,
		SenderID:       exampleAgent,
	},
	MessagesRead{exampleConversation, []string{exampleMessage}, models.SenderAgent, exampleAgent, exampleLater},
	AgentStatusChanged{exampleAgent, "online"},
	LastSeq{exampleConversation, lastSeq},
	LookAgain{QueueShown},
	Problem{"Conversation not found."},
	Ack{
		OK:      true,
		LastSeq: &lastSeq,
		Welcome: &Welcome{Team: &Team{[]Agent{{ID: exampleAgent, Name: "Dana"}}, 1}},
	},
	Sent{OK: true, Message: received},
	Failure{
		Error:        "rate_limited",
		Message:      "You are sending messages too fast. Wait a moment and try again.",
		RetryAfterMS: 2500,
	},
	APIError{"not_found", "Conversation not found."},
	[]Conversation{conversation}, conversation,
	[]HistoryMessage{{received, map[string]Time{exampleAgent: exampleLater}}},
	[]WidgetMessage{{
		ID:             received.ID,
		ConversationID: received.ConversationID,
		Seq:            1,
		SenderType:     received.SenderType,
		SenderID:       exampleEndUser,
		ContentType:    "text",
		Content:        received.Content,
		CreatedAt:      exampleTime,
	}},
	assignment,
	Resolution{exampleConversation, exampleSession, "resolved", []string{"billing", "resolved-no-action"},
		&exampleLater},
	Tagging{exampleConversation, exampleSession, []string{"billing"}},
	Tags{[]string{"billing", "resolved-no-action"}},
}

// exampleOf returns the example of a type, or nil.
func exampleOf(t reflect.Type) any {
	for _, example := range examples {
		if reflect.TypeOf(example) == t {
			return example
		}
	}
	return nil
}

// RichMessage has the fields of send_message that depend on the content type.
type RichMessage struct {
	ContentType string           `json:"content_type"`
	Content     string           `json:"content"`
	RichMedia   models.RichMedia `json:"rich_media"`
}

// RichMediaExamples are the integration guide's messages of each content type.
var RichMediaExamples = []struct {
	Heading string
	RichMessage
}{
	{"Image", RichMessage{models.TypeImage, "Optional caption", models.RichMedia{
		URL: "https://example.com/photo.jpg",
		Alt: "A scenic view",
	}}},
	{"File", RichMessage{models.TypeFile, "invoice.pdf", models.RichMedia{
		URL:      "https://example.com/files/invoice.pdf",
		Filename: "invoice.pdf",
		Size:     &fileSize,
		MimeType: "application/pdf",
	}}},
	{"Quick Buttons", RichMessage{models.TypeQuickButton, "Choose an option:", models.RichMedia{
		Buttons: []models.Choice{{Label: "Yes", Value: "yes"}, {Label: "No", Value: "no"}},
	}}},
	{"Carousel", RichMessage{models.TypeCarousel, "", models.RichMedia{Cards: []models.Card{{
		ImageURL: "https://example.com/a.jpg",
		Title:    "Product A",
		Subtitle: "Short description",
		Buttons:  []models.Choice{{Label: "Buy now", Value: "buy_A"}},
	}}}}},
	{"Dropdown", RichMessage{models.TypeDropdown, "Select your region:", models.RichMedia{
		Placeholder: "-- pick one --",
		Options: []models.Choice{{
			Label: "Asia Pacific",
			Value: "apac",
		}, {Label: "Europe", Value: "eu"}},
	}}},
}

// Example returns the example of value's type as indented JSON, or nothing.
func Example(value any) string { return Indented(exampleOf(reflect.TypeOf(value))) }

// Indented returns value as indented JSON.
func Indented(value any) string {
	if value == nil {
		return ""
	}
	document, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return "" // cannot happen: only values in this file come here
	}
	return string(document)
}
