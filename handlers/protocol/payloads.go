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

// SendMessage is the payload of send_message. In what clients send, omitempty says what may be missing.
type SendMessage struct {
	ConversationID string          `json:"conversation_id" doc:"The conversation's UUID."`
	Content        string          `json:"content" doc:"Text body or caption. It may be empty where there is rich_media."`
	ContentType    string          `json:"content_type,omitempty" doc:"The kind of message. Default: text." enum:"text,image,file,quick_button,carousel,dropdown"`
	RichMedia      json.RawMessage `json:"rich_media,omitempty" doc:"The data of the content type; null for plain text."`
	SenderType     string          `json:"sender_type" doc:"Who sends the message." enum:"end_user,agent"`
	ExternalID     string          `json:"external_id,omitempty" doc:"The session identifier that identifies the end user."`
	ClientID       string          `json:"client_id,omitempty" doc:"The sender's own id of the message, at most 64 characters: sent again it is stored once."`
}

// ConversationID is a payload that only names a conversation.
type ConversationID struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
}

// JoinConversation is the payload of join_conversation. An end user proves themselves by ExternalID. A widget also says
// what its page was opened with, until the first message stores it.
type JoinConversation struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	ExternalID     string `json:"external_id,omitempty" doc:"The session identifier that identifies the end user."`
	CustomerName   string `json:"customer_name,omitempty" doc:"The end user's name, until the first message stores it."`
	EmbedToken     string `json:"embed_token,omitempty" doc:"The embed token that the widget was opened with."`
}

// UserTyping is the payload of user_typing.
type UserTyping struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	SenderType     string `json:"sender_type" doc:"Who sends the message." enum:"end_user,agent"`
}

// MarkRead is the payload of mark_read. An end user who has not joined proves themselves by ExternalID.
type MarkRead struct {
	ConversationID string   `json:"conversation_id" doc:"The conversation's UUID."`
	MessageIDs     []string `json:"message_ids" doc:"UUIDs of the messages, at most 500."`
	ExternalID     string   `json:"external_id,omitempty" doc:"The session identifier that identifies the end user."`
}

// Visit is the payload of visit. An end user who has not joined proves themselves by ExternalID.
type Visit struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	ExternalID     string `json:"external_id,omitempty" doc:"The session identifier that identifies the end user."`
	PageURL        string `json:"page_url,omitempty" doc:"The page the end user is on: absolute, http or https."`
	PageTitle      string `json:"page_title,omitempty" doc:"The title of that page."`
	TimeZone       string `json:"time_zone,omitempty" doc:"IANA name, as in Europe/Berlin."`
	Language       string `json:"language,omitempty" doc:"BCP 47, as in de-AT."`
}

// ViewConversation is the payload of view_conversation.
type ViewConversation struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	Viewing        bool   `json:"viewing" doc:"false when the agent stops looking."`
}

// MessageReceived is a message as sockets get it.
type MessageReceived struct {
	ID             string            `json:"id" doc:"UUID."`
	ConversationID string            `json:"conversation_id" doc:"The conversation's UUID."`
	SessionID      string            `json:"session_id" doc:"UUID of the conversation session."`
	Seq            int64             `json:"seq" doc:"Number of the message in its conversation: 1, 2, 3 … without a hole."`
	SenderType     models.SenderType `json:"sender_type" doc:"Who sends the message."`
	SenderID       string            `json:"sender_id" doc:"external_id for end users; UUID of the user or bot."`
	ClientID       string            `json:"client_id,omitempty" doc:"The sender's own id of the message, at most 64 characters: sent again it is stored once."`
	ContentType    string            `json:"content_type" doc:"The kind of message. Default: text." enum:"text,image,file,quick_button,carousel,dropdown"`
	Content        string            `json:"content" doc:"Text body or caption. It may be empty where there is rich_media."`
	RichMedia      models.JSON       `json:"rich_media" doc:"The data of the content type; null for plain text."`
	CreatedAt      Time              `json:"created_at" doc:"When it was created."`
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
	ReadBy map[string]Time `json:"read_by" doc:"When each reader read the message, by the reader's id."`
}

