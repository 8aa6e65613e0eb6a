package services_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"parley/models"
	"parley/services"
)

// adminWorld is a world as one of its administrators works in it.
type adminWorld struct {
	*world
	admin models.User
}

// eachAdmin runs test for an administrator on every database.
func eachAdmin(t *testing.T, test func(d *adminWorld)) {
	t.Helper()
	each(t, func(w *world) { test(&adminWorld{world: w, admin: w.newAdmin(w.organization)}) })
}

func (w *world) newAdmin(organization models.Organization) models.User {
	w.Helper()
	id, now := models.NewID(), w.clock.Now()
	admin := models.User{
		ID:             id,
		OrganizationID: organization.ID,
		Email:          id + "@acme.example",
		Name:           "Ada",
		Role:           models.RoleAdmin,
		LoginVersion:   1,
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	w.create(&admin)
	return admin
}

// newBot adds a bot without channels.
func (w *world) newBot(organization models.Organization, name string) models.Bot {
	w.Helper()
	bot := models.Bot{
		ID:             models.NewID(),
		OrganizationID: organization.ID,
		Name:           name,
		Rules:          "[]",
		CreatedAt:      w.clock.Now(),
		UpdatedAt:      w.clock.Now(),
	}
	w.create(&bot)
	return bot
}

// noted is the whole log of an organization, oldest first, as "actor action target: detail".
func (d *adminWorld) noted(organization models.Organization) []string {
	d.Helper()
	var entries []models.AuditEntry
	d.ok(d.db.Read.Where("organization_id = ?", organization.ID).Order("created_at, id").Find(&entries).Error)
	lines := make([]string, len(entries))
	for i, e := range entries {
		lines[i] = e.ActorName + " " + e.Action + " " + e.Target
		if e.Detail != "" {
			lines[i] += ": " + e.Detail
		}
	}
	return lines
}

// about fails unless err is Invalid and about a field.
func (d *adminWorld) about(field string, err error) {
	d.Helper()
	d.refused(services.Invalid, err)
	if got := services.AsError(err).Field; got != field {
		d.Errorf("%v is about %q, not %q", err, got, field)
	}
}

func TestAdminServices_refuseAgents(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		token, _, err := d.EmbedTokens.Create(d.Context(), d.owner, services.NewEmbedToken{
			BotID:   d.bot.ID,
			Channel: models.ChannelWebchat,
			Name:    "Site",
		})
		d.ok(err)
		key, _, err := d.APIKeys.Create(d.Context(), d.owner, "Sync")
		d.ok(err)
		d.ok(d.PushCredentials.SaveFCMLegacy(d.Context(), d.owner, d.mobile.ID, legacyKey, "1"))
		bot := d.newBot(d.organization, "Bo")
		before := d.noted(d.organization)
		for _, agent := range []models.User{d.ann, {
			ID:             d.ann.ID,
			OrganizationID: d.organization.ID,
			Role:           "nonsense",
		}} {
			for name, err := range map[string]error{
				"audit": second(d.Audit.List(d.Context(), agent, services.AuditQuery{Limit: 10})),
				"token": second(d.EmbedTokens.Create(d.Context(), agent, services.NewEmbedToken{
					BotID:   bot.ID,
					Channel: models.ChannelWebchat,
					Name:    "x",
				})),
				"tokens":     last(d.EmbedTokens.List(d.Context(), agent, "", "")),
				"get token":  last(d.EmbedTokens.Get(d.Context(), agent, token.ID)),
				"change":     d.EmbedTokens.Change(d.Context(), agent, token.ID, "x", "https://evil.example"),
				"appearance": d.EmbedTokens.SetAppearance(d.Context(), agent, token.ID, services.Appearance{Title: "x"}),
				"revoke":     d.EmbedTokens.Revoke(d.Context(), agent, token.ID),
				"channel":    last(d.Channels.Create(d.Context(), agent, bot.ID)),
				"channels":   last(d.Channels.List(d.Context(), agent)),
				"a channel":  last(d.Channels.Get(d.Context(), agent, d.mobile.ID)),
				"key":        second(d.APIKeys.Create(d.Context(), agent, "x")),
				"keys":       last(d.APIKeys.List(d.Context(), agent)),
				"revoke key": d.APIKeys.Revoke(d.Context(), agent, key.ID),
				"legacy":     d.PushCredentials.SaveFCMLegacy(d.Context(), agent, d.mobile.ID, legacyKey, "2"),
				"fcm":        d.PushCredentials.SaveFCM(d.Context(), agent, d.mobile.ID, serviceAccount()),
				"apns":       d.PushCredentials.SaveAPNs(d.Context(), agent, d.mobile.ID, apns()),
				"remove":     d.PushCredentials.Remove(d.Context(), agent, d.mobile.ID, models.PushFCMLegacy),
				"pushes":     last(d.PushCredentials.List(d.Context(), agent, d.mobile.ID)),
			} {
				if err == nil || services.KindOf(err) != services.Forbidden {
					d.Errorf("%s: %v", name, err)
				}
			}
		}
		equal(d, d.noted(d.organization), before...)
	})
}

