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
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"parley/handlers/protocol"
	"parley/services"
	"parley/static"
	"parley/views"
)

// statusOf maps each kind of error to its HTTP status.
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

// isPart reports whether htmx asks for a part of a page. To restore a page from history it asks for the whole page.
func isPart(c *fiber.Ctx) bool {
	return c.Get("HX-Request") == "true" && c.Get("HX-History-Restore-Request") != "true" &&
		c.Get("HX-Request-Type") != "full"
}

// render answers with the part if htmx asks for one and there is one, else with the page.
func render(c *fiber.Ctx, status int, page, part templ.Component) error {
	c.Set(headerMark, "html")
	c.Vary("HX-Request", "HX-Request-Type")
	if part != nil && isPart(c) {
		page = part
	}
	c.Status(status)
	c.Type("html", "utf-8")
	w := &answerWriter{ctx: c.Context()}
	// A page that says why it took too long must still be drawn.
	return w.end(page.Render(context.WithoutCancel(c.UserContext()), w))
}

// problemTimeout limits how long an error page waits for the name of the user's organization.
const problemTimeout = 2 * time.Second

// problem answers a request whose handler returned an error: with JSON for the API and the widget's history, with a
// notice for htmx, else with a page.
func (a *App) problem(c *fiber.Ctx, err error) error {
	refusal, status := refusalOf(c, err)
	timeout := problemTimeout
	if refusal.Kind == services.Unavailable {
		timeout = 0 // the database has had its time
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c.SetUserContext(ctx) // the request's own context ended with the handler
	a.setHeaders(c)       // a malformed request reaches no middleware
	if status == fiber.StatusMethodNotAllowed {
		c.Set(fiber.HeaderAllow, "GET, HEAD, POST")
	}
	path := routePath(c)
	switch {
	case within(path, "/api"), within(path, "/chat-widget/history"), within(path, "/socket.io"):
		c.Set(headerMark, "json")
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
	if framed { // any site may show it: the page has nothing to click on
		setEmbeddable(c)
		c.Set(fiber.HeaderContentSecurityPolicy, contentSecurityPolicy("*"))
	}
	page := views.Problem{Status: status, Message: refusal.Message, Framed: framed}
	page.Layout = a.frame(c, page.Title())
	return render(c, status, views.ProblemPage(page), nil)
}

// refusalOf returns what a user may know about an error, and its status. It sets Retry-After, and logs failures of
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
		case fiberError.Code == fiber.StatusBadGateway: // Fiber's status for a connection that broke within the request
			return services.Refuse(services.Invalid, "The request is not complete."), fiber.StatusBadRequest
		case fiberError.Code < 500:
			return services.Refuse(services.Invalid, "The request is not valid."), fiberError.Code
		}
	}
	refusal := services.AsError(err)
	services.LogFailure("request failed", err, "method", c.Method(), "route", c.Route().Path)
	if refusal.RetryAfter > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(refusal.RetryAfter.Seconds()))))
	}
	return refusal, statusOf[refusal.Kind]
}

func notFound(*fiber.Ctx) error {
	return services.Refuse(services.NotFound,
		"There is nothing at this address. It may have been removed, or the address may have a typo.")
}

// nowhere answers an address without a page. Knowing the user keeps the navigation on the error page.
func (a *App) nowhere(c *fiber.Ctx) error {
	_ = a.identify(c)
	return notFound(c)
}

// logPanic logs a panic that the recover middleware caught; the request is answered with 500.
func logPanic(c *fiber.Ctx, cause any) {
	what := fmt.Sprintf("%T", cause) // not its text, which may contain what a user wrote
	if known, ok := cause.(runtime.Error); ok {
		what = known.Error()
	}
	slog.Error("panic", "method", c.Method(), "route", c.Route().Path, "cause", what, "stack", string(debug.Stack()))
}

// layout returns the layout of a page for the user of the request.
func (a *App) layout(c *fiber.Ctx, title string) views.Layout {
	layout := a.frame(c, title)
	layout.CSRFToken = a.csrfToken(c)
	layout.Path = c.Path()
	layout.Notice = a.flash(c)
	return layout
}

// frame returns the layout of a page for anybody. It sets no cookie: a refused request may have one that could not be
// read, and replacing it would log the user out.
func (a *App) frame(c *fiber.Ctx, title string) views.Layout {
	layout := views.Layout{Title: title, Asset: static.URL, Imports: static.Imports}
	if identity := identityOf(c); identity.User.ID != "" {
		organization, err := a.Organizations.Get(c.UserContext(), identity.User.OrganizationID)
		if err != nil && c.UserContext().Err() == nil {
			services.LogFailure("read organization", err)
		}
		c.SetUserContext(views.InZone(c.UserContext(), organization.TimeZone))
		layout.Path = c.Path()
		layout.CSRFToken = a.csrfToken(c) // for the button that logs out
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

// decodeBody decodes a JSON body into target. An empty body leaves target unchanged.
func decodeBody(c *fiber.Ctx, target any) error {
	body, err := requestBody(c)
	if err != nil || len(body) == 0 {
		return err
	}
	if bytes.Count(body, []byte(",")) >= maxValues { // the decoder makes an error of every wrong value
		return malformed("The body has too many values.")
	}
	if err := json.Unmarshal(body, target); err != nil {
		return services.Refuse(services.Invalid, "The body must be a JSON object in the documented format.")
	}
	return nil
}

// queryNumber reads a number from the query. It returns -1 for a missing parameter without a default.
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
