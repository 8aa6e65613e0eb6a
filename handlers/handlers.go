// Package handlers serves Parley over HTTP: pages, their htmx parts and the JSON API. A handler reads the request,
// calls a service and renders the answer. Business rules are in services, markup is in views.
package handlers

import (
	"context"
	"net/netip"
	"sync"

	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
)

// App holds what the handlers need in addition to the services. BaseURL is empty if the request decides: see baseURL.
type App struct {
	*services.Services
	Limiter        services.Limiter // remembers which forms were already submitted
	MailsLinks     bool             // invitations are sent by email; if false, administrators share their links
	Socket         fiber.Handler    // the Socket.IO server
	BaseURL        string
	TrustedProxies []netip.Prefix
	AddressLimits  services.AddressLimits
	Demo           *services.Seeded            // if not nil, /demo is served
	Ready          func(context.Context) error // the check behind /readyz

	openSockets  openSockets
	refusals     refusalLog
	memory       memoryLimit
	proxyWarning sync.Once
}

// New returns the Fiber application with every route of the product.
func New(app *App) *fiber.App {
	server := fiber.New(fiber.Config{
		AppName:                      "Parley",
		CaseSensitive:                true, // as everything that compares paths
		Immutable:                    true, // strings of a request outlive it: they must not be overwritten
		ReadTimeout:                  headerTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		ReadBufferSize:               maxHeader,
		StreamRequestBody:            true, // readBody reads the body after the login check
		ReduceMemoryUsage:            true,
		DisableStartupMessage:        true,
		DisablePreParseMultipartForm: true, // fasthttp would write files of a form to the disk
		ErrorHandler:                 app.problem,
		JSONEncoder:                  models.EncodeJSON,
		EnableTrustedProxyCheck:      true, // trusts no proxy; this package reads their headers itself, see client
	})
	app.limitRequests(server)
	app.routes(server)
	return server
}
