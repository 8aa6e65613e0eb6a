package handlers

import (
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"
)

// routes registers every route of the product. Its group guards a route: it says who may call it, and refuses an unsafe
// method without a CSRF token. Trailing slashes are optional.
func (a *App) routes(server *fiber.App) {
	server.Use(a.secure)

	// Real time. It goes without the middleware below: its connections are hijacked, its answers small.
	server.All("/socket.io", polled, a.Socket)
	server.All("/socket.io/*", polled, a.Socket)

	server.Use(recover.New(recover.Config{EnableStackTrace: true, StackTraceHandler: logPanic}))
	server.Use(a.bounded, a.logRefusals, a.checkHost)

	// Health checks.
	server.Get("/healthz", a.health)
	server.Get("/readyz", a.ready)

	server.Use(a.limitMemory, compressed)

	// Static files.
	server.Get("/static/*", asset)
	server.Get("/sw.js", serviceWorker)
	server.Get("/offline", a.offlinePage)

	// The widget, for anybody on a site that the embed token allows.
	server.Get("/chat-widget/embed.js", a.loader)
	server.Get("/chat-widget", a.widgetLimit, a.widgetPage)
	server.Get("/chat-widget/history/:id", a.costly, a.widgetHistory)

	// The API descriptions, for tools.
	server.Get("/openapi.json", a.costly, a.openAPI)
	server.Get("/asyncapi.json", a.costly, a.asyncAPI)

	// Setup and login, for anybody. Forms need the CSRF token of their page.
	server.Get("/", a.home)
	setup := server.Group("/setup", a.csrf)
	setup.Get("/", a.setupPage)
	setup.Post("/", a.costly, a.setUp)
	server.Get("/login", a.toLogin)
	auth := server.Group("/auth", a.csrf)
	auth.Get("/login", a.loginPage)
	auth.Post("/login", a.costly, a.logIn)
	auth.Get("/second-factor", a.secondFactorPage)
	auth.Post("/second-factor", a.costly, a.secondFactor)
	auth.Post("/logout", a.logOut)
	invitation := server.Group("/invitation", a.csrf)
	invitation.Get("/:secret", a.invitationPage)
	invitation.Post("/:secret", a.costly, a.join)

	// Photos of agents and bots, for anybody, because customers see them.
	server.Get("/photos/:id", a.photo)

	if a.Demo != nil {
		server.Get("/demo", a.demoPage)
		server.Get("/styleguide", a.styleguidePage)
	}

	// The first steps after setup, for administrators.
	welcome := server.Group("/welcome", a.page, a.admin)
	welcome.Get("/", a.welcomePage)
	welcome.Post("/", a.oncePerForm, a.makeFirstBot)

	// The inbox, for every user of the organization.
	inbox := server.Group("/inbox", a.page, a.costly)
	inbox.Get("/", a.inboxPage)
	inbox.Get("/list", a.inboxList)
	inbox.Get("/:id", a.threadPage)
	inbox.Get("/:id/header", a.threadHeader)
	inbox.Get("/:id/messages", a.threadMessages)
	inbox.Get("/:id/panel", a.threadPanel)
	inbox.Get("/:id/compose", a.composePage)
	inbox.Post("/:id/claim", a.claimForm)
	inbox.Post("/:id/unassign", a.unassignForm)
	inbox.Post("/:id/reopen", a.reopenForm)
	inbox.Post("/:id/resolve", a.resolveForm)
	inbox.Post("/:id/tag", a.tagForm)
	inbox.Post("/:id/messages", a.messageForm)
	inbox.Post("/:id/preview", a.previewForm)

	// The profile, for every user.
	profile := server.Group("/profile", a.page)
	profile.Get("/", a.profilePage)
	profile.Post("/name", a.setName)
	profile.Post("/photo", a.costly, a.setPhoto)
	profile.Post("/photo/remove", a.removePhoto)
	profile.Post("/password", a.costly, a.changePassword)
	profile.Get("/second-factor", a.secondFactorSetupPage)
	profile.Post("/second-factor", a.beginSecondFactor)
	profile.Post("/second-factor/confirm", a.costly, a.confirmSecondFactor)
	profile.Post("/second-factor/disable", a.costly, a.disableSecondFactor)
	profile.Post("/sessions/end", a.logOutOthers)

	// Bots, for administrators. Parts of the form are redrawn with POST, because the unsaved form is sent along.
	bots := server.Group("/bots", a.page, a.admin)
	bots.Get("/", a.botsPage)
	bots.Post("/", a.createBot)
	bots.Get("/new", a.newBotPage)
	bots.Post("/new/rules", a.changeRules)
	bots.Post("/new/try", a.tryBot)
	bots.Get("/:id", a.botPage)
	bots.Post("/:id", a.saveBot)
	bots.Post("/:id/rules", a.changeRules)
	bots.Post("/:id/try", a.tryBot)
	bots.Post("/:id/photo", a.costly, a.setBotPhoto)
	bots.Post("/:id/photo/remove", a.removeBotPhoto)
	bots.Post("/:id/remove", a.removeBot)

	// Company, for administrators.
	company := server.Group("/company", a.page, a.admin)
	company.Get("/", a.company)
	company.Get("/api-keys", a.apiKeysPage)
	company.Post("/api-keys", a.oncePerForm, a.createAPIKey)
	company.Post("/api-keys/:id/revoke", a.revokeAPIKey)
	company.Get("/team", a.teamPage)
	company.Post("/team/invitations", a.invite)
	company.Post("/team/invitations/:id/resend", a.resendInvitation)
	company.Post("/team/invitations/:id/revoke", a.revokeInvitation)
	company.Get("/team/:id", a.userPage)
	company.Post("/team/:id/role", a.setRole)
	company.Post("/team/:id/disable", a.disableUser)
	company.Post("/team/:id/enable", a.enableUser)
	company.Post("/team/:id/remove", a.removeUser)
	company.Get("/settings", a.organizationPage)
	company.Post("/settings", a.setOrganization)
	company.Get("/audit-log", a.auditPage)

	// Integration, for administrators.
	integration := server.Group("/integration", a.page, a.admin)
	integration.Get("/", a.integration)
	integration.Get("/web-chat", a.webChatPage)
	integration.Post("/web-chat", a.createEmbedToken)
	integration.Get("/web-chat/:id", a.embedTokenPage)
	integration.Post("/web-chat/:id", a.changeEmbedToken)
	integration.Post("/web-chat/:id/appearance", a.changeAppearance)
	integration.Get("/web-chat/:id/preview", a.embedTokenPreview)
	integration.Get("/web-chat/:id/waiting", a.embedTokenStatus)
	integration.Get("/web-chat/:id/revoke", a.embedTokenRevoke)
	integration.Post("/web-chat/:id/revoke", a.revokeEmbedToken)
	integration.Get("/mobile-sdk", a.mobileSDKPage)
	integration.Post("/mobile-sdk", a.createChannel)
	integration.Get("/mobile-sdk/:id", a.channelPage)
	integration.Post("/mobile-sdk/:id", a.createChannelToken)
	integration.Post("/mobile-sdk/:id/credentials/:kind", a.saveCredential)
	integration.Get("/mobile-sdk/:id/credentials/:kind/remove", a.removeCredentialPage)
	integration.Post("/mobile-sdk/:id/credentials/:kind/remove", a.removeCredential)
	integration.Get("/developer-guide", a.developerGuidePage)

	// The REST API, for every user of the organization with a login. API keys give no access.
	api := server.Group("/api", a.api)
	api.Get("/conversations/", a.costly, a.listConversations)
	api.Get("/conversations/:id", a.getConversation)
	api.Get("/conversations/:id/messages", a.costly, a.listMessages)
	api.Get("/conversations/:id/history", a.costly, a.listMessages)
	api.Post("/conversations/:id/assign", a.claimConversation)
	api.Post("/conversations/:id/release", a.unassignConversation)
	api.Post("/conversations/:id/resolve", a.resolveConversation)
	api.Post("/conversations/:id/reopen", a.reopenConversation)
	api.Post("/conversations/:id/tag", a.tagConversation)
	api.Post("/conversations/:id/tags", a.tagConversation)

	server.Use(a.nowhere)
}
