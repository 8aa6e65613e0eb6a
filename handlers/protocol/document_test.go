package protocol_test

import (
	"strings"
	"testing"

	"parley/handlers/protocol"
)

// everyMap calls see with every object of a document, and where it is.
func everyMap(value any, at string, see func(at string, object map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		see(at, value)
		for key, inner := range value {
			everyMap(inner, at+"/"+key, see)
		}
	case []any:
		for _, inner := range value {
			everyMap(inner, at, see)
		}
	}
}

// resolve is what a reference within a document points at, or nil.
func resolve(document any, reference string) any {
	path, local := strings.CutPrefix(reference, "#/")
	if !local {
		return nil
	}
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(parts[i])
	}
	return dig(document, parts...)
}

func TestDocuments_referToWhatIsThere(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]map[string]any{"OpenAPI": protocol.OpenAPI("https://chat.example.com"),
		"AsyncAPI": protocol.AsyncAPI("https://chat.example.com")} {
		document := published(t, document)
		references := 0
		everyMap(document, "#", func(at string, object map[string]any) {
			reference, ok := object["$ref"].(string)
			if !ok {
				return
			}
			references++
			if resolve(document, reference) == nil {
				t.Errorf("%s: %s refers to %s, which is not there", name, at, reference)
			}
			if len(object) > 1 && !strings.Contains(at, "/schema") {
				t.Errorf("%s: what is next to the reference at %s is ignored", name, at)
			}
		})
		if references == 0 {
			t.Errorf("%s has no references: is it read rightly?", name)
		}
		if dig(document, "info", "title") == nil || dig(document, "info", "version") == nil {
			t.Errorf("%s has no title or version", name)
		}
	}
}

func TestOpenAPI_hasTheFormOf31(t *testing.T) {
	t.Parallel()
	document := published(t, protocol.OpenAPI("https://chat.example.com"))
	if version, _ := document["openapi"].(string); !strings.HasPrefix(version, "3.1.") {
		t.Errorf("openapi: %q", version)
	}
	schemes, _ := dig(document, "components", "securitySchemes").(map[string]any)
	for path, item := range dig(document, "paths").(map[string]any) {
		if !strings.HasPrefix(path, "/") {
			t.Errorf("the path %s begins without a slash", path)
		}
		for method, operation := range item.(map[string]any) {
			if !strings.Contains(" get post put patch delete ", " "+method+" ") {
				t.Errorf("%s has a %s", path, method)
			}
			responses, _ := dig(operation, "responses").(map[string]any)
			for status, response := range responses {
				if len(status) != 3 || dig(response, "description") == nil && dig(response, "$ref") == nil {
					t.Errorf("%s %s: the response %s has no description", method, path, status)
				}
			}
			if len(responses) == 0 || dig(operation, "operationId") == nil {
				t.Errorf("%s %s has no responses, or no name", method, path)
			}
			parameters, _ := dig(operation, "parameters").([]any)
			for _, parameter := range parameters {
				where := dig(parameter, "in")
				if dig(parameter, "name") == nil || dig(parameter, "schema") == nil ||
					where == "path" && dig(parameter, "required") != true {
					t.Errorf("%s %s: %v", method, path, parameter)
				}
			}
			security, _ := dig(operation, "security").([]any)
			for _, needed := range security {
				for scheme := range needed.(map[string]any) {
					if schemes[scheme] == nil {
						t.Errorf("%s %s needs %s, which is not described", method, path, scheme)
					}
				}
			}
		}
	}
}

func TestAsyncAPI_hasTheFormOf3(t *testing.T) {
	t.Parallel()
	document := published(t, protocol.AsyncAPI("https://chat.example.com"))
	if version, _ := document["asyncapi"].(string); !strings.HasPrefix(version, "3.") {
		t.Errorf("asyncapi: %q", version)
	}
	for name, operation := range dig(document, "operations").(map[string]any) {
		if action := dig(operation, "action"); action != "send" && action != "receive" {
			t.Errorf("%s: the action is %v", name, action)
		}
		channel, _ := dig(operation, "channel", "$ref").(string)
		if !strings.HasPrefix(channel, "#/channels/") {
			t.Errorf("%s is on %q", name, channel)
		}
		messages, _ := dig(operation, "messages").([]any)
		for _, message := range messages { // of an operation's messages the specification wants those of its channel
			if reference, _ := dig(message, "$ref").(string); !strings.HasPrefix(reference, channel+"/messages/") {
				t.Errorf("%s: the message %s is none of its channel", name, reference)
			}
		}
	}
}
