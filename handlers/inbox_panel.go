package handlers

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/views"
)

const (
	panelCookie   = "panel"
	panelSessions = 20 // earlier conversations that the panel lists
)

// threadPanel serves the current details of the end user.
func (a *App) threadPanel(c *fiber.Ctx) error {
	organizationID := identityOf(c).User.OrganizationID
	conversation, err := a.Conversations.Get(c.UserContext(), organizationID, c.Params("id"))
	if err != nil {
		return err
	}
	sessions, err := a.Conversations.Sessions(c.UserContext(), organizationID, conversation.ID, panelSessions+1)
	if err != nil {
		return err
	}
	names, err := a.names(c)
	if err != nil {
		return err
	}
	panel, err := a.panel(c, conversation, sessions, names)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, views.PanelPart(panel), nil)
}

func (a *App) panel(c *fiber.Ctx, conversation models.Conversation, sessions []models.ConversationSession,
	names names) (views.Panel, error) {
	visit, err := a.Visits.Of(c.UserContext(), conversation.OrganizationID, conversation.ID)
	panel := views.Panel{
		Place:          anyPlace(c),
		ConversationID: conversation.ID,
		State:          panelState(c),
		Name:           endUserName(conversation.EndUser),
		ExternalID:     conversation.EndUser.ExternalID,
		Channel:        names.channels[conversation.ChannelID],
		FirstSeen:      conversation.EndUser.CreatedAt,
		PageURL:        visit.PageURL,
		PageTitle:      visit.PageTitle,
		UserAgent:      visit.UserAgent,
		TimeZone:       visit.TimeZone,
		Language:       visit.Language,
		SeenAt:         visit.SeenAt,
	}
	// If this system does not know the zone, the script of the page shows the time.
	if zone, err := time.LoadLocation(visit.TimeZone); err == nil && visit.TimeZone != "" {
		panel.LocalTime = time.Now().In(zone).Format("3:04 PM")
	}
	for _, session := range sessions {
		if session.Status != models.SessionResolved || session.ResolvedAt == nil ||
			len(panel.Sessions) == panelSessions {
			continue
		}
		past := views.PastSession{ID: session.ID, At: *session.ResolvedAt, Tags: session.Tags}
		if session.AssignedAgentID != nil {
			past.Agent = names.senders.User(*session.AssignedAgentID).Name
		}
		panel.Sessions = append(panel.Sessions, past)
	}
	return panel, err
}

// panelState returns whether the panel is open: as the followed link says, else as the cookie says.
func panelState(c *fiber.Ctx) string {
	if asked := c.Query("panel"); asked == "open" || asked == "closed" {
		return asked
	}
	if c.Cookies(panelCookie) == "closed" {
		return "closed"
	}
	return ""
}

// rememberPanel stores the choice of the panel's links in a cookie. panel.js sets the same cookie.
func rememberPanel(c *fiber.Ctx) {
	switch c.Query("panel") {
	case "open":
		c.Cookie(&fiber.Cookie{
			Name:     panelCookie,
			Path:     "/inbox",
			Expires:  time.Unix(1, 0),
			SameSite: fiber.CookieSameSiteLaxMode,
		})
	case "closed":
		c.Cookie(&fiber.Cookie{
			Name:     panelCookie,
			Value:    "closed",
			Path:     "/inbox",
			MaxAge:   int((365 * 24 * time.Hour).Seconds()),
			SameSite: fiber.CookieSameSiteLaxMode,
		})
	}
}
