package handlers

import (
	"io/fs"

	"github.com/gofiber/fiber/v2"

	"parley/static"
	"parley/views"
)

// serviceWorker serves sw.js from the top of the site, since a worker rules only what lies below it.
func serviceWorker(c *fiber.Ctx) error {
	content, err := fs.ReadFile(static.FS(), "app/sw.js")
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-cache")
	c.Type("js", "utf-8")
	return c.Send(content)
}

// offlinePage is the same for everybody: the service worker keeps it.
func (a *App) offlinePage(c *fiber.Ctx) error {
	return render(c, fiber.StatusOK, views.OfflinePage(views.Offline{Layout: views.Layout{
		Title:   "Offline",
		Asset:   static.URL,
		Imports: static.Imports,
	}}), nil)
}
