package handlers

import (
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/compress"
	"github.com/gofiber/fiber/v2/middleware/recover"
)

// routes is every route of the product, each with its guard. Trailing slashes are optional throughout.
func (a *App) routes(server *fiber.App) {
	// Real time. First, and outside of what follows: its connections are hijacked and its answers are small.
	server.All("/socket.io", a.Socket)
	server.All("/socket.io/*", a.Socket)

	server.Use(recover.New(recover.Config{EnableStackTrace: true, StackTraceHandler: logPanic}))
	server.Use(bounded, a.secure, compress.New())

	// For the machines that watch it.
	server.Get("/healthz", a.health)
	server.Get("/readyz", a.ready)

	// Files, named by their content.
	server.Get("/static/*", asset)
	server.Get("/sw.js", serviceWorker)
	server.Get("/offline", a.offlinePage)

	// The widget: for anybody, from any site that the embed token allows.
	server.Get("/chat-widget/embed.js", a.loader)
	server.Get("/chat-widget", a.widgetPage)
	server.Get("/chat-widget/history/:id", a.widgetHistory)

	// Coming in.
	server.Get("/", a.home)
	server.Get("/setup", a.setupPage)
	server.Post("/setup", a.csrf, a.setUp)
	server.Get("/auth/login", a.loginPage)
	server.Post("/auth/login", a.csrf, a.logIn)
	server.Post("/auth/logout", a.csrf, a.logOut)
	if a.Demo != nil {
		server.Get("/demo", a.demoPage)
		server.Get("/styleguide", a.styleguidePage)
	}

	// The inbox: every user of the organization.
	inbox := server.Group("/inbox", a.page)
	inbox.Get("/", a.inboxPage)
	inbox.Get("/list", a.inboxList)
	inbox.Get("/:id", a.threadPage)
	inbox.Get("/:id/header", a.threadHeader)
	inbox.Get("/:id/messages", a.threadMessages)
	inbox.Get("/:id/panel", a.threadPanel)
	inbox.Get("/:id/compose", a.composePage)
	inbox.Post("/:id/claim", a.csrf, a.claimForm)
	inbox.Post("/:id/release", a.csrf, a.releaseForm)
	inbox.Post("/:id/reopen", a.csrf, a.reopenForm)
	inbox.Post("/:id/resolve", a.csrf, a.resolveForm)
	inbox.Post("/:id/tag", a.csrf, a.tagForm)
	inbox.Post("/:id/messages", a.csrf, a.messageForm)
	inbox.Post("/:id/preview", a.csrf, a.previewForm)

	// The guide's REST API: every user of the organization, by web session only.
	api := server.Group("/api", a.api)
	api.Get("/conversations/", a.listConversations)
	api.Get("/conversations/:id", a.getConversation)
	api.Get("/conversations/:id/messages", a.listMessages)
	api.Get("/conversations/:id/history", a.listMessages)
	api.Post("/conversations/:id/assign", a.csrf, a.assignConversation)
	api.Post("/conversations/:id/release", a.csrf, a.releaseConversation)
	api.Post("/conversations/:id/resolve", a.csrf, a.resolveConversation)
	api.Post("/conversations/:id/reopen", a.csrf, a.reopenConversation)
	api.Post("/conversations/:id/tag", a.csrf, a.tagConversation)
	api.Post("/conversations/:id/tags", a.csrf, a.tagConversation)

	server.Use(notFound)
}
