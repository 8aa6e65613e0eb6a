package models

import "time"

// SenderType is the kind of sender of a message.
type SenderType string

// The sender types.
const (
	SenderEndUser SenderType = "end_user"
	SenderAgent   SenderType = "agent"
	SenderBot     SenderType = "bot"
)

// Message is one message. Seq counts the messages of a conversation: 1, 2, 3 … without a gap.
type Message struct {
	ID             string
	OrganizationID string
	ConversationID string
	SessionID      string
	Seq            int64
	SenderType     SenderType
	SenderID       string // external_id of an end user, id of a user or bot
	ClientID       *string
	ContentType    string
	Content        string
	RichMedia      JSON
	AnswersID      *string // the message with the buttons or options that this one answers
	CreatedAt      time.Time
}

// MessageRead is who has read a message, and when. ReaderID alone names nobody: an end user chooses their own.
type MessageRead struct {
	MessageID      string
	ReaderType     SenderType
	ReaderID       string
	OrganizationID string
	ReadAt         time.Time
}
