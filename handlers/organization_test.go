package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestSettings_languageAndZoneAreTakenWhereAReadersAreNotKnown(t *testing.T) {
	server, app, agent := testApp(t)
	admin := logIn(t, app, app.Demo.Admin)
	if r, body := post(t, server, app, "/company/settings", admin,
		url.Values{"name": {"Fern & Pot"}, "time_zone": {"Asia/Tokyo"},
			"language": {"de"}}); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %.300s", r.StatusCode, body)
	}
	widget := "/chat-widget?session_id=guest&embed_token=" + app.Demo.EmbedToken
	for accepted, spoken := range map[string]string{"": "de", "ko": "de", "fr-CA, en;q=0.5": "fr", "en": "en"} {
		_, body := ask(t, server, "GET", widget, "", "Accept-Language", accepted)
		if !strings.Contains(body, `lang="`+spoken+`"`) {
			t.Errorf("to %q it does not speak %s: %.200s", accepted, spoken, body)
		}
	}
	if _, body := ask(t, server, "GET", "/company/audit-log", admin); !strings.Contains(body, " JST</time>") {
		t.Errorf("no time of Tokyo in %.2000s", body)
	}
	if r, _ := post(t, server, app, "/company/settings", agent,
		url.Values{"name": {"Mine"}, "time_zone": {"UTC"}, "language": {"en"}}); r.StatusCode != http.StatusForbidden {
		t.Errorf("an agent: %d", r.StatusCode)
	}
}
