package handlers

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"parley/services"
)

func TestLogin_isFoundAtTheObviousAddress(t *testing.T) {
	server, _, _ := testApp(t)
	response, _ := ask(t, server, http.MethodGet, "/login", "")
	if to := response.Header.Get("Location"); response.StatusCode != http.StatusSeeOther || to != "/auth/login" {
		t.Errorf("%d to %s", response.StatusCode, to)
	}
}

func TestLogin_leadsToOwnPagesOnly(t *testing.T) {
	server, _, cookie := testApp(t)
	for next, want := range map[string]string{
		"/inbox/1?filter=all":  "/inbox/1?filter=all",
		"":                     "/inbox",
		"inbox":                "/inbox",
		"//evil.example":       "/inbox",
		"/\\evil.example":      "/inbox",
		"\\\\evil.example":     "/inbox",
		"/\t/evil.example":     "/inbox",
		"https://evil.example": "/inbox",
		"javascript:alert(1)":  "/inbox",
	} {
		response, _ := ask(t, server, http.MethodGet, "/auth/login?next="+url.QueryEscape(next), cookie)
		if to := response.Header.Get("Location"); to != want {
			t.Errorf("%q leads to %q", next, to)
		}
	}
}

// The password alone opens nothing when there is a second factor: it leads to the page that asks for the code, and from
// there to where one wanted to go.
func TestLogin_leadsToTheSecondFactor(t *testing.T) {
	server, app, cookie := testApp(t)
	identity, err := app.WebSessions.Identify(t.Context(), cookie)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.SecondFactors.Begin(t.Context(), identity.User); err != nil {
		t.Fatal(err)
	}
	setup, err := app.SecondFactors.Setup(t.Context(), identity.User)
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(setup.Secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	recovery, err := app.SecondFactors.Confirm(t.Context(), identity, services.Confirmation{
		Password: app.Demo.Agent.Password,
		Code:     code,
	})
	if err != nil {
		t.Fatal(err)
	}

	form := url.Values{"email": {app.Demo.Agent.Email}, "password": {app.Demo.Agent.Password},
		"next": {"/inbox?filter=all"}, "csrf_token": {app.WebSessions.CSRFToken("fresh")}}
	request := httptest.NewRequest(http.MethodPost, "/auth/login", strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Cookie", "session=fresh")
	response, err := server.Test(request, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if to := response.Header.Get("Location"); response.StatusCode != http.StatusSeeOther ||
		to != "/auth/second-factor?next="+url.QueryEscape("/inbox?filter=all") {
		t.Fatalf("%d to %s", response.StatusCode, to)
	}
	waiting := response.Cookies()[0].Value
	if got, _ := ask(t, server, http.MethodGet, "/api/conversations/",
		waiting); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("before the code the API answers %d", got.StatusCode)
	}
	if got, _ := ask(t, server, http.MethodGet, "/inbox", waiting); got.StatusCode != http.StatusSeeOther {
		t.Errorf("before the code the inbox answers %d", got.StatusCode)
	}
	fresh, err := app.WebSessions.LogInWithCode(t.Context(), waiting, recovery[0], services.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := ask(t, server, http.MethodGet, "/inbox", fresh.Token); got.StatusCode != http.StatusOK {
		t.Errorf("after the code the inbox answers %d", got.StatusCode)
	}
}
