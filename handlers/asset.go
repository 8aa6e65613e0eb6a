package handlers

import (
	"path"

	"github.com/gofiber/fiber/v2"

	"parley/static"
)

// asset serves a file from static/. Caches may keep a URL with the file's current hash forever.
func asset(c *fiber.Ctx) error {
	name := c.Params("*")
	content, exists := static.File(name)
	if !exists {
		return notFound(c)
	}
	if within(name, "widget") {
		setEmbeddable(c)
	}
	c.Set(fiber.HeaderCacheControl, "public, no-cache")
	if "/static/"+name+"?v="+c.Query("v") == static.URL(name) {
		c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	}
	c.Type(path.Ext(name)[1:], "utf-8")
	return c.Send(content)
}
