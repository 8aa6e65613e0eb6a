package handlers

import "github.com/gofiber/fiber/v2"

// company leads to the first of its pages.
func (a *App) company(c *fiber.Ctx) error {
	return c.Redirect("/company/api-keys", fiber.StatusSeeOther)
}
