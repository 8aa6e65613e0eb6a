package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/services"
	"parley/views"
)

func (a *App) setupPage(c *fiber.Ctx) error {
	if !a.Setup.Needed(c.UserContext()) {
		return c.Redirect("/auth/login", fiber.StatusSeeOther)
	}
	return render(c, fiber.StatusOK, views.SetupPage(views.Setup{Layout: a.layout(c, "Set up")}), nil)
}

// setUp creates the first organization and logs its owner in.
func (a *App) setUp(c *fiber.Ctx) error {
	if !a.Setup.Needed(c.UserContext()) {
		return c.Redirect("/auth/login", fiber.StatusSeeOther)
	}
	form := views.Setup{
		SetupToken:       c.FormValue("setup_token"),
		OrganizationName: c.FormValue("organization_name"),
		Name:             c.FormValue("name"),
		Email:            c.FormValue("email"),
	}
	owner, err := a.Setup.SetUp(c.UserContext(), form.SetupToken, services.NewOrganization{
		Name:       form.OrganizationName,
		AdminName:  form.Name,
		AdminEmail: form.Email,
		Password:   c.FormValue("password"),
	})
	if services.KindOf(err) == services.Internal {
		return err
	} else if err != nil {
		_, status := refusalOf(c, err)
		form.Layout = a.layout(c, "Set up")
		form.Errors = services.FieldErrors(err)
		return render(c, status, views.SetupPage(form), nil)
	}
	login, err := a.WebSessions.Open(c.UserContext(), owner, browser(c))
	if err != nil {
		return err
	}
	return a.loggedIn(c, login, "/welcome")
}
