package handlers

import (
	"encoding/json"
	"net/http"
	"regexp"
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
