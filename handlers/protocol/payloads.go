package protocol

import (
	"encoding/json"
	"time"

	"parley/models"
)

// TimeFormat is the format of timestamps: UTC, with six digits and no offset.
const TimeFormat = "2006-01-02T15:04:05.000000"

// Time is a timestamp in TimeFormat. The zero time is null.
type Time time.Time

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	buffer := append(make([]byte, 0, len(TimeFormat)+2), '"')
	return append(time.Time(t).UTC().AppendFormat(buffer, TimeFormat), '"'), nil
}

// SendMessage is the payload of send_message. In the payloads of clients, omitempty marks optional fields.
type SendMessage struct {
	ConversationID string          `json:"conversation_id" doc:"The conversation's UUID."`
	Content        string          `json:"content" doc:"Text body or caption. May be empty when rich_media is provided."`
	ContentType    string          `json:"content_type,omitempty" doc:"The kind of message. Default: text." enum:"text,image,file,quick_button,carousel,dropdown"`
	RichMedia      json.RawMessage `json:"rich_media,omitempty" doc:"The data of the content type; null for plain text."`
	SenderType     string          `json:"sender_type" doc:"Who sends the message." enum:"end_user,agent"`
	ExternalID     string          `json:"external_id,omitempty" doc:"The session identifier that identifies the end user."`
	ClientID       string          `json:"client_id,omitempty" doc:"An id that you choose, at most 64 characters. A message sent again with the same id is stored once."`
}

// ConversationID is a payload that only names a conversation.
type ConversationID struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
}

// JoinConversation is the payload of join_conversation. An end user proves themselves by ExternalID. A widget also
// sends the values that its page was opened with. The first message stores them.
type JoinConversation struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	ExternalID     string `json:"external_id,omitempty" doc:"The session identifier that identifies the end user."`
	CustomerName   string `json:"customer_name,omitempty" doc:"The end user's name. The first message stores it."`
	EmbedToken     string `json:"embed_token,omitempty" doc:"The embed token that the widget was opened with."`
}

// UserTyping is the payload of user_typing.
type UserTyping struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	SenderType     string `json:"sender_type" doc:"Who is typing." enum:"end_user,agent"`
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
	TimeZone       string `json:"time_zone,omitempty" doc:"IANA name, such as Europe/Berlin."`
	Language       string `json:"language,omitempty" doc:"BCP 47 tag, such as de-AT."`
}

// ViewConversation is the payload of view_conversation.
type ViewConversation struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	Viewing        bool   `json:"viewing" doc:"Whether the agent is viewing the conversation."`
}

// MessageReceived is a message for sockets.
type MessageReceived struct {
	ID             string            `json:"id" doc:"UUID."`
	ConversationID string            `json:"conversation_id" doc:"The conversation's UUID."`
	SessionID      string            `json:"session_id" doc:"UUID of the conversation session."`
	Seq            int64             `json:"seq" doc:"Number of the message in its conversation: 1, 2, 3 …, without gaps."`
	SenderType     models.SenderType `json:"sender_type" doc:"Who sent the message."`
	SenderID       string            `json:"sender_id" doc:"external_id for end users; UUID of the user for agents, of the bot for bots."`
	ClientID       string            `json:"client_id,omitempty" doc:"The id that the sender chose. Missing if there is none."`
	ContentType    string            `json:"content_type" doc:"The kind of message." enum:"text,image,file,quick_button,carousel,dropdown"`
	Content        string            `json:"content" doc:"Text body or caption. May be empty when rich_media is provided."`
	RichMedia      models.JSON       `json:"rich_media" doc:"The data of the content type; null for plain text."`
	CreatedAt      Time              `json:"created_at" doc:"When it was created."`
}

// NewMessageReceived converts a stored message.
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

// readerID returns the key of a reader in read_by. If an end user has chosen the id of a user as external_id, the key
// gets a prefix. Otherwise it would look as if that user had read the message.
func readerID(read models.MessageRead, isUser func(id string) bool) string {
	if read.ReaderType == models.SenderEndUser && isUser(read.ReaderID) {
		return string(models.SenderEndUser) + ":" + read.ReaderID
	}
	return read.ReaderID
}

// NewHistoryMessage converts a message, with its readers. isUser reports whether an id belongs to a user of the
// organization.
func NewHistoryMessage(m models.Message, readBy []models.MessageRead, isUser func(id string) bool) HistoryMessage {
	shown := HistoryMessage{
		MessageReceived: NewMessageReceived(m),
		ReadBy:          map[string]Time{},
	}
	for _, read := range readBy {
		shown.ReadBy[readerID(read, isUser)] = Time(read.ReadAt)
	}
	return shown
}

