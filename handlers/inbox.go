package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
	"parley/views"
)

const listPage = 50 // conversations on one page of the list

func (a *App) inboxPage(c *fiber.Ctx) error {
	return a.showInbox(c, fiber.StatusOK, nil, nil)
}

// showInbox renders the inbox with thread open, or with none. For htmx it renders the thread alone.
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

// placeOf returns the filter and the search of the request's URL. Error: Invalid for an unknown filter.
func placeOf(c *fiber.Ctx) (views.Place, error) {
	filter, err := services.ParseFilter(c.Query("filter"))
	return views.Place{Filter: string(filter), Search: strings.TrimSpace(c.Query("q"))}, err
}

// anyPlace is placeOf for pages that do not show the list: an unknown filter becomes the default.
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

// conversationList returns the page of the list that the request asks for.
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

// names has what the conversations of an organization show in place of ids.
type names struct {
	senders  services.Senders
	endUser  string            // name of the customer of the conversation on the page
	channels map[string]string // the types of channels
}

func (a *App) names(c *fiber.Ctx) (names, error) {
	senders, err := a.Organizations.Senders(c.UserContext(), identityOf(c).User.OrganizationID)
	if err != nil {
		return names{}, err
	}
	channels, err := a.Organizations.ChannelTypes(c.UserContext(), identityOf(c).User.OrganizationID)
	return names{senders: senders, channels: channels}, err
}

// of returns the name of the sender of a message, and the id of their photo.
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

// endUserName returns the name of an end user. Without a name it is "Guest" and the end of the external id, which
// distinguishes them.
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
