package handlers

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
	"parley/views"
)

const (
	maxSessions = 200             // of a conversation, whose start and end the thread shows
	joinWithin  = 2 * time.Minute // between messages of one sender that are shown as a group
)

// threadMessages serves the messages after or before a seq, or the newest ones.
func (a *App) threadMessages(c *fiber.Ctx) error {
	organizationID := identityOf(c).User.OrganizationID
	conversation, err := a.Conversations.Get(c.UserContext(), organizationID, c.Params("id"))
	if err != nil {
		return err
	}
	sessions, err := a.Conversations.Sessions(c.UserContext(), organizationID, conversation.ID, maxSessions)
	if err != nil {
		return err
	}
	names, err := a.names(c)
	if err != nil {
		return err
	}
	run, err := a.messages(c, conversation, sessions, names, false)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, views.MessagesPart(run), nil)
}

// messages returns the messages that the request asks for with after_seq, before_seq or session, or the newest ones. On
// a whole page, links lead on at both ends; a part has a link only at the end that it adds to the page.
func (a *App) messages(c *fiber.Ctx, conversation models.Conversation, sessions []models.ConversationSession,
	names names, alone bool) (views.Messages, error) {
	user := identityOf(c).User
	run := views.Messages{Place: anyPlace(c), ConversationID: conversation.ID}
	ref := services.Ref{ID: conversation.ID, OrganizationID: conversation.OrganizationID}
	page, err := a.runPage(c, ref)
	if err != nil {
		return run, err
	}
	found, before, after, err := a.withNeighbors(c, ref, page)
	if err != nil {
		return run, err
	}
	readBy, err := a.Messages.ReadBy(c.UserContext(), ref.OrganizationID, found)
	if err != nil {
		return run, err
	}
	answers, err := a.Messages.Answers(c.UserContext(), ref.OrganizationID, found)
	if err != nil {
		return run, err
	}
	names.endUser = endUserName(conversation.EndUser)
	divided := page.AfterSeq >= 0 || page.BeforeSeq >= 0 // only the newest messages have the divider of unread ones
	previous := before
	for i, m := range found {
		shown := newMessageView(m, names, isRead(m, readBy[m.ID]), answers[m.ID])
		shown.Own = m.SenderType == models.SenderAgent && m.SenderID == user.ID
		shown.Joined = previous != nil && joins(*previous, m)
		shown.New = shown.Unread && !divided
		divided = divided || shown.New
		run.Items = append(run.Items, shown)
		previous = &found[i]
	}
	if len(found) > 0 {
		if first := found[0].Seq; first > 1 && (alone || page.AfterSeq < 0) {
			run.OlderSeq = first
		}
		if after != nil && (alone || page.BeforeSeq < 0) {
			run.NewerSeq = found[len(found)-1].Seq
		}
	}
	if alone || page.AfterSeq < 0 {
		before = nil // the next message is in its group
	}
	addLines(&run, sessionLines(sessions, names, user.ID), before, after)
	return run, nil
}

func (a *App) runPage(c *fiber.Ctx, ref services.Ref) (services.Page, error) {
	page, err := messagePage(c)
	page.Offset = 0
	if page.AfterSeq >= 0 {
		page.BeforeSeq = -1
	}
	if id := c.Query("session"); id != "" && err == nil {
		var first int64
		first, err = a.Messages.FirstOf(c.UserContext(), ref, id)
		page.AfterSeq, page.BeforeSeq = max(0, first-1), -1
	}
	return page, err
}

// withNeighbors reads a page of messages, and the messages right before and after it, if any.
func (a *App) withNeighbors(c *fiber.Ctx, ref services.Ref,
	page services.Page) (found []models.Message, before, after *models.Message, err error) {
	wide := page
	wide.Limit += 2
	if page.BeforeSeq >= 0 {
		wide.BeforeSeq++
	}
	if page.AfterSeq > 0 {
		wide.AfterSeq--
	}
	found, err = a.Messages.List(c.UserContext(), ref, wide)
	if page.AfterSeq >= 0 {
		if len(found) > 0 && found[0].Seq == page.AfterSeq {
			before, found = &found[0], found[1:]
		}
		if len(found) > page.Limit {
			after, found = &found[page.Limit], found[:page.Limit]
		}
		return found, before, after, err
	}
	if last := len(found) - 1; last >= 0 && found[last].Seq == page.BeforeSeq {
		after, found = &found[last], found[:last]
	}
	if more := len(found) - page.Limit; more > 0 {
		before, found = &found[more-1], found[more:]
	}
	return found, before, after, err
}

