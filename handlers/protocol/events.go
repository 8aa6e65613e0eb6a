// Package protocol defines Parley's formats on the network: the Socket.IO events, and the JSON of REST and sockets. The
// tables of docs/api.md and the API documents are generated from it.
package protocol

import "strings"

// Direction says who sends an event.
type Direction string

// The directions.
const (
	ClientToServer Direction = "client → server"
	ServerToClient Direction = "server → client"
)

// Event is one Socket.IO event, with the type of its payload.
type Event struct {
	Name      string
	Direction Direction
	To        string // who receives it, or who may send it
	Payload   any    // a value of its type, or nil
	About     string
}

// The names of the events.
const (
	SendMessageEvent      = "send_message"
	ClaimEvent            = "claim_conversation"
	JoinConversationEvent = "join_conversation"
	LeaveEvent            = "leave_conversation"
	JoinQueueEvent        = "join_queue"
	JoinPresenceEvent     = "join_org_presence"
	UserTypingEvent       = "user_typing"
	MarkReadEvent         = "mark_read"
	VisitEvent            = "visit"
	ViewEvent             = "view_conversation"

	MessageReceivedEvent     = "message_received"
	ConversationUpdatedEvent = "conversation_updated"
	AssignedEvent            = "conversation_assigned"
	ReleasedEvent            = "conversation_released"
	ResolvedEvent            = "conversation_resolved"
	ReopenedEvent            = "conversation_reopened"
	TaggedEvent              = "conversation_tagged"
	ViewedEvent              = "conversation_viewed"
	VisitChangedEvent        = "visit_changed"
	AgentJoinedEvent         = "agent_joined"
	AgentLeftEvent           = "agent_left"
	TeamChangedEvent         = "team_changed"
	TypingIndicatorEvent     = "typing_indicator"
	TypingClearedEvent       = "typing_cleared"
	MessagesReadEvent        = "messages_read"
	AgentStatusEvent         = "agent_status_changed"
	LastSeqEvent             = "last_seq"
	LookAgainEvent           = "look_again"
	ErrorEvent               = "error"
)

