package services_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley/models"
	"parley/services"
)

func (w *world) open(request services.WidgetRequest) services.OpenedWidget {
	w.Helper()
	opened, err := w.Widget.Open(w.Context(), request)
	w.ok(err)
	return opened
}

func TestOpen_refusesATokenThatIsMissingUnknownOrRevoked(t *testing.T) {
	each(t, func(w *world) {
		revoked := w.newToken(w.webchat)
		w.ok(w.db.Write.Model(&models.EmbedToken{}).Where("token_hash = ?", services.HashToken(revoked)).
			Update("revoked_at", w.clock.Now()).Error)
		for _, token := range []string{"", "ew_unknown", revoked, w.token + "x", strings.ToUpper(w.token),
			services.HashToken(w.token)} {
			_, err := w.Widget.Open(w.Context(), services.WidgetRequest{
				EmbedToken: token,
				ExternalID: "jo",
			})
			w.refused(services.Forbidden, err)
		}
		if n := w.count(&models.EndUser{}, "1 = 1"); n != 0 {
			w.Errorf("%d end users were made", n)
		}
	})
}

func TestOpen_checksTheOrigin(t *testing.T) {
	each(t, func(w *world) {
		token := w.newToken(w.webchat, "https://shop.example", "http://localhost:3000")
		for origin, allowed := range map[string]bool{
			"":                                true, // the browser sends none: frame-ancestors decides
			"https://shop.example":            true,
			"https://shop.example/cart?x=1":   true, // a Referer
			"https://SHOP.example:443/":       true,
			"http://localhost:3000":           true,
			"http://shop.example":             false,
			"https://shop.example:8443":       false,
			"https://shop.example.evil.com":   false,
			"https://evil.com/shop.example":   false,
			"https://shop.example@evil.com/":  false,
			"http://localhost":                false,
			"null":                            false,
			"shop.example":                    false,
			"file:///shop.example":            false,
			"https://sub.shop.example":        false,
			"javascript://shop.example/%0aX=": false,
		} {
			for _, request := range []services.WidgetRequest{{Origin: origin}, {Referer: origin}, {
				Origin:  "https://shop.example",
				Referer: origin,
			}} {
				request.EmbedToken, request.ExternalID = token, "jo"
				opened, err := w.Widget.Open(w.Context(), request)
				if !allowed {
					w.refused(services.Forbidden, err)
				} else if w.ok(err); !slices.Equal(opened.AllowedOrigins,
					[]string{"https://shop.example", "http://localhost:3000"}) {
					w.Errorf("%q: frame-ancestors from %v", origin, opened.AllowedOrigins)
				}
			}
		}
		if opened := w.open(services.WidgetRequest{
			EmbedToken: w.token,
			Origin:     "https://anywhere.example",
		}); len(opened.AllowedOrigins) != 0 {
			w.Errorf("a token without a list allows only %v", opened.AllowedOrigins)
		}
	})
}

func TestOpen_opensOneConversationPerEndUserAndChannel(t *testing.T) {
	each(t, func(w *world) {
		first := w.open(services.WidgetRequest{EmbedToken: w.token, ExternalID: "jo"})
		if first.ExternalID != "jo" || first.BotName != "Pip" || !models.ValidID(first.ConversationID) {
			w.Errorf("opened %+v", first)
		}
		w.clock.advance(1)
		if again := w.open(services.WidgetRequest{
			EmbedToken: w.newToken(w.webchat),
			ExternalID: "jo",
		}); again.ConversationID != first.ConversationID {
			w.Error("another token of the channel opens another conversation")
		}
		if other := w.open(services.WidgetRequest{
			EmbedToken: w.token,
			ExternalID: "Jo",
		}); other.ConversationID == first.ConversationID {
			w.Error("another end user opens the same conversation")
		}
		mobile := w.open(services.WidgetRequest{EmbedToken: w.newToken(w.mobile), ExternalID: "jo"})
		if mobile.ConversationID == first.ConversationID {
			w.Error("another channel opens the same conversation")
		}
		stranger := w.newTenant("Globex", silent)
		if theirs := w.open(services.WidgetRequest{
			EmbedToken: stranger.token,
			ExternalID: "jo",
		}); theirs.ConversationID == first.ConversationID {
			w.Error("another organization opens the same conversation")
		}
		for _, opened := range []services.OpenedWidget{first, mobile} {
			w.says(w.proven(opened), "Hello")
			again := w.open(services.WidgetRequest{EmbedToken: w.token, ExternalID: "jo"})
			if again.ConversationID != first.ConversationID {
				w.Error("once it is stored the conversation has another id")
			}
		}
		if n := w.count(&models.EndUser{}, "organization_id = ? AND external_id = ?", w.organization.ID, "jo"); n != 1 {
			w.Errorf("jo is %d end users of one organization", n)
		}
	})
}

