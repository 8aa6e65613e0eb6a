package handlers

import (
	"context"
	"io/fs"
	"log/slog"
	"path"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/static"
)

// health says that the process runs.
func (a *App) health(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "ok"}) }

// ready says that requests can be answered: the database is there, and the process is not about to end.
func (a *App) ready(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), 2*time.Second)
	defer cancel()
	if err := a.Ready(ctx); err != nil {
		slog.Warn("not ready", "error", err)
		return c.Status(fiber.StatusServiceUnavailable).JSON(fiber.Map{"status": "unavailable"})
	}
	return c.JSON(fiber.Map{"status": "ready"})
}

// asset serves a file of static/. A URL with the file's own hash may be kept for ever.
func asset(c *fiber.Ctx) error {
	name := c.Params("*")
	content, err := fs.ReadFile(static.FS(), name)
	if err != nil {
		return notFound(c)
	}
	c.Set(fiber.HeaderCacheControl, "public, no-cache")
	if "/static/"+name+"?v="+c.Query("v") == static.URL(name) {
		c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	}
	c.Type(path.Ext(name)[1:], "utf-8")
	return c.Send(content)
}