// readerID returns the key of a reader in read_by. An end user may have chosen the id of a user, whose key it then is
// not: nobody shall seem to have read what they have not.
func readerID(read models.MessageRead, isUser func(id string) bool) string {
	if read.ReaderType == models.SenderEndUser && isUser(read.ReaderID) {
		return string(models.SenderEndUser) + ":" + read.ReaderID
	}
	return read.ReaderID
}

// NewHistory shows messages with who has read them. isUser reports whether an id is that of a user of the organization.
func NewHistory(messages []models.Message, readBy map[string][]models.MessageRead,
	isUser func(id string) bool) []HistoryMessage {
	history := make([]HistoryMessage, len(messages))
	for i, m := range messages {
		history[i] = HistoryMessage{
			MessageReceived: NewMessageReceived(m),
			ReadBy:          map[string]Time{},
		}
		for _, read := range readBy[m.ID] {
			history[i].ReadBy[readerID(read, isUser)] = Time(read.ReadAt)
		}
	}
	return history
}

// WidgetMessage is a message in the end user's history: without session_id and read_by, with the name and photo of an
// agent or bot.
type WidgetMessage struct {
	ID             string            `json:"id" doc:"UUID."`
	ConversationID string            `json:"conversation_id" doc:"The conversation's UUID."`
	Seq            int64             `json:"seq" doc:"Number of the message in its conversation: 1, 2, 3 … without a hole."`
	SenderType     models.SenderType `json:"sender_type" doc:"Who sends the message."`
	SenderID       string            `json:"sender_id" doc:"external_id for end users; UUID of the user or bot."`
	SenderName     string            `json:"sender_name,omitempty" doc:"Name of the agent or bot."`
	SenderPhotoURL string            `json:"sender_photo_url,omitempty" doc:"The sender's photo, relative to the base URL. Missing if there is none."`
	ClientID       string            `json:"client_id,omitempty" doc:"The sender's own id of the message, at most 64 characters: sent again it is stored once."`
	ContentType    string            `json:"content_type" doc:"The kind of message. Default: text." enum:"text,image,file,quick_button,carousel,dropdown"`
	Content        string            `json:"content" doc:"Text body or caption. It may be empty where there is rich_media."`
	RichMedia      models.JSON       `json:"rich_media" doc:"The data of the content type; null for plain text."`
	CreatedAt      Time              `json:"created_at" doc:"When it was created."`
}

// NewWidgetHistory shows messages to the end user. sender returns the agent or bot of that type and id: an end user may
// have chosen the id of an agent.
func NewWidgetHistory(messages []models.Message, sender func(models.SenderType, string) Agent) []WidgetMessage {
	history := make([]WidgetMessage, len(messages))
	for i, m := range messages {
		r := NewMessageReceived(m)
		from := sender(m.SenderType, m.SenderID)
		history[i] = WidgetMessage{
			ID:             r.ID,
			ConversationID: r.ConversationID,
			Seq:            r.Seq,
			SenderType:     r.SenderType,
			SenderID:       r.SenderID,
			SenderName:     from.Name,
			SenderPhotoURL: from.PhotoURL,
			ClientID:       r.ClientID,
			ContentType:    r.ContentType,
			Content:        r.Content,
			RichMedia:      r.RichMedia,
			CreatedAt:      r.CreatedAt,
		}
	}
	return history
}

// ConversationUpdated tells the queue of a stored message. Preview is the message in words, whatever its type.
type ConversationUpdated struct {
	ConversationID string            `json:"conversation_id" doc:"The conversation's UUID."`
	SenderType     models.SenderType `json:"sender_type" doc:"Who sends the message."`
	ContentType    string            `json:"content_type" doc:"The kind of message. Default: text." enum:"text,image,file,quick_button,carousel,dropdown"`
	Content        string            `json:"content" doc:"Text body or caption. It may be empty where there is rich_media."`
	Preview        string            `json:"preview" doc:"The message as plain text, whatever its type."`
	Seq            int64             `json:"seq" doc:"Number of the message in its conversation: 1, 2, 3 … without a hole."`
}

// ConversationAssigned tells the queue who has claimed a conversation.
type ConversationAssigned struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	AssignedTo     string `json:"assigned_to" doc:"UUID of the agent."`
}

