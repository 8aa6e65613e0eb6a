package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/models/modelstest"
)

// soon is how long an answer may take when the database does not answer.
const soon = 3 * time.Second

func TestAnswers_comeSoonWhenTheDatabaseHangs(t *testing.T) {
	t.Parallel()
	link, db := modelstest.OpenLinked(t, "")
	server, _, cookie := testAppOn(t, db)
	if response, _ := ask(t, server, http.MethodGet, "/inbox", cookie); response.StatusCode != http.StatusOK {
		t.Fatalf("before: %d", response.StatusCode)
	}
	link.Hang()
	done := make(chan struct{})
	requests := [][2]string{
		{http.MethodGet, "/api/conversations/"}, {http.MethodPost, "/api/conversations/" + models.NewID() + "/assign"},
		{http.MethodGet, "/inbox"}, {http.MethodGet, "/nowhere"}, {http.MethodGet, "/auth/login"},
		{http.MethodGet, "/chat-widget/history/" + models.NewID() + "?external_id=x"},
	}
	for _, request := range requests {
		go func() {
			defer func() { done <- struct{}{} }()
			start := time.Now()
			response, body := ask(t, server, request[0], request[1], cookie)
			if took := time.Since(start); took > soon {
				t.Errorf("%s takes %v", request, took)
			}
			if request[1] == "/nowhere" { // shows the page without the navigation
				return
			}
			if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") != "3" ||
				!strings.Contains(body, "do this right now. Please try again in a moment.") {
				t.Errorf("%s: %d, Retry-After %q, %s", request, response.StatusCode, response.Header.Get("Retry-After"), body)
			}
		}()
	}
	for range requests {
		<-done
	}
	link.Resume()
	for response, _ := ask(t, server, http.MethodGet, "/inbox", cookie); response.StatusCode != http.StatusOK; {
		response, _ = ask(t, server, http.MethodGet, "/inbox", cookie)
		if t.Context().Err() != nil {
			t.Fatal("it does not come back")
		}
	}
}
