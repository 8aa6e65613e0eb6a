package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"parley/services"
)

// takesPhoto reports whether a path takes a form with a photo.
func takesPhoto(path string) bool {
	bot, isBot := strings.CutPrefix(path, "/bots/")
	bot, isPhoto := strings.CutSuffix(bot, "/photo")
	return path == "/profile/photo" || isBot && isPhoto && !strings.Contains(bot, "/")
}

// photo serves a photo of an agent or bot to anybody, because customers see it. The content of an id never changes.
func (a *App) photo(c *fiber.Ctx) error {
	photo, err := a.Photos.Get(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	setEmbeddable(c)
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	c.Set(fiber.HeaderContentType, photo.ContentType)
	return c.Send(photo.Content)
}

// uploadedPhoto returns the file of the form, which is the request's. Error: Invalid if there is none.
func uploadedPhoto(c *fiber.Ctx) ([]byte, error) {
	photo := formFile(c, "photo")
	if len(photo) == 0 {
		return nil, services.Refuse(services.Invalid, "Choose a photo first.")
	}
	return photo, nil
}

func photoID(id *string) string {
	if id == nil {
		return ""
	}
	return *id
}
