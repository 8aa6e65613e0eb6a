package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/handlers/protocol"
)

// openAPI and asyncAPI describe the public API. They contain nothing of an organization, and any site may read them:
// tools that use them run in the browser.
func (a *App) openAPI(c *fiber.Ctx) error { return apiDocument(c, protocol.OpenAPI(a.baseURL(c))) }

func (a *App) asyncAPI(c *fiber.Ctx) error { return apiDocument(c, protocol.AsyncAPI(a.baseURL(c))) }

func apiDocument(c *fiber.Ctx, document map[string]any) error {
	setEmbeddable(c)
	c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
	c.Set(fiber.HeaderCacheControl, "no-cache")
	return c.JSON(document)
}
