package handlers

import (
	"log/slog"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/services"
)

// Kinds of refusals in the log.
const (
	refusedLogin   = "login failed"
	refusedCSRF    = "no valid CSRF token"
	refusedRight   = "forbidden"
	refusedRate    = "rate limited"
	refusedSockets = "too many sockets"
	refusedOrigin  = "foreign origin"
)

const (
	refusalLines  = 20 // of one kind in one period; more are only counted
	refusalPeriod = time.Minute
)

// refusalLog logs refused requests, so that an attack shows and an administrator can find its address. A flood of them
// must not flood the log. Lines name the route and not the URL, which may hold secrets and external ids. The zero value
// is ready to use.
type refusalLog struct {
	mu      sync.Mutex
	periods map[string]*refusalCount // by kind
}

type refusalCount struct{ logged, left int }

// note logs a refusal, or counts it when its kind has had its lines of this period.
func (l *refusalLog) note(kind, address string, attributes ...any) {
	l.mu.Lock()
	count := l.periods[kind]
	if count == nil {
		count = &refusalCount{}
		if l.periods == nil {
			l.periods = map[string]*refusalCount{}
		}
		l.periods[kind] = count
		time.AfterFunc(refusalPeriod, func() { l.end(kind) })
	}
	full := count.logged == refusalLines
	if full {
		count.left++
	} else {
		count.logged++
	}
	l.mu.Unlock()
	if !full {
		slog.Warn("request refused", append([]any{"kind", kind, "address", address}, attributes...)...)
	}
}

// end closes the period of a kind, and logs how many lines were left out.
func (l *refusalLog) end(kind string) {
	l.mu.Lock()
	left := l.periods[kind].left
	delete(l.periods, kind)
	l.mu.Unlock()
	if left > 0 {
		slog.Warn("more requests refused", "kind", kind, "count", left)
	}
}

// logRefusals logs a request that the routes have refused.
func (a *App) logRefusals(c *fiber.Ctx) error {
	err := c.Next()
	if kind := refusalKind(c, err); kind != "" {
		a.refusals.note(kind, services.AddressOf(c.UserContext()), "method", c.Method(), "route", c.Route().Path)
	}
	return err
}

// refusalKind returns the kind of a refusal, or "" for an answer that needs no line. What a handler drew itself is
// known by its status.
func refusalKind(c *fiber.Ctx, err error) string {
	status := c.Response().StatusCode()
	if err != nil {
		status = statusOf[services.KindOf(err)]
	}
	switch {
	case c.Locals(refusedCSRF) != nil:
		return refusedCSRF
	case status == fiber.StatusForbidden:
		return refusedRight
	case status == fiber.StatusTooManyRequests:
		return refusedRate
	case c.Method() == fiber.MethodPost && within(routePath(c), "/auth") &&
		(status == fiber.StatusUnauthorized || status == fiber.StatusBadRequest):
		return refusedLogin
	}
	return ""
}
