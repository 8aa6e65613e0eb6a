package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
	"parley/views"
)

const listPage = 50 // conversations

func (a *App) inboxPage(c *fiber.Ctx) error {
	return a.showInbox(c, fiber.StatusOK, nil, nil)
}

// showInbox renders the page with thread open, or none; as a part it is the thread alone.
func (a *App) showInbox(c *fiber.Ctx, status int, thread *views.Thread, notice *views.Notice) error {
	selected := ""
	if thread != nil {
		selected = thread.ConversationID
		if isPart(c) {
			return render(c, status, nil, views.ThreadPart(*thread))
		}
	}
	list, err := a.conversationList(c, selected)
	if err != nil {
		return err
	}
	names, err := a.senderNames(c)
	if err != nil {
		return err
	}
	page := views.Inbox{
		Layout: a.layout(c, "Inbox"),
		List:   list,
		Thread: thread,
		Names:  names.senders,
		Photos: names.photos,
	}
	page.Notice = notice
	return render(c, status, views.InboxPage(page), nil)
}

// placeOf is the filter and the search that the request's URL carries.
func placeOf(c *fiber.Ctx) (views.Place, error) {
	filter, err := services.ParseFilter(c.Query("filter"))
	return views.Place{Filter: string(filter), Search: strings.TrimSpace(c.Query("q"))}, err
}

// anyPlace is placeOf for pages that are not about the list.
func anyPlace(c *fiber.Ctx) views.Place {
	place, err := placeOf(c)
	if err != nil {
		place.Filter = string(services.FilterUnassigned)
	}
	return place
}

func (a *App) inboxList(c *fiber.Ctx) error {
	list, err := a.conversationList(c, c.Query("selected"))
	if err != nil {
		return err
	}
	page := views.Inbox{Layout: a.layout(c, "Inbox"), List: list}
	return render(c, fiber.StatusOK, views.InboxPage(page), views.ListPart(list))
}

// conversationList is one page of the list that the request asks for.
func (a *App) conversationList(c *fiber.Ctx, selected string) (views.List, error) {
	user := identityOf(c).User
	place, err := placeOf(c)
	if err != nil {
		return views.List{}, err
	}
	counts, err := a.Conversations.Counts(c.UserContext(), user)
	if err != nil {
		return views.List{}, err
	}
	found, next, err := a.Conversations.List(c.UserContext(), user, listQuery(place, c.Query("cursor")))
	if err != nil {
		return views.List{}, err
	}
	waiting, err := a.Conversations.Waiting(c.UserContext(), user)
	if err != nil {
		return views.List{}, err
	}
	rows, err := a.conversationRows(c, found)
	return views.List{
		Place:    place,
		Rows:     rows,
		Selected: selected,
		Waiting:  waiting,
		Cursor:   c.Query("cursor"),
		Next:     next,
		Counts: views.Counts{
			Unassigned: int(counts[services.FilterUnassigned]),
			Mine:       int(counts[services.FilterMine]),
			All:        int(counts[services.FilterAll]),
		},
	}, err
}

func listQuery(place views.Place, cursor string) services.ListQuery {
	return services.ListQuery{
		Filter: services.Filter(place.Filter),
		Search: place.Search,
		Limit:  listPage,
		Cursor: cursor,
	}
}

func (a *App) conversationRows(c *fiber.Ctx, found []models.Conversation) ([]views.ConversationRow, error) {
	user := identityOf(c).User
	last, err := a.Conversations.LastMessages(c.UserContext(), user.OrganizationID, found)
	if err != nil {
		return nil, err
	}
	unread, err := a.Messages.Unread(c.UserContext(), user.OrganizationID, found)
	if err != nil {
		return nil, err
	}
	names, err := a.senderNames(c)
	if err != nil {
		return nil, err
	}
	rows := make([]views.ConversationRow, len(found))
	for i, conversation := range found {
		message := last[conversation.ID]
		rows[i] = views.ConversationRow{
			ID:        conversation.ID,
			Name:      endUserName(conversation.EndUser),
			Preview:   services.PlainText(message),
			UpdatedAt: conversation.UpdatedAt,
			Unread:    unread[conversation.ID],
			Channel:   names.channels[conversation.ChannelID],
			Status:    models.SessionResolved,
		}
		switch {
		case message.SenderType == models.SenderAgent && message.SenderID == user.ID:
			rows[i].PreviewBy = "You"
		case message.SenderType != models.SenderEndUser:
			rows[i].PreviewBy = names.senders[message.SenderID]
		}
		if session := conversation.ActiveSession; session != nil {
			rows[i].Status = session.Status
			if session.AssignedAgentID != nil {
				rows[i].AssignedAgentID = *session.AssignedAgentID
				rows[i].AssignedName = names.senders[*session.AssignedAgentID]
				rows[i].AssignedPhotoID = names.photos[*session.AssignedAgentID]
			}
		}
	}
	return rows, nil
}

// senderNames are what an organization's ids are called: agents and bots, their photos, and the types of channels.
type senderNames struct{ senders, photos, channels map[string]string }

func (a *App) senderNames(c *fiber.Ctx) (senderNames, error) {
	senders, photos, err := a.Organizations.Senders(c.UserContext(), identityOf(c).User.OrganizationID)
	if err != nil {
		return senderNames{}, err
	}
	channels, err := a.Organizations.ChannelTypes(c.UserContext(), identityOf(c).User.OrganizationID)
	return senderNames{senders, photos, channels}, err
}

// endUserName is the name an end user gave, or enough of the external id to tell two apart.
func endUserName(user models.EndUser) string {
	if user.DisplayName != "" {
		return user.DisplayName
	}
	return "Guest " + externalIDHint(user.ExternalID)
}

func externalIDHint(externalID string) string {
	runes := []rune(strings.TrimPrefix(externalID, "anon_"))
	return string(runes[max(0, len(runes)-6):])
}
