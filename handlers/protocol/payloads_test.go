package protocol_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parley/handlers/protocol"
	"parley/models"
)

var (
	at       = time.Date(2025, 1, 15, 8, 23, 10, 0, time.UTC)
	later    = at.Add(1500 * time.Microsecond)
	agentID  = "agent-1"
	clientID = "c-1"
	message  = models.Message{
		ID:             "m-1",
		OrganizationID: "org-1",
		ConversationID: "conv-1",
		SessionID:      "s-1",
		Seq:            7,
		SenderType:     models.SenderEndUser,
		SenderID:       "browser-1",
		ContentType:    "text",
		Content:        "<Hello> & ä",
		CreatedAt:      at,
	}
	question = models.Message{
		ID:             "m-2",
		OrganizationID: "org-1",
		ConversationID: "conv-1",
		SessionID:      "s-1",
		Seq:            8,
		SenderType:     models.SenderBot,
		SenderID:       "bot-1",
		ClientID:       &clientID,
		ContentType:    "quick_button",
		RichMedia:      models.JSON(`{"buttons":[{"label":"Yes","value":"yes"}]}`),
		CreatedAt:      later,
	}
)

// golden compares value's JSON with document, key by key in document's order.
func golden(t *testing.T, value any, document string) {
	t.Helper()
	got, err := models.EncodeJSON(value)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("\n", "", "\t", "").Replace(document)
	if string(got) != want {
		t.Errorf("%T\n got %s\nwant %s", value, got, want)
	}
}

func TestTime_hasAlwaysSixDigitsAndNoOffset(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("JST", 9*60*60)
	for _, test := range []struct {
		time time.Time
		want string
	}{
		{at, `"2025-01-15T08:23:10.000000"`},
		{at.Add(time.Microsecond), `"2025-01-15T08:23:10.000001"`},
		{at.Add(120 * time.Millisecond), `"2025-01-15T08:23:10.120000"`},
		{at.Add(999_999_999), `"2025-01-15T08:23:10.999999"`},
		{at.In(tokyo), `"2025-01-15T08:23:10.000000"`},
		{time.Time{}, `null`},
	} {
		golden(t, protocol.Time(test.time), test.want)
	}
}

func TestMessageReceived_hasTheGuidesFields(t *testing.T) {
	t.Parallel()
	golden(t, protocol.NewMessageReceived(message),
		`{"id":"m-1","conversation_id":"conv-1","session_id":"s-1","seq":7,"sender_type":"end_user","sender_id":"browser-1",
		"content_type":"text","content":"<Hello> & ä","rich_media":null,"created_at":"2025-01-15T08:23:10.000000"}`)
	golden(t, protocol.NewMessageReceived(question),
		`{"id":"m-2","conversation_id":"conv-1","session_id":"s-1","seq":8,"sender_type":"bot","sender_id":"bot-1","client_id":"c-1",
		"content_type":"quick_button","content":"","rich_media":{"buttons":[{"label":"Yes","value":"yes"}]},"created_at":"2025-01-15T08:23:10.001500"}`)
}

func TestHistory_ofAgentsTellsWhoHasRead(t *testing.T) {
	t.Parallel()
	isUser := func(id string) bool { return id == "agent-1" }
	golden(t, []protocol.HistoryMessage{
		protocol.NewHistoryMessage(message, []models.MessageRead{
			{ReaderType: models.SenderAgent, ReaderID: "agent-1", ReadAt: later},
			{ReaderType: models.SenderEndUser, ReaderID: "browser-1", ReadAt: later},
			{ReaderType: models.SenderEndUser, ReaderID: "agent-1", ReadAt: later},
		}, isUser),
		protocol.NewHistoryMessage(question, nil, isUser),
	}, `[
		{"id":"m-1","conversation_id":"conv-1","session_id":"s-1","seq":7,"sender_type":"end_user","sender_id":"browser-1","content_type":"text","content":"<Hello> & ä",
		"rich_media":null,"created_at":"2025-01-15T08:23:10.000000","read_by":{"agent-1":"2025-01-15T08:23:10.001500","browser-1":"2025-01-15T08:23:10.001500",
			"end_user:agent-1":"2025-01-15T08:23:10.001500"}},
		{"id":"m-2","conversation_id":"conv-1","session_id":"s-1","seq":8,"sender_type":"bot","sender_id":"bot-1","client_id":"c-1","content_type":"quick_button","content":"",
		"rich_media":{"buttons":[{"label":"Yes","value":"yes"}]},"created_at":"2025-01-15T08:23:10.001500","read_by":{}}]`)
}

