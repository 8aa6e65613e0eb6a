package protocol

import "parley/models"

// EndUser is the end user of a conversation.
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

// Conversation is a conversation, in lists and alone.
type Conversation struct {
	ID             string   `json:"id" doc:"UUID."`
	EndUser        EndUser  `json:"end_user" doc:"The person who writes to the organization."`
	ChannelID      string   `json:"channel_id" doc:"The channel (webchat or mobile_sdk) the conversation belongs to."`
	OrganizationID string   `json:"organization_id" doc:"The organization that owns the conversation."`
	ActiveSession  *Session `json:"active_session" doc:"The open session, or null if resolved."`
	CreatedAt      Time     `json:"created_at" doc:"When it was created."`
	UpdatedAt      Time     `json:"updated_at" doc:"Bumped on every new message."`
}

// NewConversation converts a conversation that was loaded with its end user and open session.
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

// Assignment is the answer of assign and release.
type Assignment struct {
	ID              string  `json:"id" doc:"UUID."`
	AssignedAgentID *string `json:"assigned_agent_id" doc:"User ID of the assigned agent."`
	AssignedAt      *Time   `json:"assigned_at" doc:"When an agent claimed it."`
}

// NewAssignment converts an assigned session.
func NewAssignment(s models.ConversationSession) Assignment {
	return Assignment{
		ID:              s.ConversationID,
		AssignedAgentID: s.AssignedAgentID,
		AssignedAt:      (*Time)(s.AssignedAt),
	}
}

// Resolution is the answer of resolve and reopen.
type Resolution struct {
	ID         string   `json:"id" doc:"UUID."`
	SessionID  string   `json:"session_id" doc:"UUID of the conversation session."`
	Status     string   `json:"status" doc:"Whether the session is open." enum:"open,resolved"`
	Tags       []string `json:"tags" doc:"Labels of the session: each 1 to 50 characters, at most 20."`
	ResolvedAt *Time    `json:"resolved_at" doc:"When it was resolved."`
}

// NewResolution converts a resolved session.
func NewResolution(s models.ConversationSession) Resolution {
	return Resolution{
		ID:         s.ConversationID,
		SessionID:  s.ID,
		Status:     s.Status,
		Tags:       noNil(s.Tags),
		ResolvedAt: (*Time)(s.ResolvedAt),
	}
}

// Tagging is the answer of tag.
type Tagging struct {
	ID        string   `json:"id" doc:"UUID."`
	SessionID string   `json:"session_id" doc:"UUID of the conversation session."`
	Tags      []string `json:"tags" doc:"Labels of the session: each 1 to 50 characters, at most 20."`
}

// NewTagging converts a tagged session.
func NewTagging(s models.ConversationSession) Tagging {
	return Tagging{ID: s.ConversationID, SessionID: s.ID, Tags: noNil(s.Tags)}
}

// Tags is the body of tag and, optionally, of resolve.
type Tags struct {
	Tags []string `json:"tags" doc:"Labels of the session: each 1 to 50 characters, at most 20."`
}
