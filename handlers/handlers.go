// Package handlers is Parley over HTTP: pages, their htmx parts and the JSON API. A handler reads the request, calls
// one service and shows the answer; rules live in services, markup in views.
package handlers

import (
	"context"
	"net/netip"

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
	Demo           *services.Seeded            // not nil: serve /demo
	Ready          func(context.Context) error // what /readyz asks

	openSockets openSockets
	refusals    refusalLog
}

// New returns the Fiber application with every route of the product.
func New(app *App) *fiber.App {
	server := fiber.New(fiber.Config{
		AppName:                      "Parley",
		Immutable:                    true, // strings of a request outlive it: they must not be overwritten
		ReadTimeout:                  headerTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		ReadBufferSize:               maxHeader,
		StreamRequestBody:            true, // readBody reads it, when it is known who asks
		ReduceMemoryUsage:            true,
		DisableStartupMessage:        true,
		DisablePreParseMultipartForm: true, // fasthttp would write files of a form to the disk
		ErrorHandler:                 app.problem,
		EnableTrustedProxyCheck:      true, // and trusts none: this package reads what proxies say, see client
	})
	app.limitRequests(server)
	app.routes(server)
	return server
}