func TestAdminServices_doNotFindOtherOrganizations(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		token, _, err := d.EmbedTokens.Create(d.Context(), d.owner, services.NewEmbedToken{
			BotID:   d.bot.ID,
			Channel: models.ChannelWebchat,
			Name:    "Site",
		})
		d.ok(err)
		key, _, err := d.APIKeys.Create(d.Context(), d.owner, "Sync")
		d.ok(err)
		d.ok(d.PushCredentials.SaveFCMLegacy(d.Context(), d.owner, d.mobile.ID, legacyKey, "1"))
		bot := d.newBot(d.organization, "Bo")
		before := d.noted(d.organization)
		theirs := d.newTenant("Globex", silent)
		stranger := theirs.owner
		try := func(bot, token, channel, key string) {
			d.Helper()
			for name, err := range map[string]error{
				"token": second(d.EmbedTokens.Create(d.Context(), stranger, services.NewEmbedToken{
					BotID:   bot,
					Channel: models.ChannelWebchat,
					Name:    "x",
				})),
				"get token":  last(d.EmbedTokens.Get(d.Context(), stranger, token)),
				"change":     d.EmbedTokens.Change(d.Context(), stranger, token, "x", ""),
				"appearance": d.EmbedTokens.SetAppearance(d.Context(), stranger, token, services.Appearance{Title: "x"}),
				"revoke":     d.EmbedTokens.Revoke(d.Context(), stranger, token),
				"channel":    last(d.Channels.Create(d.Context(), stranger, bot)),
				"a channel":  last(d.Channels.Get(d.Context(), stranger, channel)),
				"revoke key": d.APIKeys.Revoke(d.Context(), stranger, key),
				"legacy":     d.PushCredentials.SaveFCMLegacy(d.Context(), stranger, channel, legacyKey, "2"),
				"invalid":    d.PushCredentials.SaveFCMLegacy(d.Context(), stranger, channel, "", "nonsense"),
				"keep":       d.PushCredentials.SaveFCMLegacy(d.Context(), stranger, channel, "", "2"),
				"remove":     d.PushCredentials.Remove(d.Context(), stranger, channel, models.PushFCMLegacy),
				"pushes":     last(d.PushCredentials.List(d.Context(), stranger, channel)),
			} {
				if err == nil || services.KindOf(err) != services.NotFound {
					d.Errorf("%s: %v", name, err)
				}
			}
		}
		try(bot.ID, token.ID, d.mobile.ID, key.ID)
		for _, id := range []string{"", "x", "\x00", models.NewID()} {
			try(id, id, id, id)
		}
		tokens, err := d.EmbedTokens.List(d.Context(), stranger, "", "")
		d.ok(err)
		keys, err := d.APIKeys.List(d.Context(), stranger)
		d.ok(err)
		channels, err := d.Channels.List(d.Context(), stranger)
		d.ok(err)
		if len(tokens) != 1 || tokens[0].Token.OrganizationID != stranger.OrganizationID || len(keys) != 0 ||
			len(channels) != 1 || channels[0].Channel.ID != theirs.mobile.ID {
			d.Errorf("a stranger lists %+v, %+v, %+v", tokens, keys, channels)
		}
		if entries, _, err := d.Audit.List(d.Context(), stranger, services.AuditQuery{Limit: 10}); err != nil ||
			len(entries) != 0 {
			d.Errorf("a stranger reads %+v, %v", entries, err)
		}
		if entries, _, err := d.Audit.List(d.Context(), stranger, services.AuditQuery{
			ActorID: d.owner.ID,
			Limit:   10,
		}); err != nil || len(entries) != 0 {
			d.Errorf("a stranger reads %+v, %v", entries, err)
		}
		equal(d, d.noted(d.organization), before...)
		if n := d.count(&models.AuditEntry{}, "organization_id = ?", stranger.OrganizationID); n != 0 {
			d.Errorf("%d entries of a stranger", n)
		}
	})
}

// last and second are the errors of two and three results.
func last[A any](_ A, err error) error           { return err }
func second[A, B any](_ A, _ B, err error) error { return err }

