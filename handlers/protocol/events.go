// Package protocol is everything that crosses the network in Parley's own formats: the Socket.IO events and the JSON
// shapes of REST and sockets. The tables of docs/api.md and the API documents are generated from it.
package protocol

// Direction is who sends an event.
type Direction string

// The directions.
const (
	ClientToServer Direction = "client → server"
	ServerToClient Direction = "server → client"
)

// Event is one Socket.IO event: declared here once, with the type of its payload.
type Event struct {
	Name      string
	Direction Direction
	To        string // who gets it, or who may send it
	Payload   any    // a value of its type; nil for none
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
	ErrorEvent               = "error"
)

// Events is the event reference. Any client event may carry an acknowledgement, which is called with Ack and the fields
// named in About, or with Failure.
var Events = []Event{
	{SendMessageEvent, ClientToServer, "end user, agent", SendMessage{},
		"Send a message. Acknowledged with `message` once it is stored, and `duplicate` for a repeated `client_id`."},
	{ClaimEvent, ClientToServer, "agent", ConversationID{}, "Claim an unassigned conversation and join its room."},
	{JoinConversationEvent, ClientToServer, "end user, agent", JoinConversation{},
		"Join the room of a conversation. Acknowledged with `last_seq`, and for an end user with `assigned_to`, who " +
			"has claimed it (`id`, `name`) or null, and `team`, as in `team_changed`, unless it is not known."},
	{LeaveEvent, ClientToServer, "end user, agent", ConversationID{}, "Leave the room of a conversation."},
	{JoinQueueEvent, ClientToServer, "agent", nil, "Join the organization's queue room."},
	{JoinPresenceEvent, ClientToServer, "agent", nil,
		"Join the organization's presence room. Acknowledged with `agents`, the ids of those online."},
	{UserTypingEvent, ClientToServer, "end user, agent", UserTyping{},
		"Say that one is typing, in a conversation one has joined."},
	{MarkReadEvent, ClientToServer, "end user, agent", MarkRead{}, "Mark messages as read."},
	{VisitEvent, ClientToServer, "end user", Visit{},
		"Say where one is, for the agents to see. What makes no sense is left out."},
	{ViewEvent, ClientToServer, "agent", ViewConversation{},
		"Say that one is looking at a conversation one has joined, or no longer."},

	{MessageReceivedEvent, ServerToClient, "`conv:{id}`", MessageReceived{}, "A message was stored."},
	{ConversationUpdatedEvent, ServerToClient, "`org:{org_id}:queue`", ConversationUpdated{},
		"A message was stored, for the list."},
	{AssignedEvent, ServerToClient, "`org:{org_id}:queue`", ConversationAssigned{},
		"An agent has claimed a conversation."},
	{ReleasedEvent, ServerToClient, "`org:{org_id}:queue`", ConversationID{}, "The agent has given the claim back."},
	{ResolvedEvent, ServerToClient, "`conv:{id}`, `org:{org_id}:queue`", ConversationResolved{},
		"A conversation's session was resolved. `tags` come with the queue's event only. A socket in both rooms gets " +
			"that one."},
	{ReopenedEvent, ServerToClient, "`conv:{id}`, `org:{org_id}:queue`", ConversationReopened{},
		"The resolved session is open again. If it has an agent, what says so follows."},
	{TaggedEvent, ServerToClient, "`org:{org_id}:queue`", ConversationTagged{}, "The open session's tags were set."},
	{ViewedEvent, ServerToClient, "`conv:{id}:agents`, all but the sender", ConversationViewed{},
		"An agent is looking at a conversation, or no longer: also when that socket leaves or disconnects."},
	{VisitChangedEvent, ServerToClient, "`conv:{id}:agents`", ConversationID{}, "The end user is elsewhere."},
	{AgentJoinedEvent, ServerToClient, "`conv:{id}`", AgentJoined{},
		"Who answers from now on: an agent has claimed the conversation."},
	{AgentLeftEvent, ServerToClient, "`conv:{id}`", ConversationID{}, "The agent has given the claim back."},
	{TeamChangedEvent, ServerToClient, "`org:{org_id}:end_users`", Team{},
		"Agents came or went: up to twenty `agents` (`id`, `name`) by name, and how many are `online`."},
	{TypingIndicatorEvent, ServerToClient, "`conv:{id}`, all but the sender", TypingIndicator{}, "Somebody is typing."},
	{TypingClearedEvent, ServerToClient, "`conv:{id}`", ConversationID{},
		"Nobody is typing any more: the message came, the sender left, or 5 s passed."},
	{MessagesReadEvent, ServerToClient, "`conv:{id}`", MessagesRead{}, "Messages were read."},
	{AgentStatusEvent, ServerToClient, "`org:{org_id}:presence`", AgentStatusChanged{},
		"An agent came online or went offline."},
	{ErrorEvent, ServerToClient, "sender only", Problem{}, "An event without an acknowledgement failed."},
}

// The rooms of the guide.
func ConversationRoom(conversationID string) string { return "conv:" + conversationID }

// QueueRoom is where an organization's agents hear of new conversations.
func QueueRoom(organizationID string) string { return "org:" + organizationID + ":queue" }

// ConversationAgentsRoom is where the agents in a conversation hear what its end user must not.
func ConversationAgentsRoom(conversationID string) string {
	return ConversationRoom(conversationID) + ":agents"
}

// EndUsersRoom is where an organization's end users hear who is there.
func EndUsersRoom(organizationID string) string { return "org:" + organizationID + ":end_users" }

// EmbedTokenRoom is the room of the end users whose page an embed token opened. They are disconnected when it is
// revoked.
func EmbedTokenRoom(embedTokenID string) string { return "embed_token:" + embedTokenID }

// PresenceRoom is where an organization's agents hear of each other.
func PresenceRoom(organizationID string) string { return "org:" + organizationID + ":presence" }