func TestOpen_createsAUniqueExternalID(t *testing.T) {
	each(t, func(w *world) {
		seen := map[string]bool{}
		for range 5 {
			opened := w.open(services.WidgetRequest{EmbedToken: w.token})
			if len(opened.ExternalID) < 26 || seen[opened.ExternalID] || seen[opened.ConversationID] {
				w.Errorf("opened %+v", opened)
			}
			seen[opened.ExternalID], seen[opened.ConversationID] = true, true
		}
	})
}

func TestOpen_manyTimesAtOnceOpensOneConversation(t *testing.T) {
	each(t, func(w *world) {
		const tabs = 10
		type result struct {
			opened services.OpenedWidget
			err    error
		}
		results := make(chan result, tabs)
		for range tabs {
			go func() {
				opened, err := w.Widget.Open(w.Context(), services.WidgetRequest{
					EmbedToken:  w.token,
					ExternalID:  "jo",
					DisplayName: "Jo",
				})
				results <- result{opened, err}
			}()
		}
		ids := map[string]bool{}
		for range tabs {
			r := <-results
			if r.err != nil {
				w.Error(r.err)
			}
			ids[r.opened.ConversationID] = true
		}
		if len(ids) != 1 {
			w.Errorf("conversations: %v", ids)
		}
	})
}

// rows counts the rows of every table but those of migrations.
func (w *world) rows() (total int64) {
	w.Helper()
	tables, err := w.db.Read.Migrator().GetTables()
	w.ok(err)
	for _, table := range tables {
		if !strings.HasPrefix(table, "goose") && !strings.HasPrefix(table, "sqlite") {
			var n int64
			w.ok(w.db.Read.Table(table).Count(&n).Error)
			total += n
		}
	}
	return total
}

func TestOpen_storesNothing(t *testing.T) {
	each(t, func(w *world) {
		before := w.rows()
		for i := range 300 {
			w.open(services.WidgetRequest{
				EmbedToken:  w.token,
				ExternalID:  fmt.Sprint("stranger-", i),
				DisplayName: fmt.Sprint("Stranger ", i),
			})
		}
		if after := w.rows(); after != before {
			w.Errorf("300 openings store %d rows", after-before)
		}
	})
}

func TestOpen_keepsReplacesAndCutsTheDisplayName(t *testing.T) {
	each(t, func(w *world) {
		long := strings.Repeat("ä", 150)
		name := func(externalID string) string {
			var endUser models.EndUser
			w.ok(w.db.Read.Where("organization_id = ? AND external_id = ?", w.organization.ID, externalID).
				Take(&endUser).Error)
			return endUser.DisplayName
		}
		w.opened("jo")
		for i, step := range []struct{ given, kept string }{
			{"", ""},
			{"  Jo \n Doe\x00 ", "Jo Doe"},
			{"", "Jo Doe"},
			{"Jo Doe", "Jo Doe"},
			{"Joanna", "Joanna"},
			{"Jo\xffanna\u2028B", "Joanna B"},
			{long, long[:200]},
			{" \t ", long[:200]},
		} {
			w.openedAs(w.webchat, "jo", step.given)
			if kept := name("jo"); kept != step.kept {
				w.Errorf("%q leaves %q, not %q", step.given, kept, step.kept)
			}
			// Of somebody who has not written yet the name waits for the first message, also of one who writes a first
			// message on another channel.
			ref := w.openedAs(w.webchat, fmt.Sprint("new-", i), step.given)
			w.says(w.openedAs(w.webchat, ref.ExternalID, ""), "Hello")
			given := strings.TrimSpace(strings.Trim(step.given, " \t"))
			if kept := name(ref.ExternalID); given != "" && kept != step.kept || given == "" && kept != "" {
				w.Errorf("%q of a new end user leaves %q, not %q", step.given, kept, step.kept)
			}
			w.says(w.openedAs(w.mobile, "jo", step.given), "Hello")
			if kept := name("jo"); kept != step.kept {
				w.Errorf("%q on another channel leaves %q, not %q", step.given, kept, step.kept)
			}
		}
		stranger := w.newTenant("Globex", silent)
		w.says(w.openedAs(stranger.webchat, "jo", "Mallory"), "Hello")
		if n := w.count(&models.EndUser{}, "organization_id = ? AND display_name = ?", w.organization.ID,
			"Mallory"); n != 0 {
			w.Error("another organization's end user changed the name")
		}
	})
}