func TestAudit_listsNewestFirstInPages(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		for i, name := range strings.Split("abcde", "") {
			if i%2 == 0 {
				d.clock.advance(time.Second)
			}
			d.ok(d.Audit.Note(d.db.Write, d.owner, services.BotCreated, name, ""))
		}
		var pages []string
		cursor := ""
		for range 4 {
			entries, next, err := d.Audit.List(d.Context(), d.admin, services.AuditQuery{
				Cursor: cursor,
				Limit:  2,
			})
			d.ok(err)
			page := ""
			for _, entry := range entries {
				page += entry.Target
			}
			pages = append(pages, page)
			if cursor = next; cursor == "" {
				break
			}
		}
		equal(d, pages, "ed", "cb", "a")
		for _, cursor := range []string{"x", "AAAA", "\x00"} {
			d.refused(services.Invalid, second(d.Audit.List(d.Context(), d.admin, services.AuditQuery{
				Cursor: cursor,
				Limit:  2,
			})))
		}
	})
}

func TestAudit_filtersByActorAndAction(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		d.ok(d.Audit.Note(d.db.Write, d.owner, services.BotCreated, "1", ""))
		d.ok(d.Audit.Note(d.db.Write, d.admin, services.BotCreated, "2", ""))
		d.ok(d.Audit.Note(d.db.Write, d.admin, services.BotRemoved, "3", ""))
		for query, want := range map[services.AuditQuery]string{
			{}:                            "321",
			{ActorID: d.admin.ID}:         "32",
			{Action: services.BotCreated}: "21",
			{ActorID: d.admin.ID, Action: "bot.created"}:  "2",
			{ActorID: d.ann.ID}:                           "",
			{Action: "nonsense"}:                          "",
			{Action: "\x00"}:                              "",
			{ActorID: "\xff"}:                             "",
			{ActorID: "' OR 1=1 --", Action: "bot.%"}:     "",
			{ActorID: d.owner.ID, Action: "bot.created "}: "",
		} {
			query.Limit = 10
			entries, _, err := d.Audit.List(d.Context(), d.owner, query)
			d.ok(err)
			got := ""
			for _, entry := range entries {
				got += entry.Target
			}
			if got != want {
				d.Errorf("%+v lists %q, not %q", query, got, want)
			}
		}
	})
}

func TestAudit_hasNoEntryWithoutItsChange(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		failed := errors.New("the change failed")
		err := d.db.Write.Transaction(func(tx *gorm.DB) error {
			d.ok(d.Audit.Note(tx, d.owner, services.BotCreated, "x", ""))
			return failed
		})
		if err != failed || len(d.noted(d.organization)) != 0 {
			d.Errorf("%v, noted %v", err, d.noted(d.organization))
		}
		d.ok(d.db.Write.Exec("ALTER TABLE audit_entries RENAME TO elsewhere").Error)
		defer d.db.Write.Exec("ALTER TABLE elsewhere RENAME TO audit_entries")
		_, secret, err := d.EmbedTokens.Create(d.Context(), d.owner, services.NewEmbedToken{
			BotID:   d.bot.ID,
			Channel: models.ChannelWebchat,
			Name:    "Site",
		})
		d.refused(services.Internal, err)
		d.refused(services.Internal, second(d.APIKeys.Create(d.Context(), d.owner, "Sync")))
		d.refused(services.Internal, d.PushCredentials.SaveFCMLegacy(d.Context(), d.owner, d.mobile.ID, legacyKey, "1"))
		if secret != "" || d.count(&models.EmbedToken{}, "1 = 1") != 1 || d.count(&models.APIKey{}, "1 = 1") != 0 ||
			d.count(&models.PushCredential{}, "1 = 1") != 0 {
			d.Error("a change without its entry was stored")
		}
	})
}

func TestAudit_storesOneLineAndTheNameAtThatTime(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		d.ok(d.Audit.Note(d.db.Write, d.owner, services.BotCreated, "a\x00\nb\xff"+strings.Repeat("x", 300),
			strings.Repeat("ä", 2000)))
		d.ok(d.db.Write.Model(&models.User{}).Where("id = ?", d.owner.ID).Update("name", "Olga Married").Error)
		entries, _, err := d.Audit.List(d.Context(), d.owner, services.AuditQuery{Limit: 10})
		d.ok(err)
		if e := entries[0]; len([]rune(e.Target)) != 200 || !strings.HasPrefix(e.Target, "a bx") ||
			len([]rune(e.Detail)) != 1000 || e.ActorName != "Olga" {
			d.Errorf("stored %+v", e)
		}
	})
}