// WidgetMessage is a message in the end user's history. It has no session_id and no read_by, but the name and photo of
// an agent or bot.
type WidgetMessage struct {
	ID             string            `json:"id" doc:"UUID."`
	ConversationID string            `json:"conversation_id" doc:"The conversation's UUID."`
	Seq            int64             `json:"seq" doc:"Number of the message in its conversation: 1, 2, 3 …, without gaps."`
	SenderType     models.SenderType `json:"sender_type" doc:"Who sent the message."`
	SenderID       string            `json:"sender_id" doc:"external_id for end users; UUID of the user for agents, of the bot for bots."`
	SenderName     string            `json:"sender_name,omitempty" doc:"Name of the agent or bot."`
	SenderPhotoURL string            `json:"sender_photo_url,omitempty" doc:"The sender's photo, relative to the base URL. Missing if there is none."`
	ClientID       string            `json:"client_id,omitempty" doc:"The id that the sender chose. Missing if there is none."`
	ContentType    string            `json:"content_type" doc:"The kind of message." enum:"text,image,file,quick_button,carousel,dropdown"`
	Content        string            `json:"content" doc:"Text body or caption. May be empty when rich_media is provided."`
	RichMedia      models.JSON       `json:"rich_media" doc:"The data of the content type; null for plain text."`
	CreatedAt      Time              `json:"created_at" doc:"When it was created."`
}

// NewWidgetMessage converts a message for the end user. from is the agent or bot who sent it.
func NewWidgetMessage(m models.Message, from Agent) WidgetMessage {
	r := NewMessageReceived(m)
	return WidgetMessage{
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

// ConversationUpdated notifies the queue about a stored message. Preview is the message as plain text.
type ConversationUpdated struct {
	ConversationID string            `json:"conversation_id" doc:"The conversation's UUID."`
	SenderType     models.SenderType `json:"sender_type" doc:"Who sent the message."`
	ContentType    string            `json:"content_type" doc:"The kind of message." enum:"text,image,file,quick_button,carousel,dropdown"`
	Content        string            `json:"content" doc:"Text body or caption. May be empty when rich_media is provided."`
	Preview        string            `json:"preview" doc:"The message as plain text, whatever its type."`
	Seq            int64             `json:"seq" doc:"Number of the message in its conversation: 1, 2, 3 …, without gaps."`
}

// ConversationAssigned notifies the queue about a claim.
type ConversationAssigned struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	AssignedTo     string `json:"assigned_to" doc:"UUID of the agent."`
}

// ConversationResolved notifies the room and the queue that a session was resolved. Only the queue gets Tags: the end
// user is in the room and must not see them.
type ConversationResolved struct {
	ConversationID string    `json:"conversation_id" doc:"The conversation's UUID."`
	SessionID      string    `json:"session_id" doc:"UUID of the conversation session."`
	Tags           *[]string `json:"tags,omitempty" doc:"Labels of the session: each 1 to 50 characters, at most 20."`
}

// ConversationReopened notifies the room and the queue that a session was reopened.
type ConversationReopened struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	SessionID      string `json:"session_id" doc:"UUID of the conversation session."`
}

// ConversationTagged notifies the queue about the open session's new tags.
type ConversationTagged struct {
	ConversationID string   `json:"conversation_id" doc:"The conversation's UUID."`
	SessionID      string   `json:"session_id" doc:"UUID of the conversation session."`
	Tags           []string `json:"tags" doc:"Labels of the session: each 1 to 50 characters, at most 20."`
}

// ConversationViewed notifies the other agents in a conversation that an agent views it.
type ConversationViewed struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	AgentID        string `json:"agent_id" doc:"UUID of the agent."`
	Viewing        bool   `json:"viewing" doc:"Whether the agent is viewing the conversation."`
}

// Agent is an agent as shown to end users.
type Agent struct {
	ID       string `json:"id" doc:"UUID."`
	Name     string `json:"name" doc:"The display name."`
	PhotoURL string `json:"photo_url,omitempty" doc:"The agent's photo, relative to the base URL. Missing if there is none."`
}

// PhotoURL returns the URL of a photo, relative to the base URL, or nothing if there is no photo.
func PhotoURL(id string) string {
	if id == "" {
		return ""
	}
	return "/photos/" + id
}

// AgentJoined notifies the conversation that an agent answers it.
type AgentJoined struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	Agent          Agent  `json:"agent" doc:"The agent who answers from now on."`
}

