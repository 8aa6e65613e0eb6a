package handlers

import (
	"reflect"

	"github.com/gofiber/fiber/v2"

	"parley/handlers/protocol"
	"parley/views"
)

// developerGuidePage serves the integration guide with the address of this server, and with the embed token and channel
// that the reader chooses.
func (a *App) developerGuidePage(c *fiber.Ctx) error {
	page := views.DeveloperGuide{
		Layout:  a.layout(c, "Developer guide"),
		BaseURL: a.baseURL(c),
		Token:   views.PlaceholderToken,
		Calls:   guideCalls(),
		Events:  guideEvents(),
		Models:  guideModels(),
		Send:    guidePayload("", "", protocol.SendMessage{}),
	}
	for _, example := range protocol.RichMediaExamples {
		page.RichMedia = append(page.RichMedia, views.GuideExample{
			Heading: example.Heading,
			Text:    protocol.Indented(example.RichMessage),
		})
	}
	rows, err := a.EmbedTokens.List(c.UserContext(), identityOf(c).User, "", "")
	if err != nil {
		return err
	}
	prefixes := map[string]string{}
	for _, row := range rows {
		if row.Token.RevokedAt == nil {
			page.Tokens = append(page.Tokens, views.Choice{
				Label: row.Token.Name + " (" + row.Token.Prefix + "…)",
				Value: row.Token.ID,
			})
			prefixes[row.Token.ID] = row.Token.Prefix
		}
	}
	if page.TokenID = chosen(page.Tokens, c.Query("token")); page.TokenID != "" {
		page.Token = prefixes[page.TokenID] + "…"
	}
	channels, err := a.Channels.List(c.UserContext(), identityOf(c).User)
	if err != nil {
		return err
	}
	for _, row := range channels {
		page.Channels = append(page.Channels, views.Choice{
			Label: row.Bot.Name,
			Value: row.Channel.ID,
		})
	}
	page.ChannelID = chosen(page.Channels, c.Query("channel"))
	return render(c, fiber.StatusOK, views.DeveloperGuidePage(page), nil)
}

func guideCalls() []views.GuideCall {
	var calls []views.GuideCall
	for _, operation := range protocol.Operations {
		if operation.Alias {
			calls[len(calls)-1].About += " Also as " + operation.Path + "."
			continue
		}
		call := views.GuideCall{
			Heading: operation.Heading,
			Method:  operation.Method,
			Path:    operation.Path,
			About:   operation.About,
			Body:    protocol.Example(operation.Body),
			Answer:  protocol.Example(operation.Answer),
		}
		for _, parameter := range operation.Parameters {
			if !parameter.Path {
				call.Parameters = append(call.Parameters, views.GuideField{
					Name:     parameter.Name,
					Type:     parameter.TypeInWords(),
					Required: parameter.Required,
					Default:  parameter.Default,
					About:    parameter.About,
				})
			}
		}
		calls = append(calls, call)
	}
	return calls
}

func guideEvents() []views.GuideEvent {
	var events []views.GuideEvent
	for _, event := range protocol.Events {
		events = append(events, views.GuideEvent{
			Name:       event.Name,
			FromClient: event.Direction == protocol.ClientToServer,
			To:         event.To,
			About:      event.About,
			Fields:     guideFields(event.Payload),
		})
	}
	return events
}

func guideModels() []views.GuidePayload {
	return []views.GuidePayload{
		guidePayload("Conversation", "The top-level entity. One conversation per end user per channel. Multiple "+
			"sessions can exist over time (one per support interaction).", protocol.Conversation{}),
		guidePayload("Conversation Session", "Represents a single support interaction within a conversation. A "+
			"conversation moves through open → resolved, and a new session is created on the next end-user "+
			"message.", protocol.Session{}),
		guidePayload("Message", "What was said, by an end user, an agent or a bot.", protocol.MessageReceived{}),
	}
}

func guidePayload(heading, about string, payload any) views.GuidePayload {
	return views.GuidePayload{Heading: heading, About: about, Fields: guideFields(payload)}
}

func guideFields(payload any) []views.GuideField {
	var fields []views.GuideField
	for _, f := range protocol.Fields(payload) {
		fields = append(fields, views.GuideField{
			Name:     f.Name,
			Type:     f.Type,
			Required: f.Required && isSent(payload),
			About:    f.About,
		})
	}
	return fields
}

// isSent reports whether clients send a payload. In a payload that they receive, every field is present.
func isSent(payload any) bool {
	for _, event := range protocol.Events {
		if event.Direction == protocol.ClientToServer && event.Payload != nil &&
			reflect.TypeOf(event.Payload) == reflect.TypeOf(payload) {
			return true
		}
	}
	return false
}
