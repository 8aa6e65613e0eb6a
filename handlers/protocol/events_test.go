package protocol_test

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley/handlers/protocol"
)

func TestEvents_areTheGuidesAndThoseOfTheContract(t *testing.T) {
	t.Parallel()
	names := map[protocol.Direction][]string{}
	for _, event := range protocol.Events {
		names[event.Direction] = append(names[event.Direction], event.Name)
		if event.To == "" || event.About == "" {
			t.Errorf("%s is not documented", event.Name)
		}
	}
	for direction, want := range map[protocol.Direction][]string{
		protocol.ClientToServer: {"send_message", "claim_conversation", "join_conversation", "leave_conversation",
			"join_queue", "join_org_presence", "user_typing", "mark_read",
			"visit", "view_conversation"},
		protocol.ServerToClient: {"message_received", "conversation_updated", "conversation_assigned",
			"conversation_released", "conversation_resolved",
			"conversation_reopened", "conversation_tagged", "conversation_viewed", "visit_changed", "agent_joined",
			"agent_left", "team_changed", "typing_indicator",
			"typing_cleared", "messages_read", "agent_status_changed", "last_seq", "look_again", "error"},
	} {
		if !slices.Equal(names[direction], want) {
			t.Errorf("%s\n got %v\nwant %v", direction, names[direction], want)
		}
	}
}

func TestEvents_nameTheirFieldsInSnakeCase(t *testing.T) {
	t.Parallel()
	snake := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	for _, event := range protocol.Events {
		if event.Payload == nil {
			continue
		}
		payload := reflect.TypeOf(event.Payload)
		for i := range payload.NumField() {
			name, _, _ := strings.Cut(payload.Field(i).Tag.Get("json"), ",")
			if !snake.MatchString(name) {
				t.Errorf("%s: %s is called %q", event.Name, payload.Field(i).Name, name)
			}
		}
	}
}

func TestRooms_areTheGuides(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		protocol.ConversationRoom("x"): "conv:x", protocol.QueueRoom("x"): "org:x:queue",
		protocol.PresenceRoom("x"):           "org:x:presence",
		protocol.ConversationAgentsRoom("x"): "conv:x:agents", protocol.EndUsersRoom("x"): "org:x:end_users",
	} {
		if got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

func TestRooms_areToldApartByTheirNames(t *testing.T) {
	t.Parallel()
	for room, want := range map[string]string{
		protocol.ConversationRoom("x"):       "conversation x",
		protocol.ConversationAgentsRoom("x"): "",
		protocol.QueueRoom("x"):              "agents' queue",
		protocol.PresenceRoom("x"):           "agents' presence",
		protocol.EndUsersRoom("x"):           "presence",
		protocol.EmbedTokenRoom("x"):         "",
		"user:x":                             "",
	} {
		got, agents := protocol.ShownRoom(room)
		if agents {
			got = "agents' " + got
		}
		if id, ok := protocol.ConversationOf(room); ok {
			got += "conversation " + id
		}
		if got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}