func TestHistory_ofTheWidgetKeepsSessionsAndReadersBack(t *testing.T) {
	t.Parallel()
	pip := protocol.Agent{Name: "Pip", PhotoURL: "/photos/photo-1"}
	golden(t, []protocol.WidgetMessage{
		protocol.NewWidgetMessage(message, protocol.Agent{}),
		protocol.NewWidgetMessage(question, pip),
	}, `[
		{"id":"m-1","conversation_id":"conv-1","seq":7,"sender_type":"end_user","sender_id":"browser-1","content_type":"text","content":"<Hello> & ä",
		"rich_media":null,"created_at":"2025-01-15T08:23:10.000000"},
		{"id":"m-2","conversation_id":"conv-1","seq":8,"sender_type":"bot","sender_id":"bot-1","sender_name":"Pip","sender_photo_url":"/photos/photo-1","client_id":"c-1","content_type":"quick_button","content":"",
		"rich_media":{"buttons":[{"label":"Yes","value":"yes"}]},"created_at":"2025-01-15T08:23:10.001500"}]`)
	golden(t, []protocol.WidgetMessage{protocol.NewWidgetMessage(question, protocol.Agent{})}, `[
		{"id":"m-2","conversation_id":"conv-1","seq":8,"sender_type":"bot","sender_id":"bot-1","client_id":"c-1","content_type":"quick_button","content":"",
		"rich_media":{"buttons":[{"label":"Yes","value":"yes"}]},"created_at":"2025-01-15T08:23:10.001500"}]`)
}

func conversation() models.Conversation {
	return models.Conversation{
		ID:             "conv-1",
		OrganizationID: "org-1",
		ChannelID:      "ch-1",
		EndUserID:      "eu-1",
		LastSeq:        7,
		CreatedAt:      at,
		UpdatedAt:      later,
		EndUser: models.EndUser{
			ID:             "eu-1",
			OrganizationID: "org-1",
			ExternalID:     "browser-1",
			DisplayName:    "John Doe",
		},
	}
}

func TestConversation_hasTheGuidesFields(t *testing.T) {
	t.Parallel()
	const around = `{"id":"conv-1","end_user":{"id":"eu-1","display_name":"John Doe","external_id":"browser-1"},"channel_id":"ch-1","organization_id":"org-1","active_session":`
	const end = `,"created_at":"2025-01-15T08:23:10.000000","updated_at":"2025-01-15T08:23:10.001500"}`
	c := conversation()
	golden(t, protocol.NewConversation(c), around+`null`+end)
	c.ActiveSession = &models.ConversationSession{
		ID:             "s-1",
		OrganizationID: "org-1",
		ConversationID: "conv-1",
		Status:         "open",
		FirstMessageAt: &at,
		CreatedAt:      at,
	}
	golden(t, protocol.NewConversation(c), around+
		`{"id":"s-1","status":"open","assigned_agent_id":null,"tags":[],"first_message_at":"2025-01-15T08:23:10.000000",
		"assigned_at":null,"resolved_at":null}`+end)
	c.ActiveSession.AssignedAgentID = &agentID
	c.ActiveSession.AssignedAt = &later
	c.ActiveSession.Tags = []string{"billing"}
	golden(t, protocol.NewConversation(c), around+
		`{"id":"s-1","status":"open","assigned_agent_id":"agent-1","tags":["billing"],"first_message_at":"2025-01-15T08:23:10.000000",
		"assigned_at":"2025-01-15T08:23:10.001500","resolved_at":null}`+end)
}

