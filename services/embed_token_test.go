package services_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

// newSite makes a token for the tenant's bot.
func (d *adminWorld) newSite(origins string) (models.EmbedToken, string) {
	d.Helper()
	token, secret, err := d.EmbedTokens.Create(d.Context(), d.admin, services.NewEmbedToken{
		BotID:   d.bot.ID,
		Channel: models.ChannelWebchat,
		Name:    "Shop",
		Origins: origins,
	})
	d.ok(err)
	return token, secret
}

func (d *adminWorld) token(id string) models.EmbedToken {
	d.Helper()
	row, err := d.EmbedTokens.Get(d.Context(), d.admin, id)
	d.ok(err)
	return row.Token
}

func TestEmbedTokens_openTheWidgetAndAreStoredAsAHash(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		token, secret := d.newSite("https://shop.example\nhttps://Shop.example:443\n")
		if !strings.HasPrefix(secret, "ew_") || len(secret) < 29 || token.Prefix != secret[:8] ||
			token.TokenHash != services.HashToken(secret) || token.ChannelID != d.webchat.ID {
			d.Errorf("made %+v", token)
		}
		row, err := d.EmbedTokens.Get(d.Context(), d.owner, token.ID)
		d.ok(err)
		if row.Channel.ID != d.webchat.ID || row.Bot.ID != d.bot.ID || row.Token.Name != "Shop" ||
			!slices.Equal(row.Token.AllowedOrigins, []string{"https://shop.example"}) {
			d.Errorf("got %+v", row)
		}
		opened := d.open(services.WidgetRequest{
			EmbedToken: secret,
			Referer:    "https://shop.example/cart",
		})
		equal(d, opened.AllowedOrigins, "https://shop.example")
		_, err = d.Widget.Open(d.Context(), services.WidgetRequest{
			EmbedToken: secret,
			Referer:    "https://evil.example/",
		})
		d.refused(services.Forbidden, err)
		equal(d, d.noted(d.organization), "Ada embed_token.created Shop ("+secret[:8]+"…): https://shop.example")
	})
}

func TestEmbedTokens_createTheChannel(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		bot := d.newBot(d.organization, "Bo")
		for _, kind := range []string{models.ChannelWebchat, models.ChannelMobileSDK, models.ChannelWebchat} {
			token, _, err := d.EmbedTokens.Create(d.Context(), d.admin, services.NewEmbedToken{
				BotID:   bot.ID,
				Channel: kind,
				Name:    "Site",
			})
			d.ok(err)
			row, err := d.EmbedTokens.Get(d.Context(), d.admin, token.ID)
			d.ok(err)
			if row.Channel.Type != kind || row.Bot.ID != bot.ID {
				d.Errorf("%s: %+v", kind, row)
			}
		}
		if n := d.count(&models.Channel{}, "bot_id = ?", bot.ID); n != 2 {
			d.Errorf("%d channels", n)
		}
		d.refused(services.Conflict, last(d.Channels.Create(d.Context(), d.admin, bot.ID)))
	})
}

func TestEmbedTokens_refuseInvalidFields(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		for field, changes := range map[string][]func(*services.NewEmbedToken){
			"name": {func(n *services.NewEmbedToken) { n.Name = " " }, func(n *services.NewEmbedToken) {
				n.Name = chars(101)
			}, func(n *services.NewEmbedToken) { n.Name = "a\x00" }},
			"channel": {func(n *services.NewEmbedToken) { n.Channel = "" }, func(n *services.NewEmbedToken) {
				n.Channel = "fax"
			}},
			"origins": {func(n *services.NewEmbedToken) { n.Origins = "https://*.example" },
				func(n *services.NewEmbedToken) { n.Origins = "\xff" }},
			"": {func(n *services.NewEmbedToken) { n.FormKey = "x" }},
		} {
			for _, change := range changes {
				request := services.NewEmbedToken{
					BotID:   d.bot.ID,
					Channel: models.ChannelWebchat,
					Name:    "Shop",
				}
				change(&request)
				d.about(field, second(d.EmbedTokens.Create(d.Context(), d.admin, request)))
			}
		}
		_, _, err := d.EmbedTokens.Create(d.Context(), d.admin, services.NewEmbedToken{
			BotID:   d.bot.ID,
			Channel: models.ChannelWebchat,
			Name:    "Shop",
			Origins: "https://a.example\nb.example",
		})
		if err == nil || !strings.HasPrefix(err.Error(), "Line 2: ") {
			d.Errorf("answered: %v", err)
		}
		if n := d.count(&models.EmbedToken{}, "1 = 1"); n != 1 {
			d.Errorf("%d tokens", n)
		}
	})
}

