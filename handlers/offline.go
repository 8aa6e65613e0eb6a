package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/static"
	"parley/views"
)

// serviceWorker serves sw.js at the root of the site, because a service worker controls only pages below its own path.
func serviceWorker(c *fiber.Ctx) error {
	content, _ := static.File("app/sw.js") // embedded
	c.Set(fiber.HeaderCacheControl, "no-cache")
	c.Type("js", "utf-8")
	return c.Send(content)
}

// offlinePage serves the page that the service worker stores and shows without a connection. It is the same for
// everybody.
func (a *App) offlinePage(c *fiber.Ctx) error {
	return render(c, fiber.StatusOK, views.OfflinePage(views.Offline{Layout: views.Layout{
		Title:   "Offline",
		Asset:   static.URL,
		Imports: static.Imports,
	}}), nil)
}
