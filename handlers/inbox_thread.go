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
	rememberPanel(c)
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

func (a *App) claimForm(c *fiber.Ctx) error {
	_, err := a.Conversations.Claim(c.UserContext(), identityOf(c).User, c.Params("id"))
	if err == nil {
		toast(c, "You claimed this conversation.", "unassign")
	}
	return a.changed(c, err)
}

func (a *App) unassignForm(c *fiber.Ctx) error {
	_, err := a.Conversations.Unassign(c.UserContext(), identityOf(c).User, c.Params("id"))
	return a.changed(c, err)
}

func (a *App) reopenForm(c *fiber.Ctx) error {
	_, err := a.Conversations.Reopen(c.UserContext(), identityOf(c).User, c.Params("id"))
	return a.changed(c, err)
}

func (a *App) tagForm(c *fiber.Ctx) error {
	_, err := a.Conversations.SetTags(c.UserContext(), identityOf(c).User.OrganizationID, c.Params("id"), formTags(c))
	return a.changed(c, err)
}

// resolveForm resolves the conversation. It shows the conversation again, or the next one in the list if the form has
// next.
func (a *App) resolveForm(c *fiber.Ctx) error {
	user, next := identityOf(c).User, ""
	if c.FormValue("next") != "" {
		var err error
		if next, err = a.nextInList(c); err != nil {
			return err
		}
	}
	_, err := a.Conversations.Resolve(c.UserContext(), user.OrganizationID, c.Params("id"), formTags(c))
	if err == nil {
		toast(c, "Resolved.", "reopen")
	}
	if err != nil || c.FormValue("next") == "" {
		return a.changed(c, err)
	}
	place := anyPlace(c)
	if !isPart(c) {
		return c.Redirect(place.Conversation(next), fiber.StatusSeeOther)
	}
	c.Set("HX-Retarget", "#thread")
	c.Set("HX-Reswap", "outerHTML")
	c.Set("HX-Push-Url", place.Conversation(next))
	if next == "" {
		return render(c, fiber.StatusOK, views.NoThreadPart(true), nil)
	}
	thread, err := a.threadOf(c, next, true)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, views.ThreadPart(thread), nil)
}

// nextInList returns the id of the open conversation after this one in the list, else of the first one, else "".
func (a *App) nextInList(c *fiber.Ctx) (string, error) {
	found, _, err := a.Conversations.List(c.UserContext(), identityOf(c).User, listQuery(anyPlace(c), ""))
	if err != nil {
		return "", err
	}
	first, passed := "", false
	for _, conversation := range found {
		switch {
		case conversation.ID == c.Params("id"):
			passed = true
		case conversation.ActiveSession == nil:
		case passed:
			return conversation.ID, nil
		case first == "":
			first = conversation.ID
		}
	}
	return first, nil
}

// toast makes the browser show text with an undo button, which posts to verb.
func toast(c *fiber.Ctx, text, verb string) {
	asked, err := json.Marshal(map[string]any{"parley:toast": map[string]string{"text": text,
		"undo": anyPlace(c).Action(c.Params("id"), verb)}})
	if err == nil {
		c.Set("HX-Trigger", string(asked))
	}
}

// changed answers a form of the thread: htmx gets the new header, a browser without scripts the whole thread. For an
// error see showThreadError.
func (a *App) changed(c *fiber.Ctx, err error) error {
	if err == nil && !isPart(c) {
		return c.Redirect(anyPlace(c).Conversation(c.Params("id")), fiber.StatusSeeOther)
	}
	if err == nil {
		return a.threadHeader(c)
	}
	return a.showThreadError(c, err, func(*views.Thread, *services.Error) {})
}

// showThreadError shows a browser without scripts the current thread and why the form was refused; keep puts the typed
// text back. For htmx, and for internal errors, it returns the error.
func (a *App) showThreadError(c *fiber.Ctx, err error, keep func(*views.Thread, *services.Error)) error {
	var refusal *services.Error
	if isPart(c) || !errors.As(err, &refusal) || refusal.Kind == services.NotFound {
		return err
	}
	thread, threadErr := a.thread(c, true)
	if threadErr != nil {
		return threadErr
	}
	keep(&thread, refusal)
	_, status := refusalOf(c, err)
	return a.showInbox(c, status, &thread, &views.Notice{Critical: true, Text: refusal.Message})
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

// thread returns the view of the request's conversation: whole, or only with what the header shows.
func (a *App) thread(c *fiber.Ctx, whole bool) (views.Thread, error) {
	return a.threadOf(c, c.Params("id"), whole)
}

func (a *App) threadOf(c *fiber.Ctx, id string, whole bool) (views.Thread, error) {
	user := identityOf(c).User
	conversation, err := a.Conversations.Get(c.UserContext(), user.OrganizationID, id)
	if err != nil {
		return views.Thread{}, err
	}
	names, err := a.names(c)
	if err != nil {
		return views.Thread{}, err
	}
	tags, err := a.Conversations.Tags(c.UserContext(), user.OrganizationID)
	if err != nil {
		return views.Thread{}, err
	}
	suggestions, _ := json.Marshal(append([]string{}, tags...)) // strings always encode, and no tags are an empty list
	thread := views.Thread{
		Place:          anyPlace(c),
		CSRFToken:      a.csrfToken(c),
		ConversationID: conversation.ID,
		EndUserName:    endUserName(conversation.EndUser),
		Channel:        names.channels[conversation.ChannelID],
		Status:         models.SessionResolved,
		Suggestions:    string(suggestions),
	}
	if session := conversation.ActiveSession; session != nil {
		thread.Status, thread.Tags = session.Status, session.Tags
		if session.AssignedAgentID != nil {
			thread.AssignedAgentID = *session.AssignedAgentID
			thread.AssignedName = names.senders.User(*session.AssignedAgentID).Name
			thread.Mine = *session.AssignedAgentID == user.ID
		}
	}
	thread.Panel = views.Panel{Place: thread.Place, ConversationID: id, State: panelState(c)}
	if !whole {
		return thread, nil
	}
	sessions, err := a.Conversations.Sessions(c.UserContext(), user.OrganizationID, id, maxSessions)
	if err != nil {
		return thread, err
	}
	if thread.Panel, err = a.panel(c, conversation, sessions, names); err != nil {
		return thread, err
	}
	thread.Messages, err = a.messages(c, conversation, sessions, names, true)
	return thread, err
}
