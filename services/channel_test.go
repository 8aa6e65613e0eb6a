package services_test

import (
	"testing"

	"parley/models"
	"parley/services"
)

func TestChannels_aBotHasOneMobileChannel(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		bot := d.newBot(d.organization, "Bo")
		type result struct {
			channel models.Channel
			err     error
		}
		results := make(chan result, 5)
		for range 5 {
			go func() {
				channel, err := d.Channels.Create(d.Context(), d.admin, bot.ID)
				results <- result{channel, err}
			}()
		}
		var made []models.Channel
		for range 5 {
			if r := <-results; r.err == nil {
				made = append(made, r.channel)
			} else if d.refused(services.Conflict,
				r.err); r.err.Error() != "Bo already has a mobile channel. Choose another bot." {
				d.Error(r.err)
			}
		}
		if len(made) != 1 || made[0].Type != models.ChannelMobileSDK || made[0].BotID != bot.ID ||
			made[0].Name != "Bo" {
			d.Errorf("made %+v", made)
		}
		row, err := d.Channels.Get(d.Context(), d.owner, made[0].ID)
		d.ok(err)
		if row.Channel != made[0] || row.Bot.ID != bot.ID {
			d.Errorf("got %+v", row)
		}
		equal(d, d.noted(d.organization), "Ada channel.created Bo: mobile_sdk")
	})
}

func TestChannels_listMobileChannelsByBot(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		for _, name := range []string{"zoe", "Bo"} {
			d.ok(last(d.Channels.Create(d.Context(), d.admin, d.newBot(d.organization, name).ID)))
		}
		rows, err := d.Channels.List(d.Context(), d.admin)
		d.ok(err)
		var names []string
		for _, row := range rows {
			names = append(names, row.Bot.Name+" "+row.Channel.Type)
		}
		equal(d, names, "Bo mobile_sdk", "Pip mobile_sdk", "zoe mobile_sdk")
		d.refused(services.NotFound, last(d.Channels.Get(d.Context(), d.admin, d.webchat.ID)))
	})
}
