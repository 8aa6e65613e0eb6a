package handlers

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/services"
)

// health answers that the process runs.
func (a *App) health(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "ok"}) }

// ready answers whether the server can take requests: the database can be written to and the process is not shutting
// down.
func (a *App) ready(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), 2*time.Second)
	defer cancel()
	if err := a.Ready(ctx); err != nil {
		services.LogFailure("not ready", err)
		return c.Status(fiber.StatusServiceUnavailable).JSON(fiber.Map{"status": "unavailable"})
	}
	return c.JSON(fiber.Map{"status": "ready"})
}
