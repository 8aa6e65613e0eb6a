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
	names, err := a.names(c)
	if err != nil {
		return err
	}
	page := views.Inbox{
		Layout: a.layout(c, "Inbox"),
		List:   list,
		Thread: thread,
		Agents: newAgentViews(names.senders),
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
	names, err := a.names(c)
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
			rows[i].PreviewBy = names.senders.Of(message.SenderType, message.SenderID).Name
		}
		if session := conversation.ActiveSession; session != nil {
			rows[i].Status = session.Status
			if session.AssignedAgentID != nil {
				rows[i].AssignedAgentID = *session.AssignedAgentID
				agent := names.senders.User(*session.AssignedAgentID)
				rows[i].AssignedName, rows[i].AssignedPhotoID = agent.Name, agent.PhotoID
			}
		}
	}
	return rows, nil
}

// names are what the conversations of an organization show beside ids.
type names struct {
	senders  services.Senders
	endUser  string            // of the one conversation that is shown
	channels map[string]string // their types
}

func (a *App) names(c *fiber.Ctx) (names, error) {
	senders, err := a.Organizations.Senders(c.UserContext(), identityOf(c).User.OrganizationID)
	if err != nil {
		return names{}, err
	}
	channels, err := a.Organizations.ChannelTypes(c.UserContext(), identityOf(c).User.OrganizationID)
	return names{senders: senders, channels: channels}, err
}

// of returns the name and the photo's id of whoever sent a message.
func (n names) of(m models.Message) (name, photoID string) {
	if m.SenderType == models.SenderEndUser {
		return n.endUser, ""
	}
	sender := n.senders.Of(m.SenderType, m.SenderID)
	return sender.Name, sender.PhotoID
}

func newAgentViews(senders services.Senders) []views.Agent {
	var agents []views.Agent
	for _, user := range senders.Users() {
		agents = append(agents, views.Agent(user))
	}
	return agents
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
