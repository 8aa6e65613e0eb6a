package protocol_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"parley/handlers/protocol"
)

// published is a document as a client reads it.
func published(t *testing.T, document map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return decoded(t, text).(map[string]any)
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}

// checker compiles schemas of a document.
func checker(t *testing.T, document map[string]any) func(pointer string, value any) error {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("mem:///api.json", document); err != nil {
		t.Fatal(err)
	}
	return func(pointer string, value any) error {
		schema, err := compiler.Compile("mem:///api.json#" + pointer)
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(value)
	}
}

func dig(document any, path ...string) any {
	for _, key := range path {
		object, _ := document.(map[string]any)
		document = object[key]
	}
	return document
}

func TestAsyncAPI_holdsEveryEventWithAValidExample(t *testing.T) {
	t.Parallel()
	document := published(t, protocol.AsyncAPI("https://chat.example.com"))
	valid := checker(t, document)
	for _, event := range protocol.Events {
		action := "send"
		if event.Direction == protocol.ClientToServer {
			action = "receive"
		}
		if got := dig(document, "operations", event.Name, "action"); got != action {
			t.Errorf("%s: the server's action is %v", event.Name, got)
		}
		if dig(document, "channels", "socket", "messages", event.Name) == nil {
			t.Errorf("%s is in no channel", event.Name)
		}
	}
	for name, message := range dig(document, "components", "messages").(map[string]any) {
		pointer := "/components/messages/" + name + "/payload"
		if dig(message, "payload") == nil {
			continue
		}
		examples, _ := dig(message, "examples").([]any)
		if len(examples) == 0 {
			t.Errorf("%s has no example", name)
			continue
		}
		if err := valid(pointer, dig(examples[0], "payload")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := dig(document, "servers", "parley"); dig(got, "host") != "chat.example.com" ||
		dig(got, "protocol") != "wss" || dig(got, "pathname") != "/socket.io/" {
		t.Errorf("the server is %v", got)
	}
	if got := dig(published(t, protocol.AsyncAPI("http://localhost:8080")), "servers", "parley",
		"protocol"); got != "ws" {
		t.Errorf("over http the protocol is %v", got)
	}
}

func TestOpenAPI_answersAreValidExamples(t *testing.T) {
	t.Parallel()
	document := published(t, protocol.OpenAPI("https://chat.example.com"))
	valid := checker(t, document)
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	names := map[string]bool{}
	for _, operation := range protocol.Operations {
		if names[operation.Name] {
			t.Errorf("two operations are called %s", operation.Name)
		}
		names[operation.Name] = true
		method := strings.ToLower(operation.Method)
		described, _ := dig(document, "paths", operation.Path, method).(map[string]any)
		pointer := "/paths/" + escape.Replace(operation.Path) + "/" + method
		for status, response := range dig(described, "responses").(map[string]any) {
			media := dig(response, "content", "application/json")
			if media == nil {
				continue
			}
			if err := valid(pointer+"/responses/"+status+"/content/application~1json/schema",
				dig(media, "example")); err != nil {
				t.Errorf("%s %s: %v", operation.Name, status, err)
			}
		}
		if body := dig(described, "requestBody", "content", "application/json"); body != nil {
			if err := valid(pointer+"/requestBody/content/application~1json/schema", dig(body, "example")); err != nil {
				t.Errorf("%s: %v", operation.Name, err)
			}
		}
		for _, parameter := range operation.Parameters {
			if parameter.Path != strings.Contains(operation.Path, "{"+parameter.Name+"}") {
				t.Errorf("%s: %s is elsewhere", operation.Name, parameter.Name)
			}
		}
	}
}

func TestSchemas_refuseWhatTheServerWouldNotSend(t *testing.T) {
	t.Parallel()
	document := published(t, protocol.AsyncAPI("https://chat.example.com"))
	valid := checker(t, document)
	for _, wrong := range []struct{ schema, value string }{
		{"MessageReceived", `{"id":"x"}`},
		{"Team", `{"agents":null,"online":0}`},
		{"AgentStatusChanged", `{"agent_id":"x","status":"open"}`},
		{"TypingIndicator", `{"conversation_id":"x","sender_type":"visitor"}`},
		{"SendMessage", `{"conversation_id":"x","content":"Hello"}`},
		{"SendMessage", `{"conversation_id":"x","content":"Hello","sender_type":"bot"}`},
		{"MessagesRead", `{"conversation_id":"x","message_ids":[],"reader_type":"agent","reader_id":"x","read_at":"2025-01-15T08:23:10Z"}`},
	} {
		if valid("/components/schemas/"+wrong.schema, decoded(t, []byte(wrong.value))) == nil {
			t.Errorf("%s takes %s", wrong.schema, wrong.value)
		}
	}
	for _, example := range protocol.RichMediaExamples {
		text, err := json.Marshal(map[string]any{"conversation_id": "x", "sender_type": "agent",
			"content": example.Content, "content_type": example.ContentType, "rich_media": example.RichMedia})
		if err != nil {
			t.Fatal(err)
		}
		if err := valid("/components/schemas/SendMessage", decoded(t, text)); err != nil {
			t.Errorf("%s: %v", example.Heading, err)
		}
	}
}

func TestFields_areInTheWordsOfTheGuide(t *testing.T) {
	t.Parallel()
	want := []protocol.Field{
		{Name: "id", Type: "string", Required: true, About: "UUID."},
		{
			Name:     "assigned_agent_id",
			Type:     "string | null",
			Required: true,
			About:    "User ID of the assigned agent.",
		},
		{
			Name:     "assigned_at",
			Type:     "ISO 8601 | null",
			Required: true,
			About:    "When an agent claimed it.",
		},
	}
	if diff := cmp.Diff(want, protocol.Fields(protocol.Assignment{})); diff != "" {
		t.Error(diff)
	}
	for _, event := range protocol.Events {
		for _, field := range protocol.Fields(event.Payload) {
			if field.About == "" || field.Type == "" {
				t.Errorf("%s: %s is not documented", event.Name, field.Name)
			}
		}
	}
	for _, operation := range protocol.Operations {
		if operation.Answer == nil || reflect.TypeOf(operation.Answer).Kind() != reflect.Struct {
			continue
		}
		for _, field := range protocol.Fields(operation.Answer) {
			if field.About == "" {
				t.Errorf("%s: %s is not documented", operation.Name, field.Name)
			}
		}
	}
	if protocol.Fields(nil) != nil {
		t.Error("an event without a payload has fields")
	}
}