func TestEmbedTokens_formSentManyTimesAtOnceCreatesOne(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		bot := d.newBot(d.organization, "Bo")
		request := services.NewEmbedToken{
			FormKey: models.NewID(),
			BotID:   bot.ID,
			Channel: models.ChannelWebchat,
			Name:    "Shop",
		}
		type result struct {
			secret string
			err    error
		}
		results := make(chan result, 5)
		for range 5 {
			go func() {
				_, secret, err := d.EmbedTokens.Create(d.Context(), d.admin, request)
				results <- result{secret, err}
			}()
		}
		made := 0
		for range 5 {
			r := <-results
			if r.err == nil {
				made++
			} else if d.refused(services.Conflict, r.err); r.secret != "" {
				d.Error("a secret that opens nothing was given out")
			}
		}
		// the channel, the token
		if made != 1 || len(d.noted(d.organization)) != 2 || d.token(request.FormKey).Name != "Shop" {
			d.Errorf("%d were made, noted %v", made, d.noted(d.organization))
		}
		stranger := d.newTenant("Globex", silent)
		request.BotID = stranger.bot.ID
		d.refused(services.Conflict, second(d.EmbedTokens.Create(d.Context(), stranger.owner, request)))
	})
}

func TestEmbedTokens_changesAreAuditedAndRepeatsAreNot(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		token, secret := d.newSite("")
		look := services.Appearance{
			Color:    " #1F6FEB ",
			Title:    " Ask us ",
			Greeting: "Hi,\r\nhow are you?",
			Language: "pt-BR",
			Position: "left",
		}
		d.clock.advance(time.Minute)
		for range 2 {
			d.ok(d.EmbedTokens.Change(d.Context(), d.owner, token.ID, token.Name, "https://a.example\nhttps://b.example"))
			d.ok(d.EmbedTokens.SetAppearance(d.Context(), d.owner, token.ID, look))
		}
		d.ok(d.EmbedTokens.Change(d.Context(), d.owner, token.ID, " Shop two", "https://a.example\nhttps://b.example"))
		d.ok(d.EmbedTokens.Change(d.Context(), d.owner, token.ID, "Shop two ", "https://a.example\nhttps://b.example"))
		d.ok(d.EmbedTokens.Change(d.Context(), d.owner, token.ID, "Shop two", " "))
		who := "(" + secret[:8] + "…)"
		equal(d, d.noted(d.organization), "Ada embed_token.created Shop "+who+": every origin",
			"Olga embed_token.origins_changed Shop "+who+": https://a.example https://b.example",
			"Olga embed_token.changed Shop "+who+": appearance",
			"Olga embed_token.changed Shop "+who+": name: Shop two",
			"Olga embed_token.origins_changed Shop two "+who+": every origin")
		stored := d.token(token.ID)
		want := services.Appearance{
			Color:    "#1f6feb",
			Title:    "Ask us",
			Greeting: "Hi,\nhow are you?",
			Language: "pt-BR",
			Position: "left",
		}
		if stored.Name != "Shop two" || len(stored.AllowedOrigins) != 0 || stored.AllowedOrigins == nil ||
			services.ReadAppearance(stored) != want || !stored.UpdatedAt.Equal(d.clock.Now()) {
			d.Errorf("stored %+v", stored)
		}
		if opened := d.open(services.WidgetRequest{EmbedToken: secret}); opened.Appearance != want {
			d.Errorf("the widget looks like %+v", opened.Appearance)
		}
		if opened := d.open(services.WidgetRequest{EmbedToken: d.world.token}); opened.Appearance !=
			(services.Appearance{}) {
			d.Errorf("another widget looks like %+v", opened.Appearance)
		}
	})
}

