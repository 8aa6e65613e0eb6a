package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/services"
)

// Headers that Fiber has no name for.
const (
	headerOpenerPolicy   = "Cross-Origin-Opener-Policy"
	headerEmbedderPolicy = "Cross-Origin-Embedder-Policy"
	headerResourcePolicy = fiber.HeaderCrossOriginResourcePolicy
	// headerMark marks what scripts draw. They draw nothing without it: it would come from something on the way.
	headerMark = "X-Parley"
)

// noFeatures turns off what browsers could give to our pages and to what they embed: none of it is used.
const noFeatures = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), " +
	"magnetometer=(), microphone=(), midi=(), payment=(), usb=()"

// secure sets the headers of every answer.
func (a *App) secure(c *fiber.Ctx) error {
	a.setHeaders(c)
	return c.Next()
}

// checkHost refuses a request whose Host header could not be in a link.
func (a *App) checkHost(c *fiber.Ctx) error {
	if a.baseURL(c) == "" {
		return services.Refuse(services.Invalid, "The Host header is not valid.")
	}
	return c.Next()
}

// setHeaders sets what holds unless a handler says otherwise: an answer is for one reader and kept nowhere, a page
// loads and is framed by nothing but ourselves, and other sites embed nothing.
//
// Pages are not kept either. After a logout the back button must not show what the next person may not see, and some
// pages show a secret once. The price is that going back loads a page again.
func (a *App) setHeaders(c *fiber.Ctx) {
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderReferrerPolicy, "same-origin")
	c.Set(fiber.HeaderPermissionsPolicy, noFeatures)
	c.Set(fiber.HeaderContentSecurityPolicy, contentSecurityPolicy("'none'"))
	c.Set(headerOpenerPolicy, "same-origin")
	c.Set(headerResourcePolicy, "same-origin")
	if a.secureCookies(c) {
		c.Set(fiber.HeaderStrictTransportSecurity, "max-age=31536000")
	}
}

// setEmbeddable lets other sites load an answer: also sites that are isolated (Cross-Origin-Embedder-Policy), whose
// frames must be isolated too. credentialless still lets the page show images of sites that say nothing of all this.
func setEmbeddable(c *fiber.Ctx) {
	c.Set(headerResourcePolicy, "cross-origin")
	c.Set(headerEmbedderPolicy, "credentialless")
}

// contentSecurityPolicy is the policy of our pages; frameAncestors says who may frame them. Images may come from any
// site, but over https: see views.OnSite.
func contentSecurityPolicy(frameAncestors string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; font-src 'self'; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-src 'self'; frame-ancestors " + frameAncestors
}