// As on a read-only database: the chat opens, and the next page has the name again.
func TestOpen_doesNotWaitForTheName(t *testing.T) {
	each(t, func(w *world) {
		w.opened("jo")
		w.exec(`CREATE TRIGGER fixed BEFORE UPDATE ON end_users BEGIN SELECT RAISE(ABORT, 'no'); END`,
			`ALTER TABLE end_users ADD CONSTRAINT fixed CHECK (display_name = '')`)
		w.openedAs(w.webchat, "jo", "Jo")
	})
}

func TestOpen_refusesBadExternalIDs(t *testing.T) {
	each(t, func(w *world) {
		for _, id := range []string{strings.Repeat("x", 256), "a\x00b", "a\nb", "a\xffb", "a\u0085b"} {
			_, err := w.Widget.Open(w.Context(), services.WidgetRequest{
				EmbedToken: w.token,
				ExternalID: id,
			})
			w.refused(services.Invalid, err)
		}
		for _, id := range []string{strings.Repeat("ä", 255), "user 12345", "a'b\"c;--", "jo@example.com", "%_"} {
			if opened := w.open(services.WidgetRequest{
				EmbedToken: w.token,
				ExternalID: id,
			}); opened.ExternalID != id {
				w.Errorf("%q became %q", id, opened.ExternalID)
			}
		}
	})
}

func TestOpen_showsTheBotsGreeting(t *testing.T) {
	each(t, func(w *world) {
		w.setBot(models.Bot{
			Greeting: `{"content_type":"quick_button","content":"Hi","rich_media":{"buttons":[{"label":"A","value":"a"}]}}`,
			Rules:    "[]",
		})
		opened := w.open(services.WidgetRequest{EmbedToken: w.token})
		if opened.Greeting.Content != "Hi" || len(opened.Greeting.Media.Buttons) != 1 {
			w.Errorf("greets with %+v", opened.Greeting)
		}
		w.setBot(models.Bot{
			Greeting: `{"content_type":"image","rich_media":{"url":"javascript:alert(1)"}}`,
			Rules:    "[]",
		})
		if opened := w.open(services.WidgetRequest{EmbedToken: w.token}); opened.Greeting.ContentType != "" {
			w.Errorf("greets with %+v against the rules", opened.Greeting)
		}
	})
}

func TestOriginOf_returnsTheFormOfAllowLists(t *testing.T) {
	t.Parallel()
	for text, origin := range map[string]string{
		"https://Shop.Example/a?b#c": "https://shop.example", "https://shop.example:443": "https://shop.example",
		"http://shop.example:80":  "http://shop.example",
		"http://shop.example:443": "http://shop.example:443", "https://[::1]:443/": "https://[::1]",
		"https://shop.example:8443": "https://shop.example:8443",
		"":                          "", "null": "", "shop.example": "", "ftp://shop.example": "", "https://": "",
		"https:///x": "", "https://user@shop.example": "https://shop.example", "::": "",
	} {
		if got := services.OriginOf(text); got != origin {
			t.Errorf("OriginOf(%q) is %q, not %q", text, got, origin)
		}
	}
}

func TestNewToken_isRandomAndHashed(t *testing.T) {
	t.Parallel()
	secret, hash := services.NewToken("ew_")
	other, _ := services.NewToken("ew_")
	if !strings.HasPrefix(secret, "ew_") || len(secret) < 29 || secret == other || hash != services.HashToken(secret) ||
		strings.Contains(hash, secret) {
		t.Errorf("%s, %s with hash %s", secret, other, hash)
	}
}
