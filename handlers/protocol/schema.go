package protocol

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"parley/models"
)

// Schema is a JSON Schema of draft 2020-12, which OpenAPI 3.1 and AsyncAPI 3 both take. It is read off the Go type that
// is sent, so that a document cannot promise another form.
type Schema map[string]any

// Field is one field of a payload, for tables.
type Field struct {
	Name     string
	Type     string
	Required bool
	About    string
}

// abouts says what a field means: under one name the same everywhere, unless a type's own meaning is listed.
var abouts = map[string]string{
	"id":               "UUID.",
	"conversation_id":  "The conversation's UUID.",
	"session_id":       "UUID of the conversation session.",
	"content":          "Text body or caption. It may be empty where there is rich_media.",
	"content_type":     "What kind of message it is. Default: text.",
	"rich_media":       "What goes with the content type; null for plain text.",
	"sender_type":      "Who sends.",
	"sender_id":        "external_id for end users; UUID of the user or bot.",
	"sender_name":      "Name of the agent or bot.",
	"sender_photo_url": "Their photo, relative to the base URL. Missing: they have none.",
	"photo_url":        "The agent's photo, relative to the base URL. Missing: none is known.",
	"external_id":      "The session identifier that identifies the end user.",
	"client_id": "The sender's own id of the message, at most 64 characters: sent again it is stored " +
		"once.",
	"seq":                       "Number of the message in its conversation: 1, 2, 3 … without a hole.",
	"created_at":                "When it was made.",
	"updated_at":                "Bumped on every new message.",
	"read_by":                   "Who has read the message, and when, by the reader's id.",
	"read_at":                   "When it was read.",
	"reader_type":               "Who has read.",
	"reader_id":                 "external_id for end users; UUID of the user.",
	"message_ids":               "UUIDs of messages.",
	"page_url":                  "Where the end user is: absolute, http or https.",
	"page_title":                "Title of that page.",
	"time_zone":                 "IANA name, as in Europe/Berlin.",
	"language":                  "BCP 47, as in de-AT.",
	"viewing":                   "false: no longer.",
	"preview":                   "The message in words, whatever its type.",
	"assigned_to":               "UUID of the agent.",
	"Welcome.assigned_to":       "Who has claimed the open session; null for nobody.",
	"agent_id":                  "UUID of the agent.",
	"agent":                     "Who answers from now on.",
	"agents":                    "UUIDs of the agents who are online.",
	"Team.agents":               "Up to twenty agents who are online, by name.",
	"online":                    "How many agents are online.",
	"team":                      "Who is there; missing where it is not known.",
	"last_seq":                  "seq of the newest message; 0 for none.",
	"status":                    "Whether the session is open.",
	"AgentStatusChanged.status": "Whether the agent is there.",
	"tags":                      "Labels of the session: each 1 to 50 characters, at most 20.",
	"message":                   "What went wrong, in a sentence.",
	"Sent.message":              "The message as it was stored.",
	"error":                     "What went wrong, as a code.",
	"ok":                        "Whether the event was accepted.",
	"duplicate":                 "The client_id was known: this is the stored message, and nothing new was stored.",
	"retry_after_ms":            "With rate_limited: how long to wait.",
	"end_user":                  "The person who wrote.",
	"display_name":              "Name of the end user; may be empty.",
	"channel_id":                "The channel (webchat or mobile_sdk) the conversation belongs to.",
	"organization_id":           "Owning organization: used for all access checks.",
	"active_session":            "The open session, or null if resolved.",
	"assigned_agent_id":         "User ID of the assigned agent.",
	"first_message_at":          "When the first message came.",
	"assigned_at":               "When an agent claimed it.",
	"resolved_at":               "When it was resolved.",
	"name":                      "What it is called.",
	"url":                       "Absolute, http or https.",
	"alt":                       "What the image shows, for those who do not see it.",
	"filename":                  "Name of the file, without a path.",
	"size":                      "Bytes.",
	"mime_type":                 "Media type of the file.",
	"buttons":                   "What can be tapped: each a label and a value.",
	"cards":                     "One to ten cards.",
	"options":                   "What can be picked: each a label and a value.",
	"placeholder":               "Shown until something is picked.",
	"image_url":                 "Absolute, http or https.",
	"title":                     "Heading of the card.",
	"subtitle":                  "Text below it.",
	"label":                     "What the end user reads.",
	"value":                     "What a bot matches on.",
	"selected":                  "What this message picks.",
	"message_id":                "UUID of the message that offered it.",
}

// enums are the values a field may have, by the same names.
var enums = map[string][]string{
	"content_type":              {"text", "image", "file", "quick_button", "carousel", "dropdown"},
	"sender_type":               {"end_user", "agent"}, // what a client may say; models.SenderType knows the bot too
	"status":                    {"open", "resolved"},
	"AgentStatusChanged.status": {"online", "offline"},
	"error": {"invalid_request", "unauthorized", "forbidden", "not_found", "conflict", "too_large",
		"rate_limited", "internal", "unavailable"},
}

// unset are times that have not come yet in some records: null until then.
var unset = []string{"first_message_at", "assigned_at", "resolved_at"}

