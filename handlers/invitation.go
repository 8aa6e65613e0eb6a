package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/services"
	"parley/views"
)

// invitationPage is the page that the link of an invitation opens. Anyone who has the link may join.
func (a *App) invitationPage(c *fiber.Ctx) error {
	return a.showInvitation(c, fiber.StatusOK, views.Invitation{})
}

func (a *App) showInvitation(c *fiber.Ctx, status int, page views.Invitation) error {
	invited, err := a.Users.Invitation(c.UserContext(), c.Params("secret"))
	if services.KindOf(err) == services.NotFound {
		return render(c, fiber.StatusNotFound, views.InvitationOverPage(a.layout(c, "Invitation")), nil)
	} else if err != nil {
		return err
	}
	page.Layout = a.layout(c, "Join")
	page.Action = c.Path()
	page.OrganizationName = invited.Organization
	page.InvitedBy = invited.InvitedBy
	page.Email, page.Role = invited.Invitation.Email, string(invited.Invitation.Role)
	return render(c, status, views.InvitationPage(page), nil)
}

// join creates the user and logs them in. It replaces any login this browser had.
func (a *App) join(c *fiber.Ctx) error {
	user, err := a.Users.Accept(c.UserContext(), c.Params("secret"), c.FormValue("name"), c.FormValue("password"))
	if services.KindOf(err) == services.NotFound {
		return render(c, fiber.StatusNotFound, views.InvitationOverPage(a.layout(c, "Invitation")), nil)
	}
	if err != nil {
		wrong, status, err := formErrorsFor(c, err)
		if err != nil {
			return err
		}
		return a.showInvitation(c, status, views.Invitation{
			Name:   c.FormValue("name"),
			Errors: wrong,
		})
	}
	login, err := a.WebSessions.Open(c.UserContext(), user, browser(c))
	if err != nil {
		return err
	}
	return a.loggedIn(c, login, "/inbox")
}