// ConversationResolved says that a session has ended. Tags are for agents: the queue gets them, the room, where the end
// user is, does not.
type ConversationResolved struct {
	ConversationID string    `json:"conversation_id" doc:"The conversation's UUID."`
	SessionID      string    `json:"session_id" doc:"UUID of the conversation session."`
	Tags           *[]string `json:"tags,omitempty" doc:"Labels of the session: each 1 to 50 characters, at most 20."`
}

// ConversationReopened tells room and queue that a session goes on.
type ConversationReopened struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	SessionID      string `json:"session_id" doc:"UUID of the conversation session."`
}

// ConversationTagged tells the queue which tags the open session has now.
type ConversationTagged struct {
	ConversationID string   `json:"conversation_id" doc:"The conversation's UUID."`
	SessionID      string   `json:"session_id" doc:"UUID of the conversation session."`
	Tags           []string `json:"tags" doc:"Labels of the session: each 1 to 50 characters, at most 20."`
}

// ConversationViewed tells the other agents in a conversation who else looks at it.
type ConversationViewed struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	AgentID        string `json:"agent_id" doc:"UUID of the agent."`
	Viewing        bool   `json:"viewing" doc:"false when the agent stops looking."`
}

// Agent is an agent as end users see one.
type Agent struct {
	ID       string `json:"id" doc:"UUID."`
	Name     string `json:"name" doc:"The display name."`
	PhotoURL string `json:"photo_url,omitempty" doc:"The agent's photo, relative to the base URL. Missing if there is none."`
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
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	Agent          Agent  `json:"agent" doc:"The agent who answers from now on."`
}

// Team tells end users who is there.
type Team struct {
	Agents []Agent `json:"agents" doc:"Up to twenty of the agents who are online."`
	Online int     `json:"online" doc:"How many agents are online."`
}

// TypingIndicator says who types. SenderID comes with agents.
type TypingIndicator struct {
	ConversationID string            `json:"conversation_id" doc:"The conversation's UUID."`
	SenderType     models.SenderType `json:"sender_type" doc:"Who sends the message."`
	SenderID       string            `json:"sender_id,omitempty" doc:"external_id for end users; UUID of the user or bot."`
}

// MessagesRead says who has read what.
type MessagesRead struct {
	ConversationID string            `json:"conversation_id" doc:"The conversation's UUID."`
	MessageIDs     []string          `json:"message_ids" doc:"UUIDs of the messages that were read."`
	ReaderType     models.SenderType `json:"reader_type" doc:"Who read them."`
	ReaderID       string            `json:"reader_id" doc:"external_id for end users; UUID of the user."`
	ReadAt         Time              `json:"read_at" doc:"When the messages were read."`
}

// AgentStatusChanged says that an agent came or went. Status is online or offline.
type AgentStatusChanged struct {
	AgentID string `json:"agent_id" doc:"UUID of the agent."`
	Status  string `json:"status" doc:"Whether the agent is online." enum:"online,offline"`
}

// Problem is the payload of the error event.
type Problem struct {
	Message string `json:"message" doc:"What went wrong, as a sentence."`
}

// Failure is an acknowledgement that failed. RetryAfterMS comes with rate_limited.
type Failure struct {
	OK           bool   `json:"ok" doc:"Whether the event was accepted."`
	Error        string `json:"error" doc:"What went wrong, as a code." enum:"invalid_request,unauthorized,forbidden,not_found,conflict,too_large,rate_limited,internal,unavailable"`
	Message      string `json:"message" doc:"What went wrong, as a sentence."`
	RetryAfterMS int64  `json:"retry_after_ms,omitempty" doc:"With rate_limited: how many milliseconds to wait."`
}

// Ack is an acknowledgement that succeeded, with what the event's About names.
type Ack struct {
	OK      bool      `json:"ok" doc:"Whether the event was accepted."`
	LastSeq *int64    `json:"last_seq,omitempty" doc:"seq of the newest message, or 0."`
	Agents  *[]string `json:"agents,omitempty" doc:"UUIDs of the agents who are online."`
	*Assignment
	*Welcome
}

// Welcome is what an end user learns by joining. Team is missing where presence is not known.
type Welcome struct {
	Team       *Team  `json:"team,omitempty" doc:"Who is online; missing if that is not known."`
	AssignedTo *Agent `json:"assigned_to" doc:"The agent who claimed the open session, or null."`
}

