package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/services"
	"parley/views"
)

func (a *App) profilePage(c *fiber.Ctx) error {
	return a.showProfile(c, fiber.StatusOK, views.Profile{Name: identityOf(c).User.Name})
}

func (a *App) setName(c *fiber.Ctx) error {
	err := a.Profile.SetName(c.UserContext(), identityOf(c).User, c.FormValue("name"))
	return a.profileChanged(c, err, "name_saved", "name")
}

func (a *App) setPhoto(c *fiber.Ctx) error {
	picture, err := uploadedPhoto(c)
	if err == nil {
		err = a.Profile.SetPhoto(c.UserContext(), identityOf(c).User, picture)
	}
	return a.profileChanged(c, err, "photo_saved", "photo")
}

func (a *App) removePhoto(c *fiber.Ctx) error {
	err := a.Profile.RemovePhoto(c.UserContext(), identityOf(c).User)
	return a.profileChanged(c, err, "photo_removed", "photo")
}

func (a *App) changePassword(c *fiber.Ctx) error {
	err := a.Profile.ChangePassword(c.UserContext(), identityOf(c), c.FormValue("current_password"),
		c.FormValue("password"))
	if err == nil {
		a.keepDevice(c)
	}
	return a.profileChanged(c, err, "password_changed", "current_password")
}

func (a *App) logOutOthers(c *fiber.Ctx) error {
	err := a.WebSessions.LogOutOthers(c.UserContext(), identityOf(c))
	if err == nil {
		a.keepDevice(c)
	}
	return a.profileChanged(c, err, "devices_logged_out", "")
}

// profileChanged answers a form of the profile. An error that names no field is shown at field.
func (a *App) profileChanged(c *fiber.Ctx, err error, what, field string) error {
	if err == nil {
		return a.redirectWithFlash(c, "/profile", what)
	}
	wrong, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	if text, ok := wrong[""]; ok {
		delete(wrong, "")
		wrong[field] = text
	}
	page := views.Profile{Name: identityOf(c).User.Name, Errors: wrong}
	if field == "name" {
		page.Name = c.FormValue("name")
	}
	return a.showProfile(c, status, page)
}

func (a *App) showProfile(c *fiber.Ctx, status int, page views.Profile) error {
	identity := identityOf(c)
	devices, err := a.WebSessions.Devices(c.UserContext(), identity)
	if err != nil {
		return err
	}
	for _, device := range devices {
		page.Devices = append(page.Devices, views.Device{
			UserAgent:  device.UserAgent,
			Address:    device.Address,
			LastSeenAt: device.LastSeenAt,
			Current:    device.Current,
		})
	}
	page.Layout = a.layout(c, "Your profile")
	page.Path, page.Email = "/profile", identity.User.Email
	page.SecondFactor, page.CodesLeft = identity.User.TotpEnabledAt != nil, services.RecoveryCodesLeft(identity.User)
	if len(page.Codes) > 0 { // the user is as read before they were made
		page.SecondFactor, page.CodesLeft = true, len(page.Codes)
	}
	page.PhotoID = photoID(identity.User.PhotoID)
	return render(c, status, views.ProfilePage(page), nil)
}
