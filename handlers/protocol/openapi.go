package protocol

import (
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
)

// APIVersion is the version of the integration guide.
const APIVersion = "1.0"

// Operation is one call of the REST API, with the types of its body and answer.
type Operation struct {
	Method     string
	Path       string // with {parameters}
	Name       string // operationId
	Heading    string
	About      string
	Agent      bool // whether the call needs the cookie of a login
	Parameters []Parameter
	Body       any // a value of its type, or nil
	Answer     any // a value of its type, or a media type as a string
	Refusals   []int
	Alias      bool // whether it is another path of the operation before it
}

// Parameter is a parameter of the query, or of the path if Path is set.
type Parameter struct {
	Name     string
	Path     bool
	Required bool
	Default  string
	Least    int
	Most     int // if not 0, the parameter is a number from Least to Most
	Values   []string
	About    string
}

var (
	conversationParameter = Parameter{
		Name:     "conversation_id",
		Path:     true,
		Required: true,
		About:    "UUID of the conversation.",
	}
	externalIDParameter = Parameter{
		Name:     "external_id",
		Required: true,
		About:    "Must match the conversation's end user.",
	}
	embedTokenParameter = Parameter{
		Name:  "embed_token",
		About: "The token that the widget was opened with. Default: the one that opened the conversation last.",
	}
	messagePage = []Parameter{conversationParameter, MessageLimit, Offset, BeforeSeq, AfterSeq}
)

// The numbers in queries. Handlers read them with these parameters, so that limits and documents agree.
var (
	ConversationLimit = Parameter{
		Name:    "limit",
		Default: "100",
		Least:   1,
		Most:    200,
		About:   "Maximum number of conversations to return.",
	}
	MessageLimit = Parameter{
		Name:    "limit",
		Default: "50",
		Least:   1,
		Most:    200,
		About:   "Maximum number of messages to return.",
	}
	Offset = Parameter{
		Name:    "offset",
		Default: "0",
		Most:    math.MaxInt32,
		About:   "How many of the newest messages to skip: offset 0 is the latest page.",
	}
	BeforeSeq = Parameter{
		Name:  "before_seq",
		Most:  math.MaxInt32,
		About: "Only messages before this seq.",
	}
	AfterSeq = Parameter{
		Name:  "after_seq",
		Most:  math.MaxInt32,
		About: "Only messages after this seq.",
	}
)

// WidgetHistoryLimit is the most messages that the widget's history returns.
const WidgetHistoryLimit = 100