// Events are all events. A client may pass an acknowledgement callback with any of its events. It is called with Ack
// and the fields that About names, or with Failure.
var Events = []Event{
	{SendMessageEvent, ClientToServer, "end user, agent", SendMessage{},
		"Send a message. The acknowledgement has the stored `message`, and `duplicate: true` if its `client_id` was " +
			"used before."},
	{ClaimEvent, ClientToServer, "agent", ConversationID{}, "Claim an unassigned conversation and join its room."},
	{JoinConversationEvent, ClientToServer, "end user, agent", JoinConversation{},
		"Join the room of a conversation. The acknowledgement has `last_seq`. For an end user it also has " +
			"`assigned_to`, the agent who claimed the conversation (`id`, `name`) or null, `read_seq`, the number of " +
			"their newest message that an agent has read, and `team` as in `team_changed`, if that is known."},
	{LeaveEvent, ClientToServer, "end user, agent", ConversationID{}, "Leave the room of a conversation."},
	{JoinQueueEvent, ClientToServer, "agent", nil, "Join the organization's queue room."},
	{JoinPresenceEvent, ClientToServer, "agent", nil,
		"Join the organization's presence room. The acknowledgement has `agents`, the ids of the agents who are " +
			"online."},
	{UserTypingEvent, ClientToServer, "end user, agent", UserTyping{},
		"Show that you are typing in a conversation that you have joined."},
	{MarkReadEvent, ClientToServer, "end user, agent", MarkRead{}, "Mark messages as read."},
	{VisitEvent, ClientToServer, "end user", Visit{},
		"Show the agents which page you are on. Invalid values are ignored."},
	{ViewEvent, ClientToServer, "agent", ViewConversation{},
		"Show the other agents whether you are viewing a conversation that you have joined."},

	{MessageReceivedEvent, ServerToClient, "`conv:{id}`", MessageReceived{}, "A message was stored."},
	{ConversationUpdatedEvent, ServerToClient, "`org:{org_id}:queue`", ConversationUpdated{},
		"A message was stored in any of the organization's conversations."},
	{AssignedEvent, ServerToClient, "`org:{org_id}:queue`", ConversationAssigned{},
		"An agent claimed a conversation."},
	{ReleasedEvent, ServerToClient, "`org:{org_id}:queue`", ConversationID{},
		"A conversation was unassigned from its agent."},
	{ResolvedEvent, ServerToClient, "`conv:{id}`, `org:{org_id}:queue`", ConversationResolved{},
		"A conversation was resolved. Only the queue gets `tags`. A socket in both rooms gets one event, with them."},
	{ReopenedEvent, ServerToClient, "`conv:{id}`, `org:{org_id}:queue`", ConversationReopened{},
		"A resolved conversation was reopened. If it still has an agent, `conversation_assigned` and `agent_joined` " +
			"follow."},
	{TaggedEvent, ServerToClient, "`org:{org_id}:queue`", ConversationTagged{}, "The open session's tags changed."},
	{ViewedEvent, ServerToClient, "`conv:{id}:agents`, all but the sender", ConversationViewed{},
		"An agent started or stopped viewing a conversation. Leaving and disconnecting also stop it."},
	{VisitChangedEvent, ServerToClient, "`conv:{id}:agents`", ConversationID{}, "The end user went to another page."},
	{AgentJoinedEvent, ServerToClient, "`conv:{id}`", AgentJoined{},
		"An agent claimed the conversation and answers from now on."},
	{AgentLeftEvent, ServerToClient, "`conv:{id}`", ConversationID{},
		"The conversation was unassigned from its agent."},
	{TeamChangedEvent, ServerToClient, "`org:{org_id}:end_users`", Team{},
		"Agents came online or went offline. `agents` has up to twenty who are online (`id`, `name`), sorted by " +
			"name; `online` is the number of all."},
	{TypingIndicatorEvent, ServerToClient, "`conv:{id}`, all but the sender", TypingIndicator{}, "Someone is typing."},
	{TypingClearedEvent, ServerToClient, "`conv:{id}`", ConversationID{},
		"Typing ended: the message came, the sender left, or 5 s passed."},
	{MessagesReadEvent, ServerToClient, "`conv:{id}`", MessagesRead{}, "Messages were read."},
	{AgentStatusEvent, ServerToClient, "`org:{org_id}:presence`", AgentStatusChanged{},
		"An agent came online or went offline."},
	{LastSeqEvent, ServerToClient, "`conv:{id}`", LastSeq{},
		"The number of the newest stored message, every 30 s and when messages may have been missed. A client that " +
			"has less fetches the rest."},
	{LookAgainEvent, ServerToClient, "`org:{org_id}:queue`, `org:{org_id}:presence`, `org:{org_id}:end_users`",
		LookAgain{},
		"What you show of this room may be out of date, every 30 s and when events may have been missed. Fetch it " +
			"again within 3 s, at a random time. End users get it only when events may have been missed, and join " +
			"their conversations again."},
	{ErrorEvent, ServerToClient, "sender only", Problem{}, "An event without an acknowledgement failed."},
}

// ConversationRoom is the room of a conversation: its end user, and the agents who have joined it.
func ConversationRoom(conversationID string) string { return "conv:" + conversationID }

// ConversationOf returns the id of the conversation whose room has a name. It returns false for every other room.
func ConversationOf(room string) (conversationID string, ok bool) {
	conversationID, ok = strings.CutPrefix(room, ConversationRoom(""))
	return conversationID, ok && !strings.Contains(conversationID, ":")
}

// QueueRoom is the room in which an organization's agents are notified about conversations.
func QueueRoom(organizationID string) string { return "org:" + organizationID + ":queue" }

// ConversationAgentsRoom is the room of the agents in a conversation. It gets the events that the end user must not
// see.
func ConversationAgentsRoom(conversationID string) string {
	return ConversationRoom(conversationID) + ":agents"
}

// EndUsersRoom is the room of an organization's end users. It gets changes of the team.
func EndUsersRoom(organizationID string) string { return "org:" + organizationID + ":end_users" }

// EmbedTokenRoom is the room of the end users whose page an embed token opened. They are disconnected when it is
// revoked.
func EmbedTokenRoom(embedTokenID string) string { return "embed_token:" + embedTokenID }

// PresenceRoom is the room in which an organization's agents see who is online.
func PresenceRoom(organizationID string) string { return "org:" + organizationID + ":presence" }

// ShownRoom returns what LookAgain calls a room, and whether the room is one of agents. It returns "" for rooms that do
// not get that event.
func ShownRoom(room string) (shown string, agents bool) {
	organizationID, kind, _ := strings.Cut(strings.TrimPrefix(room, "org:"), ":")
	switch room {
	case QueueRoom(organizationID), PresenceRoom(organizationID):
		return kind, true
	case EndUsersRoom(organizationID):
		return PresenceShown, false
	}
	return "", false
}