func TestAnswers_ofAssignResolveAndTag(t *testing.T) {
	t.Parallel()
	session := models.ConversationSession{
		ID:              "s-1",
		ConversationID:  "conv-1",
		Status:          "resolved",
		AssignedAgentID: &agentID,
		AssignedAt:      &at,
		ResolvedAt:      &later,
	}
	golden(t, protocol.NewAssignment(session),
		`{"id":"conv-1","assigned_agent_id":"agent-1","assigned_at":"2025-01-15T08:23:10.000000"}`)
	golden(t, protocol.NewResolution(session),
		`{"id":"conv-1","session_id":"s-1","status":"resolved","tags":[],"resolved_at":"2025-01-15T08:23:10.001500"}`)
	golden(t, protocol.NewTagging(session), `{"id":"conv-1","session_id":"s-1","tags":[]}`)
	session.Tags = []string{"billing", "resolved-no-action"}
	golden(t, protocol.NewResolution(session),
		`{"id":"conv-1","session_id":"s-1","status":"resolved","tags":["billing","resolved-no-action"],"resolved_at":"2025-01-15T08:23:10.001500"}`)
	golden(t, protocol.NewTagging(session), `{"id":"conv-1","session_id":"s-1","tags":["billing","resolved-no-action"]}`)
}

func TestEvents_toClientsHaveTheGuidesFields(t *testing.T) {
	t.Parallel()
	golden(t, protocol.ConversationUpdated{
		ConversationID: "conv-1",
		SenderType:     models.SenderBot,
		ContentType:    "image",
		Preview:        "Image",
		Seq:            3,
	},
		`{"conversation_id":"conv-1","sender_type":"bot","content_type":"image","content":"","preview":"Image","seq":3}`)
	golden(t, protocol.ConversationAssigned{
		ConversationID: "conv-1",
		AssignedTo:     "agent-1",
	}, `{"conversation_id":"conv-1","assigned_to":"agent-1"}`)
	golden(t, protocol.ConversationResolved{ConversationID: "conv-1", SessionID: "s-1"},
		`{"conversation_id":"conv-1","session_id":"s-1"}`)
	golden(t, protocol.ConversationResolved{
		ConversationID: "conv-1",
		SessionID:      "s-1",
		Tags:           &[]string{},
	}, `{"conversation_id":"conv-1","session_id":"s-1","tags":[]}`)
	golden(t, protocol.TypingIndicator{
		ConversationID: "conv-1",
		SenderType:     models.SenderEndUser,
	}, `{"conversation_id":"conv-1","sender_type":"end_user"}`)
	golden(t, protocol.ConversationID{ConversationID: "conv-1"}, `{"conversation_id":"conv-1"}`)
	golden(t, protocol.MessagesRead{
		ConversationID: "conv-1",
		MessageIDs:     []string{"m-1"},
		ReaderType:     models.SenderAgent,
		ReaderID:       "agent-1",
		ReadAt:         protocol.Time(at),
	},
		`{"conversation_id":"conv-1","message_ids":["m-1"],"reader_type":"agent","reader_id":"agent-1","read_at":"2025-01-15T08:23:10.000000"}`)
	golden(t, protocol.AgentStatusChanged{
		AgentID: "agent-1",
		Status:  "online",
	}, `{"agent_id":"agent-1","status":"online"}`)
	golden(t, protocol.TypingIndicator{
		ConversationID: "conv-1",
		SenderType:     models.SenderAgent,
		SenderID:       "agent-1",
	},
		`{"conversation_id":"conv-1","sender_type":"agent","sender_id":"agent-1"}`)
	golden(t, protocol.Problem{Message: "No."}, `{"message":"No."}`)
}

func TestEvents_toClientsBeyondTheGuide(t *testing.T) {
	t.Parallel()
	golden(t, protocol.LastSeq{
		ConversationID: "conv-1",
		LastSeq:        7,
	}, `{"conversation_id":"conv-1","last_seq":7}`)
	golden(t, protocol.LookAgain{Room: protocol.QueueShown}, `{"room":"queue"}`)
	golden(t, protocol.ConversationReopened{
		ConversationID: "conv-1",
		SessionID:      "s-1",
	}, `{"conversation_id":"conv-1","session_id":"s-1"}`)
	golden(t, protocol.ConversationTagged{
		ConversationID: "conv-1",
		SessionID:      "s-1",
		Tags:           []string{"vip"},
	}, `{"conversation_id":"conv-1","session_id":"s-1","tags":["vip"]}`)
	golden(t, protocol.ConversationViewed{
		ConversationID: "conv-1",
		AgentID:        "agent-1",
	}, `{"conversation_id":"conv-1","agent_id":"agent-1","viewing":false}`)
	golden(t, protocol.AgentJoined{
		ConversationID: "conv-1",
		Agent:          protocol.Agent{ID: "agent-1", Name: "Ann"},
	}, `{"conversation_id":"conv-1","agent":{"id":"agent-1","name":"Ann"}}`)
	golden(t, protocol.Team{
		Agents: []protocol.Agent{{ID: "agent-1", Name: "Ann"}},
		Online: 21,
	}, `{"agents":[{"id":"agent-1","name":"Ann"}],"online":21}`)
}

