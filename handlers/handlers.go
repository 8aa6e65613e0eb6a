// Package handlers is Parley over HTTP: pages, their htmx parts and the JSON API. A handler reads the request, calls
// one service and shows the answer; rules live in services, markup in views.
package handlers

import (
	"context"
	"net/netip"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/services"
)

// App is what the handlers need beside the services. BaseURL is empty when it is to be taken from the request.
type App struct {
	*services.Services
	Limiter        services.Limiter // knows which forms were sent already
	MailsLinks     bool             // invitations are mailed; else their links are passed on by hand
	Socket         fiber.Handler    // the Socket.IO server
	BaseURL        string
	TrustedProxies []netip.Prefix
	AddressLimits  services.AddressLimits
	Setup          *SetupToken
	Demo           *services.Seeded            // not nil: serve /demo
	Ready          func(context.Context) error // what /readyz asks

	openSockets openSockets
}

// maxBody is what a request may send: the Socket.IO server takes polling bodies of 1,000,000 bytes.
const maxBody = 1 << 20

// New returns the Fiber application with every route of the product.
func New(app *App) *fiber.App {
	server := fiber.New(fiber.Config{
		AppName:                 "Parley",
		Immutable:               true, // strings of a request outlive it here: without this they would be overwritten
		BodyLimit:               maxBody,
		ReadTimeout:             30 * time.Second, // of one request; hijacked connections have their own
		IdleTimeout:             2 * time.Minute,
		ReadBufferSize:          16 * 1024,
		DisableStartupMessage:   true,
		ErrorHandler:            app.problem,
		EnableTrustedProxyCheck: true, // and trusts none: this package reads what proxies say, see client
	})
	server.Server().HeaderReceived = photoBody
	app.routes(server)
	return server
}