// isRead reports whether the other side has read a message: an agent what an end user wrote, the end user everything
// else. That a colleague has read an answer says nothing about the customer.
func isRead(m models.Message, reads []models.MessageRead) bool {
	return slices.ContainsFunc(reads, func(read models.MessageRead) bool {
		return (read.ReaderType == models.SenderEndUser) != (m.SenderType == models.SenderEndUser)
	})
}

func joins(before, m models.Message) bool {
	return before.SenderType == m.SenderType && before.SenderID == m.SenderID &&
		m.CreatedAt.Sub(before.CreatedAt) < joinWithin
}

// sessionLines returns the lines about the sessions (opened, claimed, resolved), oldest first.
func sessionLines(sessions []models.ConversationSession, names names, userID string) (lines []views.Line) {
	for _, session := range slices.Backward(sessions) {
		if session.AssignedAgentID != nil && session.AssignedAt != nil {
			by := names.senders.User(*session.AssignedAgentID).Name
			if *session.AssignedAgentID == userID {
				by = "you"
			}
			lines = append(lines, views.Line{
				ID:      "claimed-" + session.ID,
				Claimed: by,
				At:      *session.AssignedAt,
			})
		}
		if session.ResolvedAt != nil {
			lines = append(lines, views.Line{
				ID:   "resolved-" + session.ID,
				Tags: session.Tags,
				At:   *session.ResolvedAt,
			})
		}
	}
	slices.SortStableFunc(lines, func(a, b views.Line) int { return a.At.Compare(b.At) })
	return lines
}

// addLines puts each line after the message that it follows, or before all messages if it follows the one before them.
func addLines(run *views.Messages, lines []views.Line, before, after *models.Message) {
	for _, line := range lines {
		if after != nil && !line.At.Before(after.CreatedAt) {
			return
		}
		follows := -1
		for i, m := range run.Items {
			if m.CreatedAt.After(line.At) {
				break
			}
			follows = i
		}
		switch {
		case follows >= 0:
			run.Items[follows].Lines = append(run.Items[follows].Lines, line)
		case before != nil && !line.At.Before(before.CreatedAt):
			run.Lead = append(run.Lead, line)
		}
	}
}

// newMessageView returns the view of a message, as everybody in the conversation sees it.
func newMessageView(m models.Message, names names, read bool, answer *models.Selected) views.Message {
	name, photoID := names.of(m)
	shown := views.Message{
		ID:            m.ID,
		Seq:           m.Seq,
		SenderType:    string(m.SenderType),
		SenderName:    name,
		SenderPhotoID: photoID,
		ContentType:   m.ContentType,
		Content:       m.Content,
		CreatedAt:     m.CreatedAt,
		Answered:      (*views.Selected)(answer),
	}
	if m.ClientID != nil {
		shown.ClientID = *m.ClientID
	}
	if m.SenderType == models.SenderEndUser {
		shown.Unread = !read
	} else {
		shown.Read = read
	}
	var media models.RichMedia
	if len(m.RichMedia) == 0 || json.Unmarshal(m.RichMedia, &media) != nil {
		return shown
	}
	switch m.ContentType {
	case models.TypeImage:
		shown.Image = &views.Image{URL: media.URL, Alt: media.Alt}
	case models.TypeFile:
		shown.File = &views.File{URL: media.URL, Filename: media.Filename, MIMEType: media.MimeType}
		if media.Size != nil {
			shown.File.Size = *media.Size
		}
	}
	shown.Buttons = newChoiceViews(media.Buttons)
	shown.Options = newChoiceViews(media.Options)
	shown.Placeholder = media.Placeholder
	for _, card := range media.Cards {
		shown.Cards = append(shown.Cards, views.Card{
			ImageURL: card.ImageURL,
			Title:    card.Title,
			Subtitle: card.Subtitle,
			Buttons:  newChoiceViews(card.Buttons),
		})
	}
	shown.Answers = (*views.Selected)(media.Selected)
	return shown
}

func newChoiceViews(choices []models.Choice) []views.Choice {
	shown := make([]views.Choice, len(choices))
	for i, choice := range choices {
		shown[i] = views.Choice(choice)
	}
	return shown
}
