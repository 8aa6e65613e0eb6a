package protocol

import (
	"encoding/json"
	"time"

	"parley/models"
)

// TimeFormat is the guide's: UTC, always six digits, no offset.
const TimeFormat = "2006-01-02T15:04:05.000000"

// Time is a timestamp in TimeFormat; the zero time is null.
type Time time.Time

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	buffer := append(make([]byte, 0, len(TimeFormat)+2), '"')
	return append(time.Time(t).UTC().AppendFormat(buffer, TimeFormat), '"'), nil
}

func optionalTime(t *time.Time) Time {
	if t == nil {
		return Time{}
	}
	return Time(*t)
}

// SendMessage is the payload of send_message. In what clients send, omitempty says what may be missing.
type SendMessage struct {
	ConversationID string          `json:"conversation_id"`
	Content        string          `json:"content"`
	ContentType    string          `json:"content_type,omitempty"`
	RichMedia      json.RawMessage `json:"rich_media,omitempty"`
	SenderType     string          `json:"sender_type"`
	ExternalID     string          `json:"external_id,omitempty"`
	ClientID       string          `json:"client_id,omitempty"`
}

// ConversationID is a payload that only names a conversation.
type ConversationID struct {
	ConversationID string `json:"conversation_id"`
}

// JoinConversation is the payload of join_conversation. An end user proves themselves by ExternalID.
type JoinConversation struct {
	ConversationID string `json:"conversation_id"`
	ExternalID     string `json:"external_id,omitempty"`
}

// UserTyping is the payload of user_typing.
type UserTyping struct {
	ConversationID string `json:"conversation_id"`
	SenderType     string `json:"sender_type"`
}

// MarkRead is the payload of mark_read. An end user who has not joined proves themselves by ExternalID.
type MarkRead struct {
	ConversationID string   `json:"conversation_id"`
	MessageIDs     []string `json:"message_ids"`
	ExternalID     string   `json:"external_id,omitempty"`
}

// Visit is the payload of visit. An end user who has not joined proves themselves by ExternalID.
type Visit struct {
	ConversationID string `json:"conversation_id"`
	ExternalID     string `json:"external_id,omitempty"`
	PageURL        string `json:"page_url,omitempty"`
	PageTitle      string `json:"page_title,omitempty"`
	TimeZone       string `json:"time_zone,omitempty"` // IANA
	Language       string `json:"language,omitempty"`  // BCP 47
}

// ViewConversation is the payload of view_conversation.
type ViewConversation struct {
	ConversationID string `json:"conversation_id"`
	Viewing        bool   `json:"viewing"`
}

// MessageReceived is a message as sockets get it.
type MessageReceived struct {
	ID             string            `json:"id"`
	ConversationID string            `json:"conversation_id"`
	SessionID      string            `json:"session_id"`
	Seq            int64             `json:"seq"`
	SenderType     models.SenderType `json:"sender_type"`
	SenderID       string            `json:"sender_id"`
	ClientID       string            `json:"client_id,omitempty"`
	ContentType    string            `json:"content_type"`
	Content        string            `json:"content"`
	RichMedia      models.JSON       `json:"rich_media"`
	CreatedAt      Time              `json:"created_at"`
}

// NewMessageReceived shows a stored message.
func NewMessageReceived(m models.Message) MessageReceived {
	received := MessageReceived{
		ID:             m.ID,
		ConversationID: m.ConversationID,
		SessionID:      m.SessionID,
		Seq:            m.Seq,
		SenderType:     m.SenderType,
		SenderID:       m.SenderID,
		ContentType:    m.ContentType,
		Content:        m.Content,
		RichMedia:      m.RichMedia,
		CreatedAt:      Time(m.CreatedAt),
	}
	if m.ClientID != nil {
		received.ClientID = *m.ClientID
	}
	return received
}

// HistoryMessage is a message in the agents' history.
type HistoryMessage struct {
	MessageReceived
	ReadBy map[string]Time `json:"read_by"`
}

// NewHistory shows messages with who has read them.
func NewHistory(messages []models.Message, readBy map[string]map[string]time.Time) []HistoryMessage {
	history := make([]HistoryMessage, len(messages))
	for i, m := range messages {
		history[i] = HistoryMessage{
			MessageReceived: NewMessageReceived(m),
			ReadBy:          map[string]Time{},
		}
		for reader, at := range readBy[m.ID] {
			history[i].ReadBy[reader] = Time(at)
		}
	}
	return history
}