func TestEmbedTokens_refuseInvalidChanges(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		token, _ := d.newSite("https://a.example")
		d.about("origins", d.EmbedTokens.Change(d.Context(), d.admin, token.ID, "Another",
			"https://b.example\nhttps://c.example/path"))
		d.about("name", d.EmbedTokens.Change(d.Context(), d.admin, token.ID, "", "https://b.example"))
		if row, err := d.EmbedTokens.Get(d.Context(), d.admin, token.ID); err != nil || row.Token.Name != token.Name ||
			!slices.Equal(row.Token.AllowedOrigins, token.AllowedOrigins) {
			d.Errorf("half of it is stored: %+v, %v", row.Token, err)
		}
		for field, looks := range map[string][]services.Appearance{
			"color":    {{Color: "red"}, {Color: "#fff"}, {Color: "#1f6feb;"}, {Color: "#gggggg"}},
			"title":    {{Title: chars(61)}, {Title: "a\nb"}, {Title: "\xff"}},
			"greeting": {{Greeting: chars(501)}, {Greeting: "a\x00"}},
			"language": {{Language: "x"}, {Language: "de_DE"}, {Language: "de-" + chars(40)}},
			"position": {{Position: "top"}},
		} {
			for _, look := range looks {
				d.about(field, d.EmbedTokens.SetAppearance(d.Context(), d.admin, token.ID, look))
			}
		}
		equal(d, d.token(token.ID).AllowedOrigins, "https://a.example")
		if n := len(d.noted(d.organization)); n != 1 {
			d.Errorf("%d entries", n)
		}
	})
}

func TestEmbedTokens_areRevokedOnce(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		token, secret := d.newSite("")
		d.clock.advance(time.Hour)
		done := make(chan error, 4)
		for range 4 {
			go func() { done <- d.EmbedTokens.Revoke(d.Context(), d.admin, token.ID) }()
		}
		for range 4 {
			d.ok(<-done)
		}
		at := d.clock.Now()
		d.clock.advance(time.Hour)
		d.ok(d.EmbedTokens.Revoke(d.Context(), d.admin, token.ID))
		if stored := d.token(token.ID); stored.RevokedAt == nil || !stored.RevokedAt.Equal(at) {
			d.Errorf("stored %+v", stored)
		}
		// from a page that was loaded before
		d.refused(services.Conflict, d.EmbedTokens.Change(d.Context(), d.admin, token.ID, token.Name, "https://a.example"))
		d.refused(services.Conflict, d.EmbedTokens.SetAppearance(d.Context(), d.admin, token.ID,
			services.Appearance{Title: "x"}))
		d.refused(services.Conflict, d.EmbedTokens.Change(d.Context(), d.admin, token.ID, "x", ""))
		_, err := d.Widget.Open(d.Context(), services.WidgetRequest{EmbedToken: secret})
		d.refused(services.Forbidden, err)
		equal(d, d.noted(d.organization)[1:], "Ada embed_token.revoked Shop ("+secret[:8]+"…)")
	})
}