// APIError is the body of every refused request.
type APIError struct {
	Error   string `json:"error" doc:"What went wrong, as a code." enum:"invalid_request,unauthorized,forbidden,not_found,conflict,too_large,rate_limited,internal,unavailable"`
	Message string `json:"message" doc:"What went wrong, as a sentence."`
}

// EndUser is the person of a conversation.
type EndUser struct {
	ID          string `json:"id" doc:"UUID."`
	DisplayName string `json:"display_name" doc:"The end user's name; may be empty."`
	ExternalID  string `json:"external_id" doc:"The session identifier that identifies the end user."`
}

// Session is an open conversation session.
type Session struct {
	ID              string   `json:"id" doc:"UUID."`
	Status          string   `json:"status" doc:"Whether the session is open." enum:"open,resolved"`
	AssignedAgentID *string  `json:"assigned_agent_id" doc:"User ID of the assigned agent."`
	Tags            []string `json:"tags" doc:"Labels of the session: each 1 to 50 characters, at most 20."`
	FirstMessageAt  *Time    `json:"first_message_at" doc:"When the first message came."`
	AssignedAt      *Time    `json:"assigned_at" doc:"When an agent claimed it."`
	ResolvedAt      *Time    `json:"resolved_at" doc:"When it was resolved."`
}

// Conversation is a conversation in lists and alone.
type Conversation struct {
	ID             string   `json:"id" doc:"UUID."`
	EndUser        EndUser  `json:"end_user" doc:"The person who writes to the organization."`
	ChannelID      string   `json:"channel_id" doc:"The channel (webchat or mobile_sdk) the conversation belongs to."`
	OrganizationID string   `json:"organization_id" doc:"The organization that owns the conversation."`
	ActiveSession  *Session `json:"active_session" doc:"The open session, or null if resolved."`
	CreatedAt      Time     `json:"created_at" doc:"When it was created."`
	UpdatedAt      Time     `json:"updated_at" doc:"Bumped on every new message."`
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
			FirstMessageAt:  (*Time)(s.FirstMessageAt),
			AssignedAt:      (*Time)(s.AssignedAt),
			ResolvedAt:      (*Time)(s.ResolvedAt),
		}
	}
	return shown
}

// Assignment answers assign and release.
type Assignment struct {
	ID              string  `json:"id" doc:"UUID."`
	AssignedAgentID *string `json:"assigned_agent_id" doc:"User ID of the assigned agent."`
	AssignedAt      *Time   `json:"assigned_at" doc:"When an agent claimed it."`
}

// NewAssignment shows an assigned session.
func NewAssignment(s models.ConversationSession) Assignment {
	return Assignment{
		ID:              s.ConversationID,
		AssignedAgentID: s.AssignedAgentID,
		AssignedAt:      (*Time)(s.AssignedAt),
	}
}

// Resolution answers resolve and reopen.
type Resolution struct {
	ID         string   `json:"id" doc:"UUID."`
	SessionID  string   `json:"session_id" doc:"UUID of the conversation session."`
	Status     string   `json:"status" doc:"Whether the session is open." enum:"open,resolved"`
	Tags       []string `json:"tags" doc:"Labels of the session: each 1 to 50 characters, at most 20."`
	ResolvedAt *Time    `json:"resolved_at" doc:"When it was resolved."`
}

// NewResolution shows a resolved session.
func NewResolution(s models.ConversationSession) Resolution {
	return Resolution{
		ID:         s.ConversationID,
		SessionID:  s.ID,
		Status:     s.Status,
		Tags:       noNil(s.Tags),
		ResolvedAt: (*Time)(s.ResolvedAt),
	}
}

// Tagging answers tag.
type Tagging struct {
	ID        string   `json:"id" doc:"UUID."`
	SessionID string   `json:"session_id" doc:"UUID of the conversation session."`
	Tags      []string `json:"tags" doc:"Labels of the session: each 1 to 50 characters, at most 20."`
}

// NewTagging shows a tagged session.
func NewTagging(s models.ConversationSession) Tagging {
	return Tagging{ID: s.ConversationID, SessionID: s.ID, Tags: noNil(s.Tags)}
}

// Tags is the body of tag and, optionally, of resolve.
type Tags struct {
	Tags []string `json:"tags" doc:"Labels of the session: each 1 to 50 characters, at most 20."`
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