// WidgetMessage is a message in the end user's history: without session_id and read_by, with the name and photo of an
// agent or bot.
type WidgetMessage struct {
	ID             string            `json:"id"`
	ConversationID string            `json:"conversation_id"`
	Seq            int64             `json:"seq"`
	SenderType     models.SenderType `json:"sender_type"`
	SenderID       string            `json:"sender_id"`
	SenderName     string            `json:"sender_name,omitempty"`
	SenderPhotoURL string            `json:"sender_photo_url,omitempty"`
	ClientID       string            `json:"client_id,omitempty"`
	ContentType    string            `json:"content_type"`
	Content        string            `json:"content"`
	RichMedia      models.JSON       `json:"rich_media"`
	CreatedAt      Time              `json:"created_at"`
}

// NewWidgetHistory shows messages to the end user. names are the organization's agents and bots, photos the ids of
// theirs: an end user may have chosen an external_id that is in them.
func NewWidgetHistory(messages []models.Message, names, photos map[string]string) []WidgetMessage {
	history := make([]WidgetMessage, len(messages))
	for i, m := range messages {
		r := NewMessageReceived(m)
		history[i] = WidgetMessage{
			ID:             r.ID,
			ConversationID: r.ConversationID,
			Seq:            r.Seq,
			SenderType:     r.SenderType,
			SenderID:       r.SenderID,
			ClientID:       r.ClientID,
			ContentType:    r.ContentType,
			Content:        r.Content,
			RichMedia:      r.RichMedia,
			CreatedAt:      r.CreatedAt,
		}
		if m.SenderType != models.SenderEndUser {
			history[i].SenderName, history[i].SenderPhotoURL = names[m.SenderID], PhotoURL(photos[m.SenderID])
		}
	}
	return history
}

// ConversationUpdated tells the queue of a stored message. Preview is the message in words, whatever its type.
type ConversationUpdated struct {
	ConversationID string            `json:"conversation_id"`
	SenderType     models.SenderType `json:"sender_type"`
	ContentType    string            `json:"content_type"`
	Content        string            `json:"content"`
	Preview        string            `json:"preview"`
	Seq            int64             `json:"seq"`
}

// ConversationAssigned tells the queue who has claimed a conversation.
type ConversationAssigned struct {
	ConversationID string `json:"conversation_id"`
	AssignedTo     string `json:"assigned_to"`
}

// ConversationResolved says that a session has ended. Tags are for agents: the queue gets them, the room, where the end
// user is, does not.
type ConversationResolved struct {
	ConversationID string    `json:"conversation_id"`
	SessionID      string    `json:"session_id"`
	Tags           *[]string `json:"tags,omitempty"`
}

// ConversationReopened tells room and queue that a session goes on.
type ConversationReopened struct {
	ConversationID string `json:"conversation_id"`
	SessionID      string `json:"session_id"`
}

// ConversationTagged tells the queue which tags the open session has now.
type ConversationTagged struct {
	ConversationID string   `json:"conversation_id"`
	SessionID      string   `json:"session_id"`
	Tags           []string `json:"tags"`
}

// ConversationViewed tells the other agents in a conversation who else looks at it.
type ConversationViewed struct {
	ConversationID string `json:"conversation_id"`
	AgentID        string `json:"agent_id"`
	Viewing        bool   `json:"viewing"`
}

// Agent is an agent as end users see one.
type Agent struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	PhotoURL string `json:"photo_url,omitempty"`
}

// PhotoURL is where a photo is, from the base URL on; empty where there is none.
func PhotoURL(id string) string {
	if id == "" {
		return ""
	}
	return "/photos/" + id
}

// AgentJoined tells the conversation who answers.
type AgentJoined struct {
	ConversationID string `json:"conversation_id"`
	Agent          Agent  `json:"agent"`
}

// Team tells end users who is there.
type Team struct {
	Agents []Agent `json:"agents"`
	Online int     `json:"online"`
}

// TypingIndicator says who types. SenderID comes with agents.
type TypingIndicator struct {
	ConversationID string            `json:"conversation_id"`
	SenderType     models.SenderType `json:"sender_type"`
	SenderID       string            `json:"sender_id,omitempty"`
}

// MessagesRead says who has read what.
type MessagesRead struct {
	ConversationID string            `json:"conversation_id"`
	MessageIDs     []string          `json:"message_ids"`
	ReaderType     models.SenderType `json:"reader_type"`
	ReaderID       string            `json:"reader_id"`
	ReadAt         Time              `json:"read_at"`
}

// AgentStatusChanged says that an agent came or went. Status is online or offline.
type AgentStatusChanged struct {
	AgentID string `json:"agent_id"`
	Status  string `json:"status"`
}

// Problem is the payload of the error event.
type Problem struct {
	Message string `json:"message"`
}

// Failure is an acknowledgement that failed. RetryAfterMS comes with rate_limited.
type Failure struct {
	OK           bool   `json:"ok"` // false
	Error        string `json:"error"`
	Message      string `json:"message"`
	RetryAfterMS int64  `json:"retry_after_ms,omitempty"`
}

