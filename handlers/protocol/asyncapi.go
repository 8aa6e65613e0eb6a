package protocol

import (
	"reflect"
	"strings"
)

// Sent is the acknowledgement of send_message. SentAck writes it.
type Sent struct {
	OK        bool            `json:"ok" doc:"Whether the event was accepted."`
	Message   MessageReceived `json:"message" doc:"The stored message."`
	Duplicate bool            `json:"duplicate,omitempty" doc:"true if the client_id was used before: this is the message stored then."`
}

// AsyncAPI returns an AsyncAPI 3 document of the events of the installation at baseURL. It describes the server: it
// receives what clients send, and replies with the acknowledgement.
func AsyncAPI(baseURL string) map[string]any {
	components := schemas{}
	messages := map[string]any{}
	inChannel := map[string]any{}
	operations := map[string]any{}
	add := func(name, about string, payload any) {
		messages[name] = message(components, name, about, payload)
		inChannel[name] = reference("#/components/messages/" + name)
	}
	inSocket := func(name string) map[string]string { return reference("#/channels/socket/messages/" + name) }
	for _, event := range Events {
		add(event.Name, event.About, event.Payload)
		operation := map[string]any{"action": "send", "channel": reference("#/channels/socket"), "summary": event.About,
			"description": "To " + event.To + ".", "messages": []any{inSocket(event.Name)}}
		if event.Direction == ClientToServer {
			operation["action"] = "receive"
			operation["description"] = "From " + event.To + ". It may carry an acknowledgement callback."
			accepted := "accepted"
			if event.Name == SendMessageEvent {
				accepted = "sent"
			}
			operation["reply"] = map[string]any{"channel": reference("#/channels/socket"),
				"messages": []any{inSocket(accepted), inSocket("refused")}}
		}
		operations[event.Name] = operation
	}
	add("accepted", "Acknowledgement of an event that was accepted, with the fields the event names.", Ack{})
	add("sent", "Acknowledgement of send_message, once the message is stored.", Sent{})
	add("refused", "Acknowledgement of an event that was refused. Without a callback it comes as the event error.",
		Failure{})

	scheme, host, _ := strings.Cut(baseURL, "://")
	protocol := "ws"
	if scheme == "https" {
		protocol = "wss"
	}
	return map[string]any{
		"asyncapi": "3.0.0",
		"info": map[string]any{"title": "Parley", "version": APIVersion, "license": map[string]string{"name": "MIT"},
			"description": "Events over Socket.IO 4 at /socket.io/. A socket with the cookie of a login, from " +
				baseURL + ", is an agent's; any other is an end user's, and proves its external_id per conversation."},
		"defaultContentType": "application/json",
		"servers": map[string]any{"parley": map[string]any{"host": host, "pathname": "/socket.io/",
			"protocol":    protocol,
			"description": "Socket.IO 4, WebSocket or long polling."}},
		"channels": map[string]any{"socket": map[string]any{"address": "/", "title": "The default namespace",
			"servers": []any{reference("#/servers/parley")}, "messages": inChannel}},
		"operations": operations,
		"components": map[string]any{"messages": messages, "schemas": components},
	}
}

func message(components schemas, name, about string, payload any) map[string]any {
	document := map[string]any{"name": name, "summary": about}
	if payload == nil {
		return document
	}
	document["payload"] = components.ref(payload)
	if example := exampleOf(reflect.TypeOf(payload)); example != nil {
		document["examples"] = []any{map[string]any{"name": name, "payload": example}}
	}
	return document
}

func reference(to string) map[string]string { return map[string]string{"$ref": to} }