// Operations are the calls of the REST API, in the order of the integration guide.
var Operations = []Operation{
	{
		Method:  http.MethodGet,
		Path:    "/api/conversations/",
		Name:    "listConversations",
		Heading: "List Conversations",
		Agent:   true,
		About:   "Newest first. If there is another page, the header Link has its URL with rel=\"next\".",
		Parameters: []Parameter{{
			Name:    "filter",
			Default: "unassigned",
			Values:  []string{"unassigned", "mine", "all"},
			About: "unassigned: open sessions with no agent. mine: sessions assigned to the calling agent. all: " +
				"every conversation in the organization.",
		}, ConversationLimit, {
			Name:  "cursor",
			About: "From the Link header of the previous page.",
		}},
		Answer:   []Conversation{},
		Refusals: []int{400, 401},
	},
	{
		Method:     http.MethodGet,
		Path:       "/api/conversations/{conversation_id}",
		Name:       "getConversation",
		Heading:    "Get Conversation",
		Agent:      true,
		About:      "One conversation, in the form of the list items.",
		Parameters: []Parameter{conversationParameter},
		Answer:     Conversation{},
		Refusals:   []int{401, 404},
	},
	{
		Method:  http.MethodGet,
		Path:    "/api/conversations/{conversation_id}/messages",
		Name:    "listMessages",
		Heading: "Message History",
		Agent:   true,
		About: "A page of messages in chronological order: counted back from the newest message, or before or after " +
			"a seq.",
		Parameters: messagePage,
		Answer:     []HistoryMessage{},
		Refusals:   []int{400, 401, 404},
	},
	{
		Method:     http.MethodGet,
		Path:       "/api/conversations/{conversation_id}/history",
		Name:       "listHistory",
		Heading:    "Message History",
		Agent:      true,
		Alias:      true,
		About:      "The same at another path.",
		Parameters: messagePage,
		Answer:     []HistoryMessage{},
		Refusals:   []int{400, 401, 404},
	},
	{
		Method:  http.MethodPost,
		Path:    "/api/conversations/{conversation_id}/assign",
		Name:    "assignConversation",
		Heading: "Assignment Process",
		Agent:   true,
		About: "Claims the conversation for the calling agent. If several agents claim it at once, one gets 200 and " +
			"the others 409.",
		Parameters: []Parameter{conversationParameter},
		Answer:     Assignment{},
		Refusals:   []int{401, 403, 404, 409},
	},
	{
		Method:     http.MethodPost,
		Path:       "/api/conversations/{conversation_id}/release",
		Name:       "releaseConversation",
		Heading:    "Assignment Process",
		Agent:      true,
		About:      "Unassigns the calling agent.",
		Parameters: []Parameter{conversationParameter},
		Answer:     Assignment{},
		Refusals:   []int{401, 403, 404, 409},
	},
	{
		Method:     http.MethodPost,
		Path:       "/api/conversations/{conversation_id}/resolve",
		Name:       "resolveConversation",
		Heading:    "Resolve Conversation",
		Agent:      true,
		About:      "Resolves the open session and adds the tags in the body to it.",
		Parameters: []Parameter{conversationParameter},
		Body:       Tags{},
		Answer:     Resolution{},
		Refusals:   []int{400, 401, 403, 404, 409},
	},
	{
		Method:     http.MethodPost,
		Path:       "/api/conversations/{conversation_id}/reopen",
		Name:       "reopenConversation",
		Heading:    "Resolve Conversation",
		Agent:      true,
		About:      "Reopens the newest session, with its agent and tags.",
		Parameters: []Parameter{conversationParameter},
		Answer:     Resolution{},
		Refusals:   []int{401, 403, 404, 409},
	},
	{
		Method:     http.MethodPost,
		Path:       "/api/conversations/{conversation_id}/tag",
		Name:       "tagConversation",
		Heading:    "Resolve Conversation",
		Agent:      true,
		About:      "Replaces the open session's tags.",
		Parameters: []Parameter{conversationParameter},
		Body:       Tags{},
		Answer:     Tagging{},
		Refusals:   []int{400, 401, 403, 404, 409},
	},
	{
		Method:     http.MethodPost,
		Path:       "/api/conversations/{conversation_id}/tags",
		Name:       "tagConversationToo",
		Heading:    "Resolve Conversation",
		Agent:      true,
		Alias:      true,
		About:      "The same at another path.",
		Parameters: []Parameter{conversationParameter},
		Body:       Tags{},
		Answer:     Tagging{},
		Refusals:   []int{400, 401, 403, 404, 409},
	},
	{
		Method:  http.MethodGet,
		Path:    "/chat-widget/history/{conversation_id}",
		Name:    "widgetHistory",
		Heading: "Message History",
		About: fmt.Sprintf("For end users: the last %d messages, in chronological order, or those before or after a "+
			"seq.", WidgetHistoryLimit),
		Parameters: []Parameter{conversationParameter, externalIDParameter, embedTokenParameter, BeforeSeq, AfterSeq},
		Answer:     []WidgetMessage{},
		Refusals:   []int{400, 403, 404},
	},
	{
		Method:  http.MethodGet,
		Path:    "/chat-widget",
		Name:    "openWidget",
		Heading: "Web Embed Widget",
		About: "The chat page, for an iframe or a WebView. Its root element carries data-conversation-id and " +
			"data-external-id.",
		Parameters: []Parameter{
			{
				Name:     "embed_token",
				Required: true,
				About:    "From Integration → Web Chat or Mobile SDK.",
			},
			{
				Name: "session_id",
				About: "Your own user or session identifier, which becomes the end user's external_id. Anyone who " +
					"knows it can read the conversation, so it must be hard to guess. If it is missing, the server " +
					"creates a random one.",
			},
			{Name: "customer_name", About: "The end user's display name."},
			{Name: "title", About: "The title in the widget's header. Default: Chat with us."},
			{Name: "lang", About: "The widget's language, such as de-AT. Default: the browser's."},
		},
		Answer:   "text/html",
		Refusals: []int{400, 403, 429},
	},
	{
		Method:  http.MethodGet,
		Path:    "/chat-widget/embed.js",
		Name:    "loader",
		Heading: "Web Embed Widget",
		About:   "The loader for the script tag.",
		Answer:  "text/javascript",
	},
}

