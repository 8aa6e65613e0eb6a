package handlers

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
	"parley/views"
)

func (a *App) threadPage(c *fiber.Ctx) error {
	thread, err := a.thread(c, true)
	if err != nil {
		return err
	}
	return a.showInbox(c, fiber.StatusOK, &thread, nil)
}

func (a *App) threadHeader(c *fiber.Ctx) error {
	thread, err := a.thread(c, false)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, views.HeaderPart(thread), nil)
}

// threadMessages answers the messages after or before a seq.
func (a *App) threadMessages(c *fiber.Ctx) error {
	conversation, err := a.Conversations.Get(c.UserContext(), identityOf(c).User.OrganizationID, c.Params("id"))
	if err != nil {
		return err
	}
	run, err := a.messages(c, conversation)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, views.MessagesPart(run), nil)
}

func (a *App) claimForm(c *fiber.Ctx) error {
	_, err := a.Conversations.Assign(c.UserContext(), identityOf(c).User, c.Params("id"))
	return a.changed(c, err)
}

func (a *App) resolveForm(c *fiber.Ctx) error {
	_, err := a.Conversations.Resolve(c.UserContext(), identityOf(c).User.OrganizationID, c.Params("id"), formTags(c))
	return a.changed(c, err)
}

func (a *App) tagForm(c *fiber.Ctx) error {
	_, err := a.Conversations.SetTags(c.UserContext(), identityOf(c).User.OrganizationID, c.Params("id"), formTags(c))
	return a.changed(c, err)
}

// messageForm sends without a socket: the composer of a page without JavaScript.
func (a *App) messageForm(c *fiber.Ctx) error {
	user := identityOf(c).User
	ref, err := a.Conversations.ForAgent(c.UserContext(), user.OrganizationID, c.Params("id"))
	if err != nil {
		return err
	}
	stored := make(chan error, 1)
	a.Messages.Send(c.UserContext(), services.Draft{Conversation: ref, Sender: services.Sender{Type: models.SenderAgent, ID: user.ID},
		Content: c.FormValue("content"), ClientID: c.FormValue("client_id")}, func(_ services.Sent, err error) { stored <- err })
	return a.changed(c, <-stored)
}

// changed answers a form of the thread: with the header for htmx, with the thread anew for a browser. A refusal shows the
// thread as it is, with what was typed, and says why.
func (a *App) changed(c *fiber.Ctx, err error) error {
	var refusal *services.Error
	if err != nil && (isPart(c) || !errors.As(err, &refusal) || refusal.Kind == services.NotFound) {
		return err
	}
	if err == nil && !isPart(c) {
		return c.Redirect("/inbox/"+c.Params("id")+"?filter="+queryFilter(c), fiber.StatusSeeOther)
	}
	thread, threadErr := a.thread(c, err != nil)
	if threadErr != nil {
		return threadErr
	}
	if err == nil {
		return render(c, fiber.StatusOK, views.HeaderPart(thread), nil)
	}
	thread.Draft = c.FormValue("content")
	_, status := refusalOf(c, err)
	return a.showInbox(c, status, &thread, &views.Notice{Critical: true, Text: refusal.Message})
}

func queryFilter(c *fiber.Ctx) string {
	filter, err := services.ParseFilter(c.Query("filter"))
	if err != nil {
		return string(services.FilterUnassigned)
	}
	return string(filter)
}

