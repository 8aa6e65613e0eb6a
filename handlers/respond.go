package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"parley/handlers/protocol"
	"parley/services"
	"parley/static"
	"parley/views"
)

// statusOf is the HTTP status of each kind of error.
var statusOf = map[services.Kind]int{
	services.Invalid:      fiber.StatusBadRequest,
	services.Unauthorized: fiber.StatusUnauthorized,
	services.Forbidden:    fiber.StatusForbidden,
	services.NotFound:     fiber.StatusNotFound,
	services.Conflict:     fiber.StatusConflict,
	services.TooLarge:     fiber.StatusRequestEntityTooLarge,
	services.RateLimited:  fiber.StatusTooManyRequests,
	services.Unavailable:  fiber.StatusServiceUnavailable,
	services.Internal:     fiber.StatusInternalServerError,
}

// isPart reports whether htmx asks for a part. When it restores a page from history it asks for the whole page.
func isPart(c *fiber.Ctx) bool {
	return c.Get("HX-Request") == "true" && c.Get("HX-History-Restore-Request") != "true" &&
		c.Get("HX-Request-Type") != "full"
}

// render answers with the part if htmx asked for it, else with the page.
func render(c *fiber.Ctx, status int, page, part templ.Component) error {
	c.Vary("HX-Request", "HX-Request-Type")
	if part != nil && isPart(c) {
		page = part
	}
	c.Status(status)
	c.Type("html", "utf-8")
	return page.Render(c.UserContext(), c.Response().BodyWriter())
}

// problem answers an error that a handler returned: JSON for the API and the widget's history, a notice for htmx, else
// a page.
func (a *App) problem(c *fiber.Ctx, err error) error {
	c.SetUserContext(context.Background()) // the one it had has ended with the handler
	a.setHeaders(c)                        // a request that is refused while it is read comes by no middleware
	refusal, status := refusalOf(c, err)
	path := c.Path()
	switch {
	case within(path, "/api"), within(path, "/chat-widget/history"), within(path, "/socket.io"):
		return c.Status(status).JSON(protocol.APIError{
			Error:   string(refusal.Kind),
			Message: refusal.Message,
		})
	case isPart(c):
		return render(c, status, views.NoticePart(views.Notice{
			Critical: true,
			Text:     refusal.Message,
		}), nil)
	}
	framed := within(path, "/chat-widget")
	if framed { // whoever embeds the chat: there is nothing to click on
		setEmbeddable(c)
		c.Set(fiber.HeaderContentSecurityPolicy, contentSecurityPolicy("*"))
	}
	return render(c, status, views.ProblemPage(views.Problem{
		Layout:  a.frame(c, strconv.Itoa(status)),
		Status:  status,
		Message: refusal.Message,
		Framed:  framed,
	}), nil)
}

// within reports whether path is folder or below it.
func within(path, folder string) bool { return strings.HasPrefix(path+"/", folder+"/") }

// refusalOf turns any error into what a user may know of it and its status, sets Retry-After, and logs errors that are
// ours.
func refusalOf(c *fiber.Ctx, err error) (*services.Error, int) {
	var refused *requestError
	if errors.As(err, &refused) {
		return services.Refuse(refused.kind, "%s", refused.message), refused.status
	}
	var fiberError *fiber.Error
	if errors.As(err, &fiberError) {
		switch {
		case fiberError.Code == fiber.StatusRequestEntityTooLarge:
			err = services.Refuse(services.TooLarge, "The request is too large.")
		case fiberError.Code == fiber.StatusNotFound:
			err = notFound(c)
		case fiberError.Code == fiber.StatusBadGateway: // Fiber's word for a connection that broke within the request
			return services.Refuse(services.Invalid, "The request is not complete."), fiber.StatusBadRequest
		case fiberError.Code < 500:
			return services.Refuse(services.Invalid, "The request is not valid."), fiberError.Code
		}
	}
	refusal := services.AsError(err)
	if refusal.Kind == services.Internal {
		slog.Error("request failed", "method", c.Method(), "route", c.Route().Path, "error", err)
	}
	if refusal.RetryAfter > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(refusal.RetryAfter.Seconds()))))
	}
	return refusal, statusOf[refusal.Kind]
}

func notFound(*fiber.Ctx) error {
	return services.Refuse(services.NotFound,
		"There is nothing at this address. It was moved or removed, or it has a typing error.")
}

// logPanic logs what the recover middleware caught; what it hands on becomes a 500.
func logPanic(c *fiber.Ctx, cause any) {
	what := fmt.Sprintf("%T", cause) // its text may be what a user wrote
	if known, ok := cause.(runtime.Error); ok {
		what = known.Error()
	}
	slog.Error("panic", "method", c.Method(), "route", c.Route().Path, "cause", what, "stack", string(debug.Stack()))
}

// layout is what a page has around it for whoever asks.
func (a *App) layout(c *fiber.Ctx, title string) views.Layout {
	layout := a.frame(c, title)
	layout.CSRFToken = a.csrfToken(c)
	layout.Path = c.Path()
	layout.Notice = a.flash(c)
	return layout
}

// frame is layout for a page without forms: it sets no cookie. A refused request may have one that could not be read,
// and a new one would log its owner out.
func (a *App) frame(c *fiber.Ctx, title string) views.Layout {
	layout := views.Layout{Title: title, Asset: static.URL, Imports: static.Imports}
	if identity := identityOf(c); identity.User.ID != "" {
		organization, err := a.Organizations.Get(c.UserContext(), identity.User.OrganizationID)
		if err != nil {
			slog.Error("read organization", "error", err)
		}
		c.SetUserContext(views.InZone(c.UserContext(), organization.TimeZone))
		layout.User = &views.LayoutUser{
			ID:               identity.User.ID,
			Name:             identity.User.Name,
			Email:            identity.User.Email,
			Role:             string(identity.User.Role),
			PhotoID:          photoID(identity.User.PhotoID),
			OrganizationName: organization.Name,
		}
	}
	return layout
}

// decodeBody reads a JSON body; an empty one leaves target as it is.
func decodeBody(c *fiber.Ctx, target any) error {
	body, err := requestBody(c)
	if err != nil || len(body) == 0 {
		return err
	}
	if bytes.Count(body, []byte(",")) >= maxValues { // each one that is wrong would be an error of its own
		return malformed("The body has too many values.")
	}
	if err := json.Unmarshal(body, target); err != nil {
		return services.Refuse(services.Invalid, "The body must be a JSON object of the documented form.")
	}
	return nil
}

// queryNumber reads a parameter of the query that is a number. A missing one without a default is -1.
func queryNumber(c *fiber.Ctx, p protocol.Parameter) (int, error) {
	text := c.Query(p.Name, p.Default)
	if text == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < p.Least || n > p.Most {
		return 0, services.Refuse(services.Invalid, "%s must be a number from %d to %d.", p.Name, p.Least, p.Most)
	}
	return n, nil
}