// Ack is an acknowledgement that succeeded, with what the event's About names.
type Ack struct {
	OK      bool      `json:"ok"` // true
	LastSeq *int64    `json:"last_seq,omitempty"`
	Agents  *[]string `json:"agents,omitempty"`
	*Assignment
	*Welcome
}

// Welcome is what an end user learns by joining. Team is missing where presence is not known.
type Welcome struct {
	Team       *Team  `json:"team,omitempty"`
	AssignedTo *Agent `json:"assigned_to"`
}

// APIError is the body of every refused request.
type APIError struct {
	Error   string `json:"error"`
	Message string `json:"message"`
}

// EndUser is the person of a conversation.
type EndUser struct {
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	ExternalID  string `json:"external_id"`
}

// Session is an open conversation session.
type Session struct {
	ID              string   `json:"id"`
	Status          string   `json:"status"`
	AssignedAgentID *string  `json:"assigned_agent_id"`
	Tags            []string `json:"tags"`
	FirstMessageAt  Time     `json:"first_message_at"`
	AssignedAt      Time     `json:"assigned_at"`
	ResolvedAt      Time     `json:"resolved_at"`
}

// Conversation is a conversation in lists and alone.
type Conversation struct {
	ID             string   `json:"id"`
	EndUser        EndUser  `json:"end_user"`
	ChannelID      string   `json:"channel_id"`
	OrganizationID string   `json:"organization_id"`
	ActiveSession  *Session `json:"active_session"`
	CreatedAt      Time     `json:"created_at"`
	UpdatedAt      Time     `json:"updated_at"`
}

// NewConversation shows a conversation that was read with its end user and open session.
func NewConversation(c models.Conversation) Conversation {
	shown := Conversation{
		ID:             c.ID,
		ChannelID:      c.ChannelID,
		OrganizationID: c.OrganizationID,
		CreatedAt:      Time(c.CreatedAt),
		UpdatedAt:      Time(c.UpdatedAt),
		EndUser: EndUser{
			ID:          c.EndUser.ID,
			DisplayName: c.EndUser.DisplayName,
			ExternalID:  c.EndUser.ExternalID,
		},
	}
	if s := c.ActiveSession; s != nil {
		shown.ActiveSession = &Session{
			ID:              s.ID,
			Status:          s.Status,
			AssignedAgentID: s.AssignedAgentID,
			Tags:            noNil(s.Tags),
			FirstMessageAt:  optionalTime(s.FirstMessageAt),
			AssignedAt:      optionalTime(s.AssignedAt),
			ResolvedAt:      optionalTime(s.ResolvedAt),
		}
	}
	return shown
}

// Assignment answers assign and release.
type Assignment struct {
	ID              string  `json:"id"`
	AssignedAgentID *string `json:"assigned_agent_id"`
	AssignedAt      Time    `json:"assigned_at"`
}

// NewAssignment shows an assigned session.
func NewAssignment(s models.ConversationSession) Assignment {
	return Assignment{
		ID:              s.ConversationID,
		AssignedAgentID: s.AssignedAgentID,
		AssignedAt:      optionalTime(s.AssignedAt),
	}
}

// Resolution answers resolve and reopen.
type Resolution struct {
	ID         string   `json:"id"`
	SessionID  string   `json:"session_id"`
	Status     string   `json:"status"`
	Tags       []string `json:"tags"`
	ResolvedAt Time     `json:"resolved_at"`
}

// NewResolution shows a resolved session.
func NewResolution(s models.ConversationSession) Resolution {
	return Resolution{
		ID:         s.ConversationID,
		SessionID:  s.ID,
		Status:     s.Status,
		Tags:       noNil(s.Tags),
		ResolvedAt: optionalTime(s.ResolvedAt),
	}
}

// Tagging answers tag.
type Tagging struct {
	ID        string   `json:"id"`
	SessionID string   `json:"session_id"`
	Tags      []string `json:"tags"`
}

// NewTagging shows a tagged session.
func NewTagging(s models.ConversationSession) Tagging {
	return Tagging{ID: s.ConversationID, SessionID: s.ID, Tags: noNil(s.Tags)}
}

// Tags is the body of tag and, optionally, of resolve.
type Tags struct {
	Tags []string `json:"tags"`
}

func noNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// SentAck is the acknowledgement of send_message around a message that is JSON already.
func SentAck(message json.RawMessage, duplicate bool) json.RawMessage {
	ack := append([]byte(`{"ok":true,"message":`), message...)
	if duplicate {
		ack = append(ack, `,"duplicate":true`...)
	}
	return append(ack, '}')
}
