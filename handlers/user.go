package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/views"
)

func (a *App) teamPage(c *fiber.Ctx) error {
	return a.showTeam(c, fiber.StatusOK, views.Team{Role: string(models.RoleAgent)})
}

// invite answers with the page and not with a redirect: the secret of the link is shown once and stored nowhere.
func (a *App) invite(c *fiber.Ctx) error {
	email, role := c.FormValue("email"), c.FormValue("role")
	invitation, secret, err := a.Users.Invite(c.UserContext(), identityOf(c).User, email, models.Role(role))
	if err != nil {
		wrong, status, err := formErrorsFor(c, err)
		if err != nil {
			return err
		}
		return a.showTeam(c, status, views.Team{Email: email, Role: role, Errors: wrong})
	}
	return a.showInvitationLink(c, invitation, secret)
}

// resendInvitation creates a new link, once per form: a second one would end the link that was just shown.
func (a *App) resendInvitation(c *fiber.Ctx) error {
	before, err := a.alreadySubmitted(c)
	if err != nil {
		return err
	}
	if before {
		return a.redirectWithFlash(c, "/company/team", "already_submitted")
	}
	invitation, secret, err := a.Users.Resend(c.UserContext(), identityOf(c).User, c.Params("id"))
	if err != nil {
		return err
	}
	return a.showInvitationLink(c, invitation, secret)
}

func (a *App) showInvitationLink(c *fiber.Ctx, invitation models.Invitation, secret string) error {
	link := a.baseURL(c) + "/invitation/" + secret
	user := identityOf(c).User
	organization, err := a.Organizations.Get(c.UserContext(), user.OrganizationID)
	if err != nil {
		return err
	}
	a.Users.Mail(user, organization.Name, invitation, link)
	return a.showTeam(c, fiber.StatusOK, views.Team{
		Role:    string(models.RoleAgent),
		Invited: &views.InvitedLink{Email: invitation.Email, URL: link},
	})
}

func (a *App) revokeInvitation(c *fiber.Ctx) error {
	if err := a.Users.RevokeInvitation(c.UserContext(), identityOf(c).User, c.Params("id")); err != nil {
		return err
	}
	return a.redirectWithFlash(c, "/company/team", "invitation_revoked")
}

func (a *App) showTeam(c *fiber.Ctx, status int, page views.Team) error {
	admin := identityOf(c).User
	users, invitations, err := a.Users.List(c.UserContext(), admin)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, user := range users {
		names[user.ID] = user.Name
		page.Users = append(page.Users, newUserView(user, admin))
	}
	now := models.Now()
	for _, invitation := range invitations {
		page.Invitations = append(page.Invitations, views.OpenInvitation{
			ID:        invitation.ID,
			FormKey:   newFormKey(),
			Email:     invitation.Email,
			Role:      string(invitation.Role),
			InvitedBy: names[invitation.InvitedBy],
			ExpiresAt: invitation.ExpiresAt,
			Expired:   invitation.ExpiresAt.Before(now),
		})
	}
	page.Layout, page.Mails = a.layout(c, "Team"), a.MailsLinks
	page.Path = "/company/team"
	return render(c, status, views.TeamPage(page), nil)
}

func newUserView(user, reader models.User) views.User {
	return views.User{
		ID:           user.ID,
		Name:         user.Name,
		Email:        user.Email,
		Role:         string(user.Role),
		Disabled:     user.DisabledAt != nil,
		SecondFactor: user.TotpEnabledAt != nil,
		You:          user.ID == reader.ID,
		PhotoID:      photoID(user.PhotoID),
	}
}

func (a *App) userPage(c *fiber.Ctx) error {
	return a.showUserPage(c, fiber.StatusOK, nil)
}

// showUserPage shows what an admin can change about a user. For oneself it leads to the profile.
func (a *App) showUserPage(c *fiber.Ctx, status int, wrong formErrors) error {
	admin := identityOf(c).User
	user, err := a.Users.Get(c.UserContext(), admin, c.Params("id"))
	if err != nil {
		return err
	}
	if user.ID == admin.ID {
		return c.Redirect("/profile", fiber.StatusSeeOther)
	}
	layout := a.layout(c, user.Name)
	layout.Up = views.Link{Path: "/company/team", Name: "Team"}
	return render(c, status, views.UserPage(views.UserSettings{
		Layout: layout,
		User:   newUserView(user, admin),
		Errors: wrong,
	}), nil)
}

func (a *App) setRole(c *fiber.Ctx) error {
	err := a.Users.SetRole(c.UserContext(), identityOf(c).User, c.Params("id"), models.Role(c.FormValue("role")))
	return a.userChanged(c, err, "role_saved")
}

func (a *App) disableUser(c *fiber.Ctx) error {
	err := a.Users.Disable(c.UserContext(), identityOf(c).User, c.Params("id"))
	return a.userChanged(c, err, "user_disabled")
}

func (a *App) enableUser(c *fiber.Ctx) error {
	err := a.Users.Enable(c.UserContext(), identityOf(c).User, c.Params("id"))
	return a.userChanged(c, err, "user_enabled")
}

func (a *App) removeUser(c *fiber.Ctx) error {
	if err := a.Users.Remove(c.UserContext(), identityOf(c).User, c.Params("id")); err != nil {
		return err
	}
	return a.redirectWithFlash(c, "/company/team", "user_removed")
}

func (a *App) userChanged(c *fiber.Ctx, err error, what string) error {
	if err == nil {
		return a.redirectWithFlash(c, "/company/team/"+c.Params("id"), what)
	}
	wrong, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	return a.showUserPage(c, status, wrong)
}
