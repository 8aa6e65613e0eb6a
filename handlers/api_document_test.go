package handlers

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parley/handlers/protocol"
	"parley/services"
)

func TestAPIDocuments_holdEveryRouteOfTheGuideAndNoOther(t *testing.T) {
	server, _, _ := testApp(t)
	documented := map[string]bool{}
	parameter := regexp.MustCompile(`\{[a-z_]+\}`)
	for _, operation := range protocol.Operations {
		documented[operation.Method+" "+strings.TrimSuffix(parameter.ReplaceAllString(operation.Path, ":id"),
			"/")] = true
	}
	for _, route := range server.GetRoutes(true) {
		row := route.Method + " " + strings.TrimSuffix(route.Path, "/")
		if route.Method == http.MethodHead ||
			!strings.HasPrefix(route.Path, "/api/") && !strings.HasPrefix(route.Path, "/chat-widget") {
			continue
		}
		if !documented[row] {
			t.Errorf("%s is not documented", row)
		}
		delete(documented, row)
	}
	for row := range documented {
		t.Errorf("%s is documented, and no route", row)
	}
}

func TestAPIDocuments_areForAnybodyAndNameTheirServer(t *testing.T) {
	server, app, _ := testApp(t)
	app.BaseURL = "https://chat.example.com"
	for path, want := range map[string]string{"/openapi.json": `"url":"https://chat.example.com"`,
		"/asyncapi.json": `"host":"chat.example.com"`} {
		response, body := ask(t, server, "GET", path, "")
		if response.StatusCode != 200 || !strings.Contains(body, want) ||
			response.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s answers %d %.200s", path, response.StatusCode, body)
		}
	}
}

func TestRichMediaExamples_areWhatTheServerTakesAndStores(t *testing.T) {
	for _, example := range protocol.RichMediaExamples {
		given, err := json.Marshal(example.RichMedia)
		if err != nil {
			t.Fatal(err)
		}
		body, err := services.ParseBody(example.ContentType, example.Content, given)
		if err != nil {
			t.Errorf("%s: %v", example.Heading, err)
			continue
		}
		if diff := cmp.Diff(string(given), string(body.JSON())); diff != "" {
			t.Errorf("%s is stored otherwise: %s", example.Heading, diff)
		}
	}
}

// A number of the query is taken from its least to its most, and a client that leaves it out gets its default.
func TestOperations_numbersHaveTheLimitsOfTheDocument(t *testing.T) {
	d := newDesk(t)
	id := d.conversation("Jo", "Hello")
	numbers := 0
	for _, operation := range protocol.Operations {
		for _, parameter := range operation.Parameters {
			if parameter.Most == 0 {
				continue
			}
			numbers++
			for value, status := range map[int]int{parameter.Least - 1: 400, parameter.Least: 200, parameter.Most: 200,
				parameter.Most + 1: 400} {
				path := strings.ReplaceAll(operation.Path, "{conversation_id}", id)
				path += "?external_id=id+of+Jo&" + parameter.Name + "=" + strconv.Itoa(value)
				if response, body := d.page(path); response.StatusCode != status {
					t.Errorf("%s answers %d: %s", path, response.StatusCode, body)
				}
			}
		}
	}
	if numbers < 5 {
		t.Errorf("%d numbers: are they found?", numbers)
	}
}