var (
	timeType   = reflect.TypeFor[Time]()
	rawType    = reflect.TypeFor[json.RawMessage]()
	jsonType   = reflect.TypeFor[models.JSON]()
	senderType = reflect.TypeFor[models.SenderType]()
)

// schemas collects what Ref points to.
type schemas map[string]Schema

// ref is a reference to the schema of a payload, which is added when it is missing.
func (s schemas) ref(payload any) Schema { return s.of("", "", reflect.TypeOf(payload), false) }

// of is the schema of a field of type t. omits: a nil pointer leaves the field out, and is never null.
func (s schemas) of(owner, name string, t reflect.Type, omits bool) Schema {
	switch {
	case t == timeType && slices.Contains(unset, name):
		return Schema{"type": []string{"string", "null"}, "pattern": timePattern}
	case t == timeType:
		return Schema{"type": "string", "pattern": timePattern}
	case t == rawType || t == jsonType:
		forms := []Schema{{"type": "null"}}
		for _, form := range richMedia {
			forms = append(forms, s.ref(form))
		}
		return Schema{"anyOf": forms}
	case t == senderType:
		return Schema{"type": "string", "enum": []string{"end_user", "agent", "bot"}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		inner := s.of(owner, name, t.Elem(), false)
		if omits {
			return inner
		}
		return Schema{"anyOf": []Schema{inner, {"type": "null"}}}
	case reflect.Struct:
		return s.object(t)
	case reflect.Slice:
		return Schema{"type": "array", "items": s.of("", "", t.Elem(), false)}
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": s.of("", "", t.Elem(), false)}
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return Schema{"type": "integer"}
	}
	if values := lookUp(enums, owner, name); values != nil {
		return Schema{"type": "string", "enum": values}
	}
	return Schema{"type": "string"}
}

func (s schemas) object(t reflect.Type) Schema {
	if _, known := s[t.Name()]; !known {
		schema := Schema{"type": "object"}
		s[t.Name()] = schema // before its fields: a type may hold itself
		properties, required := map[string]Schema{}, []string{}
		for _, f := range fieldsOf(t) {
			property := s.of(f.owner, f.name, f.Type, f.omits)
			if about := lookUp(abouts, f.owner, f.name); about != "" {
				property["description"] = about
			}
			properties[f.name] = property
			if !f.optional {
				required = append(required, f.name)
			}
		}
		schema["properties"] = properties
		if len(required) > 0 {
			schema["required"] = required
		}
	}
	return Schema{"$ref": "#/components/schemas/" + t.Name()}
}

// Fields are the fields of a payload in their order; none for nil.
func Fields(payload any) []Field {
	if payload == nil {
		return nil
	}
	var fields []Field
	for _, f := range fieldsOf(reflect.TypeOf(payload)) {
		fields = append(fields, Field{
			Name:     f.name,
			Type:     typeInWords(f.owner, f.name, f.Type, f.omits),
			Required: !f.optional,
			About:    lookUp(abouts, f.owner, f.name),
		})
	}
	return fields
}

// typeInWords is a type as the guide's tables write it: "UUID | null", "string[]", "end_user | agent".
func typeInWords(owner, name string, t reflect.Type, omits bool) string {
	schema := schemas{}.of(owner, name, t, omits)
	switch {
	case t == timeType && slices.Contains(unset, name):
		return "ISO 8601 | null"
	case t == timeType:
		return "ISO 8601"
	case t == rawType || t == jsonType:
		return "object | null"
	case t.Kind() == reflect.Pointer && omits:
		return typeInWords(owner, name, t.Elem(), false)
	case t.Kind() == reflect.Pointer:
		return typeInWords(owner, name, t.Elem(), false) + " | null"
	case t.Kind() == reflect.Slice:
		return typeInWords("", "", t.Elem(), false) + "[]"
	case t.Kind() == reflect.Struct, t.Kind() == reflect.Map:
		return "object"
	case schema["enum"] != nil:
		return strings.Join(schema["enum"].([]string), " | ")
	}
	return schema["type"].(string)
}

// jsonField is a field of a type or of one it embeds. owner is the type that declares it.
type jsonField struct {
	reflect.StructField
	owner, name string
	omits       bool // left out when it is empty
	optional    bool // may be missing, for that or because what embeds it was nil
}

// fieldsOf lists what encoding/json writes. Of an embedded pointer nothing need be there.
func fieldsOf(t reflect.Type) []jsonField {
	var fields []jsonField
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous {
			embedded, maybe := field.Type, field.Type.Kind() == reflect.Pointer
			if maybe {
				embedded = embedded.Elem()
			}
			for _, inner := range fieldsOf(embedded) {
				inner.optional = inner.optional || maybe
				fields = append(fields, inner)
			}
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields = append(fields, jsonField{
			StructField: field,
			owner:       t.Name(),
			name:        name,
			omits:       options == "omitempty",
			optional:    options == "omitempty",
		})
	}
	return fields
}

// lookUp prefers what is said of the field of this type.
func lookUp[V any](table map[string]V, owner, name string) V {
	if own, ok := table[owner+"."+name]; ok {
		return own
	}
	return table[name]
}

// timePattern is TimeFormat as a regular expression.
const timePattern = `^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}$`
