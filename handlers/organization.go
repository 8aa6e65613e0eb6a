package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/views"
)

func (a *App) organizationPage(c *fiber.Ctx) error {
	organization, err := a.Organizations.Get(c.UserContext(), identityOf(c).User.OrganizationID)
	if err != nil {
		return err
	}
	return a.showOrganization(c, fiber.StatusOK, views.OrganizationSettings{
		Name:     organization.Name,
		TimeZone: organization.TimeZone,
		Language: organization.Language,
	})
}

func (a *App) setOrganization(c *fiber.Ctx) error {
	page := views.OrganizationSettings{
		Name:     c.FormValue("name"),
		TimeZone: c.FormValue("time_zone"),
		Language: c.FormValue("language"),
	}
	err := a.Organizations.SetSettings(c.UserContext(), identityOf(c).User, page.Name, page.TimeZone, page.Language)
	if err == nil {
		return a.redirectWithFlash(c, "/company/settings", "settings_saved")
	}
	wrong, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	page.Errors = wrong
	return a.showOrganization(c, status, page)
}

func (a *App) showOrganization(c *fiber.Ctx, status int, page views.OrganizationSettings) error {
	page.Layout = a.layout(c, "Settings")
	return render(c, status, views.OrganizationSettingsPage(page), nil)
}
