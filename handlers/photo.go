package handlers

import (
	"io"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"parley/services"
)

// maxPhotoBody is what the form of a photo may send: a photo of 5 MB and what a form has around it.
const maxPhotoBody = 5<<20 + 64<<10

// photoBody lets the forms of photos send more than any other request may.
func photoBody(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if path, _, _ := strings.Cut(string(header.RequestURI()), "?"); header.IsPost() &&
		strings.HasSuffix(strings.TrimSuffix(path, "/"), "/photo") {
		return fasthttp.RequestConfig{MaxRequestBodySize: maxPhotoBody}
	}
	return fasthttp.RequestConfig{}
}

// photo is public: end users see the photos of who answers them. What an id names never changes.
func (a *App) photo(c *fiber.Ctx) error {
	photo, err := a.Photos.Get(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	c.Set(fiber.HeaderContentType, photo.ContentType)
	return c.Send(photo.Content)
}

// uploadedPhoto is the file of the form.
func uploadedPhoto(c *fiber.Ctx) ([]byte, error) {
	header, err := c.FormFile("photo")
	if err != nil || header.Size == 0 {
		return nil, services.Refuse(services.Invalid, "Choose a photo first.")
	}
	file, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

func photoID(id *string) string {
	if id == nil {
		return ""
	}
	return *id
}
