package handlers

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"regexp"
	"strings"
	"testing"

	"parley/models"
	"parley/services"
)

// impostor opens the widget with the id of an agent or bot, and any name, and says something.
func (d *desk) impostor(id, name, text string) string {
	d.Helper()
	opened, err := d.app.Widget.Open(d.Context(), services.WidgetRequest{
		EmbedToken:  d.app.Demo.EmbedToken,
		ExternalID:  id,
		DisplayName: name,
	})
	if err != nil {
		d.Fatal(err)
	}
	d.say(opened.ConversationID, id, text)
	return opened.ConversationID
}

// giveFaces gives the agent and the bot a photo each.
func (d *desk) giveFaces() {
	d.Helper()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 20, 20))); err != nil {
		d.Fatal(err)
	}
	if err := d.app.Profile.SetPhoto(d.Context(), d.user(), picture.Bytes()); err != nil {
		d.Fatal(err)
	}
	if err := d.app.Bots.SetPhoto(d.Context(), d.admin().user(), d.app.Demo.BotID, picture.Bytes()); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) send(conversationID string, sender services.Sender, text string) models.Message {
	d.Helper()
	ref, err := d.app.Conversations.ForAgent(d.Context(), d.user().OrganizationID, conversationID)
	if err != nil {
		d.Fatal(err)
	}
	sent, err := d.app.Messages.SendAndWait(d.Context(), services.Draft{
		Conversation: ref,
		Sender:       sender,
		Content:      text,
	})
	if err != nil {
		d.Fatal(err)
	}
	return sent.Message
}

var shownName = regexp.MustCompile(`<p class="message-meta">.*?<bdi>([^<]*)</bdi>`)

// shownAs returns the name over the message with a text, and whether there is a photo beside it.
func (d *desk) shownAs(body, text string) (name string, photo bool) {
	d.Helper()
	for _, item := range strings.Split(body, `data-message-id="`)[1:] {
		item, _, _ = strings.Cut(item, "</li>")
		if strings.Contains(item, text) {
			return d.found(shownName, item), strings.Contains(item, "/photos/")
		}
	}
	d.Fatalf("no message says %q", text)
	return "", false
}

func (d *desk) found(pattern *regexp.Regexp, text string) string {
	d.Helper()
	groups := pattern.FindStringSubmatch(text)
	if groups == nil {
		d.Fatalf("%s is not in %.500s", pattern, text)
	}
	return groups[1]
}

// An end user chooses the external id, and the name. Neither makes anybody take them for an agent, or an agent for
// them.
func TestSenders_anEndUserWithTheIDOfAnAgentIsNotTakenForThem(t *testing.T) {
	d := newDesk(t)
	d.giveFaces()
	agent, admin := d.user(), d.admin()
	for id, name := range map[string]string{agent.ID: "Not Alex", d.app.Demo.BotID: "Not Pip", admin.user().ID: ""} {
		conversation := d.impostor(id, name, "I am the boss")
		if _, err := d.app.Conversations.Claim(d.Context(), agent, conversation); err != nil {
			d.Fatal(err)
		}
		answer := d.send(conversation, services.Sender{
			Type: models.SenderAgent,
			ID:   agent.ID,
		}, "Are you?")
		if name == "" {
			name = endUserName(models.EndUser{ExternalID: id})
		}

		body := d.ok(admin.page("/inbox/" + conversation))
		if shown, photo := d.shownAs(body, "I am the boss"); shown != name || photo {
			d.Errorf("the end user is shown as %q, with a photo: %v", shown, photo)
		}
		if shown, photo := d.shownAs(body, "Are you?"); shown != agent.Name || !photo {
			d.Errorf("the agent is shown as %q, with a photo: %v", shown, photo)
		}
		d.has(body, "Claimed by <bdi>"+agent.Name+"</bdi>")
		d.lacks(body, "Claimed by <bdi>"+name+"</bdi>", `<span data-name-of="`+d.app.Demo.BotID)
		d.has(d.ok(admin.part("/inbox/"+conversation+"/header")), agent.Name)
		_, rest, _ := strings.Cut(d.ok(admin.part("/inbox/list?filter=all")), `id="row-`+conversation)
		row, _, _ := strings.Cut(rest, "</li>")
		d.has(row, name, agent.Name)

		_, history := ask(t, d.server, "GET", "/chat-widget/history/"+conversation+"?external_id="+id, "")
		var messages []map[string]any
		if err := json.Unmarshal([]byte(history), &messages); err != nil {
			d.Fatal(err)
		}
		for _, m := range messages {
			_, named := m["sender_name"]
			_, pictured := m["sender_photo_url"]
			if fromOthers := m["sender_type"] != "end_user"; named != fromOthers || pictured != fromOthers {
				d.Errorf("the widget's history has %v", m)
			}
		}

		// What the end user reads nobody else has read, and the other way round.
		ref, err := d.app.Conversations.ForAgent(d.Context(), agent.OrganizationID, conversation)
		if err != nil {
			d.Fatal(err)
		}
		endUser := services.Sender{Type: models.SenderEndUser, ID: id}
		if err := d.app.Messages.MarkRead(d.Context(), ref, endUser, []string{answer.ID}); err != nil {
			d.Fatal(err)
		}
		key := "end_user:" + id
		if id == d.app.Demo.BotID { // bots read nothing, so nobody is mistaken for one
			key = id
		}
		path := "/api/conversations/" + conversation + "/messages?after_seq=2"
		_, history = admin.part(path)
		d.has(history, `"read_by":{"`+key+`":`)
		reader := services.Sender{Type: models.SenderAgent, ID: admin.user().ID}
		if err := d.app.Messages.MarkRead(d.Context(), ref, reader, []string{answer.ID}); err != nil {
			d.Fatal(err)
		}
		_, history = admin.part(path)
		d.has(history, `"`+key+`":`, `"`+reader.ID+`":`)
	}
}

func TestInbox_showsAnAnswerAsReadOnceTheCustomerHasReadIt(t *testing.T) {
	d := newDesk(t)
	conversation := d.conversation("Mara", "Hello")
	answer := d.send(conversation, services.Sender{
		Type: models.SenderAgent,
		ID:   d.user().ID,
	}, "What about it?")
	ref, err := d.app.Conversations.ForAgent(d.Context(), d.user().OrganizationID, conversation)
	if err != nil {
		d.Fatal(err)
	}
	for _, step := range []struct {
		reader services.Sender
		shown  bool
	}{
		{services.Sender{Type: models.SenderAgent, ID: d.admin().user().ID}, false},
		{services.Sender{Type: models.SenderEndUser, ID: ref.ExternalID}, true},
	} {
		if err := d.app.Messages.MarkRead(d.Context(), ref, step.reader, []string{answer.ID}); err != nil {
			d.Fatal(err)
		}
		body := d.ok(d.page("/inbox/" + conversation))
		item, _, _ := strings.Cut(strings.SplitN(body, `data-message-id="`+answer.ID, 2)[1], ">")
		if strings.Contains(item, "data-read") != step.shown {
			d.Errorf("read by %s: %s", step.reader.Type, item)
		}
	}
}