func TestErrors_ofRESTAndAcknowledgements(t *testing.T) {
	t.Parallel()
	golden(t, protocol.APIError{
		Error:   "not_found",
		Message: "Conversation not found.",
	}, `{"error":"not_found","message":"Conversation not found."}`)
	golden(t, protocol.Failure{
		Error:   "conflict",
		Message: "Taken.",
	}, `{"ok":false,"error":"conflict","message":"Taken."}`)
	golden(t, protocol.Failure{
		Error:        "rate_limited",
		Message:      "Slow.",
		RetryAfterMS: 2500,
	}, `{"ok":false,"error":"rate_limited","message":"Slow.","retry_after_ms":2500}`)
}

func TestAcks_sayOKAndWhatTheEventPromises(t *testing.T) {
	t.Parallel()
	last, agents := int64(0), []string{}
	golden(t, protocol.Ack{OK: true}, `{"ok":true}`)
	golden(t, protocol.Ack{OK: true, LastSeq: &last}, `{"ok":true,"last_seq":0}`)
	golden(t, protocol.Ack{OK: true, Agents: &agents}, `{"ok":true,"agents":[]}`)
	assignment := protocol.NewAssignment(models.ConversationSession{
		ConversationID:  "conv-1",
		AssignedAgentID: &agentID,
		AssignedAt:      &at,
	})
	golden(t, protocol.Ack{
		OK:         true,
		Assignment: &assignment,
	}, `{"ok":true,"id":"conv-1","assigned_agent_id":"agent-1","assigned_at":"2025-01-15T08:23:10.000000"}`)
	golden(t, protocol.Ack{
		OK:      true,
		LastSeq: &last,
		Welcome: &protocol.Welcome{},
	}, `{"ok":true,"last_seq":0,"assigned_to":null,"read_seq":0}`)
	golden(t, protocol.Ack{
		OK: true,
		Welcome: &protocol.Welcome{
			Team:       &protocol.Team{Agents: []protocol.Agent{}},
			AssignedTo: &protocol.Agent{ID: "agent-1", Name: "Ann"},
			ReadSeq:    7,
		},
	},
		`{"ok":true,"team":{"agents":[],"online":0},"assigned_to":{"id":"agent-1","name":"Ann"},"read_seq":7}`)
	golden(t, protocol.SentAck(json.RawMessage(`{"id":"m-1"}`), false), `{"ok":true,"message":{"id":"m-1"}}`)
	golden(t, protocol.SentAck(json.RawMessage(`{"id":"m-1"}`), true),
		`{"ok":true,"message":{"id":"m-1"},"duplicate":true}`)
}

// What clients send: apps in the field send exactly this.
func TestSendMessage_readsTheGuidesExamples(t *testing.T) {
	t.Parallel()
	var sent protocol.SendMessage
	document := `{"conversation_id":"3a2b1c","content":"Hello","content_type":"text","rich_media":{"url":"x"},"sender_type":"end_user","external_id":"browser-1","client_id":"c-1","unknown":1}`
	if err := json.Unmarshal([]byte(document), &sent); err != nil {
		t.Fatal(err)
	}
	want := protocol.SendMessage{
		ConversationID: "3a2b1c",
		Content:        "Hello",
		ContentType:    "text",
		RichMedia:      json.RawMessage(`{"url":"x"}`),
		SenderType:     "end_user",
		ExternalID:     "browser-1",
		ClientID:       "c-1",
	}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Error(diff)
	}
}