// formTags reads tags separated by commas.
func formTags(c *fiber.Ctx) []string {
	tags := []string{}
	for tag := range strings.SplitSeq(c.FormValue("tags"), ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// thread is the conversation of the request, with its messages or only what its header shows.
func (a *App) thread(c *fiber.Ctx, withMessages bool) (views.Thread, error) {
	user := identityOf(c).User
	conversation, err := a.Conversations.Get(c.UserContext(), user.OrganizationID, c.Params("id"))
	if err != nil {
		return views.Thread{}, err
	}
	names, err := a.names(c)
	if err != nil {
		return views.Thread{}, err
	}
	thread := views.Thread{CSRFToken: a.csrfToken(c), ConversationID: conversation.ID, Filter: queryFilter(c), EndUserName: endUserName(conversation.EndUser),
		Channel: names.channels[conversation.ChannelID], Status: models.SessionResolved}
	if conversation.EndUser.DisplayName != "" { // else it is in the name already
		thread.ExternalIDHint = externalIDHint(conversation.EndUser.ExternalID)
	}
	if session := conversation.ActiveSession; session != nil {
		thread.Status, thread.Tags = session.Status, session.Tags
		if session.AssignedAgentID != nil {
			thread.AssignedAgentID, thread.AssignedName = *session.AssignedAgentID, names.senders[*session.AssignedAgentID]
			thread.Mine = *session.AssignedAgentID == user.ID
		}
	}
	if withMessages {
		thread.Messages, err = a.messages(c, conversation)
	}
	return thread, err
}

// messages is the run of messages that the request's after_seq or before_seq names, or the newest.
func (a *App) messages(c *fiber.Ctx, conversation models.Conversation) (views.Messages, error) {
	run := views.Messages{ConversationID: conversation.ID, Filter: queryFilter(c)}
	page, err := messagePage(c, threadRun)
	if err != nil {
		return run, err
	}
	page.Offset = 0
	found, err := a.Messages.List(c.UserContext(), services.Ref{ID: conversation.ID, OrganizationID: conversation.OrganizationID}, page)
	if err != nil {
		return run, err
	}
	readBy, err := a.Messages.ReadBy(c.UserContext(), conversation.OrganizationID, found)
	if err != nil {
		return run, err
	}
	answers, err := a.Messages.Answers(c.UserContext(), conversation.OrganizationID, found)
	if err != nil {
		return run, err
	}
	names, err := a.names(c)
	if err != nil {
		return run, err
	}
	names.senders[conversation.EndUser.ExternalID] = endUserName(conversation.EndUser)
	for _, m := range found {
		run.Items = append(run.Items, showMessage(m, names, len(readBy[m.ID]) > 0, answers[m.ID]))
	}
	run.More = page.AfterSeq >= 0 && len(found) == page.Limit
	if page.AfterSeq < 0 && len(found) > 0 && found[0].Seq > 1 {
		run.OlderSeq = found[0].Seq
	}
	return run, nil
}

// showMessage is a message as everybody in the conversation sees it.
func showMessage(m models.Message, names names, read bool, answer *services.Selected) views.Message {
	shown := views.Message{ID: m.ID, Seq: m.Seq, SenderType: string(m.SenderType), SenderName: names.senders[m.SenderID], ContentType: m.ContentType,
		Content: m.Content, CreatedAt: m.CreatedAt, Answered: (*views.Selected)(answer)}
	if m.SenderType == models.SenderEndUser {
		shown.Unread = !read
	} else {
		shown.Read = read
	}
	var media services.RichMedia
	if len(m.RichMedia) == 0 || json.Unmarshal(m.RichMedia, &media) != nil {
		return shown
	}
	switch m.ContentType {
	case services.TypeImage:
		shown.Image = &views.Image{URL: media.URL, Alt: media.Alt}
	case services.TypeFile:
		shown.File = &views.File{URL: media.URL, Filename: media.Filename, MIMEType: media.MimeType}
		if media.Size != nil {
			shown.File.Size = *media.Size
		}
	}
	shown.Buttons, shown.Options, shown.Placeholder = showChoices(media.Buttons), showChoices(media.Options), media.Placeholder
	for _, card := range media.Cards {
		shown.Cards = append(shown.Cards, views.Card{ImageURL: card.ImageURL, Title: card.Title, Subtitle: card.Subtitle, Buttons: showChoices(card.Buttons)})
	}
	shown.Answers = (*views.Selected)(media.Selected)
	return shown
}

func showChoices(choices []services.Choice) []views.Choice {
	shown := make([]views.Choice, len(choices))
	for i, choice := range choices {
		shown[i] = views.Choice(choice)
	}
	return shown
}