// Team shows end users which agents are online.
type Team struct {
	Agents []Agent `json:"agents" doc:"Up to twenty of the agents who are online."`
	Online int     `json:"online" doc:"How many agents are online."`
}

// TypingIndicator says who is typing. Only agents have a SenderID.
type TypingIndicator struct {
	ConversationID string            `json:"conversation_id" doc:"The conversation's UUID."`
	SenderType     models.SenderType `json:"sender_type" doc:"Who is typing."`
	SenderID       string            `json:"sender_id,omitempty" doc:"UUID of the agent. Missing for end users."`
}

// MessagesRead says who read which messages.
type MessagesRead struct {
	ConversationID string            `json:"conversation_id" doc:"The conversation's UUID."`
	MessageIDs     []string          `json:"message_ids" doc:"UUIDs of the messages that were read."`
	ReaderType     models.SenderType `json:"reader_type" doc:"Who read them."`
	ReaderID       string            `json:"reader_id" doc:"external_id for end users; UUID of the user."`
	ReadAt         Time              `json:"read_at" doc:"When the messages were read."`
}

// AgentStatusChanged says that an agent came online or went offline.
type AgentStatusChanged struct {
	AgentID string `json:"agent_id" doc:"UUID of the agent."`
	Status  string `json:"status" doc:"Whether the agent is online." enum:"online,offline"`
}

// LastSeq says how far a conversation goes, for clients that have missed messages.
type LastSeq struct {
	ConversationID string `json:"conversation_id" doc:"The conversation's UUID."`
	LastSeq        int64  `json:"last_seq" doc:"seq of the newest message; 0 if there is none."`
}

// What LookAgain calls the rooms.
const (
	QueueShown    = "queue"
	PresenceShown = "presence"
)

// LookAgain says that what a client shows of a room may be out of date.
type LookAgain struct {
	Room string `json:"room" doc:"What to fetch again: the list of conversations, or who is online." enum:"queue,presence"`
}

// Problem is the payload of the error event.
type Problem struct {
	Message string `json:"message" doc:"What went wrong, as a sentence."`
}

// Failure is the acknowledgement of an event that failed. RetryAfterMS is set with rate_limited and unavailable.
type Failure struct {
	OK           bool   `json:"ok" doc:"Whether the event was accepted."`
	Error        string `json:"error" doc:"What went wrong, as a code." enum:"invalid_request,unauthorized,forbidden,not_found,conflict,too_large,rate_limited,internal,unavailable"`
	Message      string `json:"message" doc:"What went wrong, as a sentence."`
	RetryAfterMS int64  `json:"retry_after_ms,omitempty" doc:"With rate_limited and unavailable: how many milliseconds to wait."`
}

// ConnectRefusal is the data of a refused connect: the client's connect_error has it in addition to the message.
type ConnectRefusal struct {
	Error        string `json:"error"`
	RetryAfterMS int64  `json:"retry_after_ms,omitempty"`
}

// Ack is the acknowledgement of an event that succeeded, with the fields that the event's About names.
type Ack struct {
	OK      bool      `json:"ok" doc:"Whether the event was accepted."`
	LastSeq *int64    `json:"last_seq,omitempty" doc:"seq of the newest message; 0 if there is none."`
	Agents  *[]string `json:"agents,omitempty" doc:"UUIDs of the agents who are online."`
	*Assignment
	*Welcome
}

// Welcome is what the acknowledgement of join_conversation also has for an end user. Team is nil while presence fails.
type Welcome struct {
	Team       *Team  `json:"team,omitempty" doc:"Who is online; missing if that is not known."`
	AssignedTo *Agent `json:"assigned_to" doc:"The agent who claimed the open session, or null."`
	ReadSeq    int64  `json:"read_seq" doc:"seq of the end user's newest message that an agent has read; 0 if there is none among the last 200 messages."`
}

// APIError is the body of a request that failed.
type APIError struct {
	Error   string `json:"error" doc:"What went wrong, as a code." enum:"invalid_request,unauthorized,forbidden,not_found,conflict,too_large,rate_limited,internal,unavailable"`
	Message string `json:"message" doc:"What went wrong, as a sentence."`
}

func noNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// SentAck writes the acknowledgement of send_message around an encoded message.
func SentAck(message json.RawMessage, duplicate bool) json.RawMessage {
	ack := append([]byte(`{"ok":true,"message":`), message...)
	if duplicate {
		ack = append(ack, `,"duplicate":true`...)
	}
	return append(ack, '}')
}
