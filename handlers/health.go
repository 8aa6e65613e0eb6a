package handlers

import (
	"context"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"
)

// health answers that the process runs.
func (a *App) health(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "ok"}) }

// ready answers whether the server can take requests: the database answers and the process is not shutting down.
func (a *App) ready(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), 2*time.Second)
	defer cancel()
	if err := a.Ready(ctx); err != nil {
		slog.Warn("not ready", "error", err)
		return c.Status(fiber.StatusServiceUnavailable).JSON(fiber.Map{"status": "unavailable"})
	}
	return c.JSON(fiber.Map{"status": "ready"})
}