var refusals = map[int]string{
	400: "Missing or invalid request parameter.",
	401: "Not authenticated: no valid browser session cookie.",
	403: "Authenticated but not authorized: wrong organization, role too low, CSRF token missing, embed token or " +
		"external_id invalid.",
	404: "Resource not found or not visible to this organization.",
	409: "Conflict, such as resolving a conversation that is already resolved.",
	429: "Too many requests from one address. Wait for the seconds in Retry-After.",
}

// OpenAPI returns an OpenAPI 3.1 document of the REST API of the installation at baseURL.
func OpenAPI(baseURL string) map[string]any {
	components := schemas{}
	paths := map[string]map[string]any{}
	for _, operation := range Operations {
		if paths[operation.Path] == nil {
			paths[operation.Path] = map[string]any{}
		}
		paths[operation.Path][strings.ToLower(operation.Method)] = operation.document(components)
	}
	return map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{"title": "Parley", "version": APIVersion,
			"license": map[string]string{"name": "MIT", "identifier": "MIT"},
			"description": "Conversations for agents, and the widget for end users. Messages are sent over " +
				"Socket.IO: see " + baseURL + "/asyncapi.json."},
		"servers": []any{map[string]any{"url": baseURL}},
		"paths":   paths,
		"components": map[string]any{
			"schemas": components,
			"securitySchemes": map[string]any{
				"session": map[string]any{"type": "apiKey", "in": "cookie", "name": "session",
					"description": "Set by logging in at /auth/login."},
				"csrf": map[string]any{"type": "apiKey", "in": "header", "name": "X-CSRFToken",
					"description": "From the meta element csrf-token of any page."},
			},
		},
	}
}

func (o Operation) document(components schemas) map[string]any {
	parameters := []any{}
	for _, parameter := range o.Parameters {
		parameters = append(parameters, parameter.document())
	}
	responses := map[string]any{"200": map[string]any{"description": "OK",
		"content": answerContent(components, o.Answer)}}
	for _, status := range o.Refusals {
		media := answerContent(components, APIError{})
		if o.Answer == "text/html" {
			media = answerContent(components, "text/html")
		}
		responses[strconv.Itoa(status)] = map[string]any{"description": refusals[status], "content": media}
	}
	security := []map[string][]string{}
	if o.Agent {
		needs := map[string][]string{"session": {}}
		if o.Method != http.MethodGet {
			needs["csrf"] = []string{}
		}
		security = append(security, needs)
	}
	document := map[string]any{"operationId": o.Name, "tags": []string{o.Heading}, "summary": o.About,
		"parameters": parameters, "responses": responses, "security": security}
	if o.Body != nil {
		document["requestBody"] = map[string]any{"required": o.Name != "resolveConversation",
			"content": answerContent(components, o.Body)}
	}
	return document
}

func (p Parameter) document() map[string]any {
	in, schema := "query", map[string]any{"type": "string"}
	if p.Path {
		in = "path"
	}
	if p.Most > 0 {
		schema = map[string]any{"type": "integer", "minimum": p.Least, "maximum": p.Most}
	}
	if p.Values != nil {
		schema["enum"] = p.Values
	}
	if number, err := strconv.Atoi(p.Default); err == nil {
		schema["default"] = number
	} else if p.Default != "" {
		schema["default"] = p.Default
	}
	return map[string]any{"name": p.Name, "in": in, "required": p.Required, "description": p.About, "schema": schema}
}

// TypeInWords returns the parameter's type as the tables of the developer guide write it.
func (p Parameter) TypeInWords() string {
	switch {
	case p.Values != nil:
		return strings.Join(p.Values, " | ")
	case p.Most == math.MaxInt32:
		return "number"
	case p.Most > 0:
		return fmt.Sprintf("%d–%d", p.Least, p.Most)
	}
	return "string"
}

// answerContent returns the content of an answer: of the type of answer, or of the media type that it names.
func answerContent(components schemas, answer any) map[string]any {
	if media, ok := answer.(string); ok {
		return map[string]any{media: map[string]any{"schema": Schema{"type": "string"}}}
	}
	content := map[string]any{"schema": components.ref(answer)}
	if example := exampleOf(reflect.TypeOf(answer)); example != nil {
		content["example"] = example
	}
	return map[string]any{"application/json": content}
}