func TestEmbedTokens_listLiveTokensFirst(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		old, _ := d.newSite("")
		d.clock.advance(time.Second)
		gone, _ := d.newSite("")
		d.clock.advance(time.Second)
		fresh, _, err := d.EmbedTokens.Create(d.Context(), d.admin, services.NewEmbedToken{
			BotID:   d.newBot(d.organization, "Bo").ID,
			Channel: models.ChannelMobileSDK,
			Name:    "App",
		})
		d.ok(err)
		d.ok(d.EmbedTokens.Revoke(d.Context(), d.admin, gone.ID))
		rows, err := d.EmbedTokens.List(d.Context(), d.admin, "", "")
		d.ok(err)
		var ids []string
		for _, row := range rows {
			if row.Token.TokenHash != services.HashToken(d.world.token) {
				ids = append(ids, row.Token.ID+row.Bot.Name+row.Channel.Type)
			}
		}
		equal(d, ids, fresh.ID+"Bomobile_sdk", old.ID+"Pipwebchat", gone.ID+"Pipwebchat")
		for _, some := range [][2]string{{models.ChannelMobileSDK, ""}, {"", fresh.ChannelID},
			{models.ChannelMobileSDK, fresh.ChannelID}} {
			if rows, err := d.EmbedTokens.List(d.Context(), d.admin, some[0], some[1]); err != nil || len(rows) != 1 ||
				rows[0].Token.ID != fresh.ID {
				d.Errorf("of %q: %+v, %v", some, rows, err)
			}
		}
		if rows, err := d.EmbedTokens.List(d.Context(), d.admin, models.ChannelWebchat, fresh.ChannelID); err != nil ||
			len(rows) != 0 {
			d.Errorf("of another type: %+v, %v", rows, err)
		}
	})
}

func TestOpen_storesTheLastUseOfATokenOnceAMinute(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		token, secret := d.newSite("")
		if stored := d.token(token.ID); stored.LastSeenAt != nil || stored.LastSeenOrigin != "" {
			d.Errorf("before the first: %+v", stored)
		}
		seen := func(origin string, at time.Time) {
			d.Helper()
			stored := d.token(token.ID)
			if stored.LastSeenAt == nil || !stored.LastSeenAt.Equal(at) || stored.LastSeenOrigin != origin ||
				!stored.UpdatedAt.Equal(*token.UpdatedAt) {
				d.Errorf("stored %+v", stored)
			}
		}
		d.clock.advance(time.Second)
		first := d.clock.Now()
		d.open(services.WidgetRequest{
			EmbedToken: secret,
			ExternalID: "jo",
			Referer:    "https://Shop.example/cart?secret=1",
		})
		seen("https://shop.example", first)
		d.clock.advance(time.Minute - time.Microsecond)
		d.open(services.WidgetRequest{
			EmbedToken: secret,
			ExternalID: "jo",
			Referer:    "https://other.example/",
		})
		seen("https://shop.example", first)
		d.clock.advance(time.Microsecond)
		d.open(services.WidgetRequest{
			EmbedToken: secret,
			ExternalID: "jo",
			Origin:     "https://other.example",
		})
		seen("https://other.example", d.clock.Now())
		d.clock.advance(time.Minute)
		d.open(services.WidgetRequest{
			EmbedToken: secret,
			ExternalID: "jo",
			Referer:    "http://%ff%00.example/",
		})
		d.clock.advance(time.Minute)
		d.open(services.WidgetRequest{EmbedToken: secret, ExternalID: "jo"})
		seen("", d.clock.Now())
		if n := len(d.noted(d.organization)); n != 1 {
			d.Errorf("%d entries", n)
		}
		d.ok(d.EmbedTokens.Change(d.Context(), d.admin, token.ID, token.Name, "https://shop.example"))
		at := d.clock.Now()
		d.clock.advance(time.Hour)
		_, err := d.Widget.Open(d.Context(), services.WidgetRequest{
			EmbedToken: secret,
			Origin:     "https://evil.example",
		})
		d.refused(services.Forbidden, err) // a refused page was not there
		if stored := d.token(token.ID); !stored.LastSeenAt.Equal(at) {
			d.Errorf("stored %+v", stored)
		}
	})
}
