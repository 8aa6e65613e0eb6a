package handlers

import (
	"regexp"

	"github.com/gofiber/fiber/v2"

	"parley/services"
)

// hostHeader is a Host header as clients may send it: a name or an address, and a port.
var hostHeader = regexp.MustCompile(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)

// baseURL returns the public URL, without a slash at its end: BaseURL, else the scheme and the Host header of the
// request. No other header counts, because a proxy may pass on what a client has written: X-Forwarded-Host could make
// a foreign origin ours, and our links lead elsewhere. It is empty when the Host header is malformed.
func (a *App) baseURL(c *fiber.Ctx) string {
	if a.BaseURL != "" {
		return a.BaseURL
	}
	host := string(c.Request().Header.Host())
	if host == "" { // HTTP/1.0
		host = "localhost"
	}
	if !hostHeader.MatchString(host) {
		return ""
	}
	return a.scheme(c) + "://" + host
}

// originHeader is an Origin header as browsers send it: a scheme, a host and a port, without user name or path.
var originHeader = regexp.MustCompile(`^[A-Za-z]+://[^/?#@\\\s]+$`)

// ownOrigin reports whether a request comes from a page of ours, or from no page at all. Browsers name the origin of
// every request whose answer another site could read, and of every WebSocket; of other requests the newer ones say
// whether they come from the same origin.
func (a *App) ownOrigin(c *fiber.Ctx) bool {
	origins := c.Request().Header.PeekAll(fiber.HeaderOrigin)
	switch len(origins) {
	case 0:
		site := c.Get("Sec-Fetch-Site")
		return site == "" || site == "same-origin" || site == "none"
	case 1:
		given := string(origins[0])
		origin := services.OriginOf(given)
		return originHeader.MatchString(given) && origin != "" && origin == services.OriginOf(a.baseURL(c))
	}
	return false
}

// WebSessionToken returns the session cookie of a request from our own pages, or "". A foreign page never acts as the
// agent who is logged in in the same browser: a browser sends the cookie also for pages of sibling domains.
func (a *App) WebSessionToken(c *fiber.Ctx) string {
	cookie := c.Cookies(sessionCookie)
	if cookie != "" && !a.ownOrigin(c) {
		a.refusals.note(refusedOrigin, a.clientAddress(c), "hint", "agents must open the address in BASE_URL")
		return ""
	}
	return cookie
}
