package handlers

import "github.com/gofiber/fiber/v2"

// company redirects to the first page of the section.
func (a *App) company(c *fiber.Ctx) error {
	return c.Redirect("/company/api-keys", fiber.StatusSeeOther)
}
