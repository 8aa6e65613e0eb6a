package handlers

import (
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/compress"
	"github.com/gofiber/fiber/v2/middleware/recover"
)

// routes is every route of the product, each with its guard. Trailing slashes are optional throughout.
func (a *App) routes(server *fiber.App) {
	// Real time. First, and outside of what follows: its connections are hijacked and its answers are small.
	server.All("/socket.io", polled, a.Socket)
	server.All("/socket.io/*", polled, a.Socket)

	server.Use(recover.New(recover.Config{EnableStackTrace: true, StackTraceHandler: logPanic}))
	server.Use(a.bounded, a.secure, compress.New())

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

	// What the guide says, for tools.
	server.Get("/openapi.json", a.openAPI)
	server.Get("/asyncapi.json", a.asyncAPI)

	// Coming in.
	server.Get("/", a.home)
	server.Get("/setup", a.setupPage)
	server.Post("/setup", a.csrf, a.setUp)
	server.Get("/auth/login", a.loginPage)
	server.Post("/auth/login", a.csrf, a.logIn)
	server.Get("/auth/second-factor", a.secondFactorPage)
	server.Post("/auth/second-factor", a.csrf, a.secondFactor)
	server.Post("/auth/logout", a.csrf, a.logOut)
	server.Get("/invitation/:secret", a.invitationPage)
	server.Post("/invitation/:secret", a.csrf, a.join)
	server.Get("/photos/:id", a.photo)
	welcome := server.Group("/welcome", a.page, a.admin)
	welcome.Get("/", a.welcomePage)
	welcome.Post("/", a.csrf, a.oncePerForm, a.makeFirstBot)
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

	// The profile: every user, their own.
	profile := server.Group("/profile", a.page)
	profile.Get("/", a.profilePage)
	profile.Post("/name", a.csrf, a.setName)
	profile.Post("/photo", a.csrf, a.setPhoto)
	profile.Post("/photo/remove", a.csrf, a.removePhoto)
	profile.Post("/password", a.csrf, a.changePassword)
	profile.Get("/second-factor", a.secondFactorSetupPage)
	profile.Post("/second-factor", a.csrf, a.beginSecondFactor)
	profile.Post("/second-factor/confirm", a.csrf, a.confirmSecondFactor)
	profile.Post("/second-factor/disable", a.csrf, a.disableSecondFactor)
	profile.Post("/sessions/end", a.csrf, a.endOtherSessions)

	// Bots: administrators. A part of the form is drawn anew by POST, because the form as it stands goes with it.
	bots := server.Group("/bots", a.page, a.admin)
	bots.Get("/", a.botsPage)
	bots.Post("/", a.csrf, a.createBot)
	bots.Get("/new", a.newBotPage)
	bots.Post("/new/rules", a.csrf, a.changeRules)
	bots.Post("/new/try", a.csrf, a.tryBot)
	bots.Get("/:id", a.botPage)
	bots.Post("/:id", a.csrf, a.saveBot)
	bots.Post("/:id/rules", a.csrf, a.changeRules)
	bots.Post("/:id/try", a.csrf, a.tryBot)
	bots.Post("/:id/photo", a.csrf, a.setBotPhoto)
	bots.Post("/:id/photo/remove", a.csrf, a.removeBotPhoto)
	bots.Post("/:id/remove", a.csrf, a.removeBot)

	// Company: administrators.
	company := server.Group("/company", a.page, a.admin)
	company.Get("/", a.company)
	company.Get("/api-keys", a.apiKeysPage)
	company.Post("/api-keys", a.csrf, a.oncePerForm, a.createAPIKey)
	company.Post("/api-keys/:id/revoke", a.csrf, a.revokeAPIKey)
	company.Get("/team", a.teamPage)
	company.Post("/team/invitations", a.csrf, a.invite)
	company.Post("/team/invitations/:id/resend", a.csrf, a.resendInvitation)
	company.Post("/team/invitations/:id/revoke", a.csrf, a.revokeInvitation)
	company.Get("/team/:id", a.userPage)
	company.Post("/team/:id/role", a.csrf, a.setRole)
	company.Post("/team/:id/disable", a.csrf, a.disableUser)
	company.Post("/team/:id/enable", a.csrf, a.enableUser)
	company.Post("/team/:id/remove", a.csrf, a.removeUser)
	company.Get("/settings", a.organizationPage)
	company.Post("/settings", a.csrf, a.setOrganization)
	company.Get("/audit-log", a.auditPage)

	// Integration: administrators.
	integration := server.Group("/integration", a.page, a.admin)
	integration.Get("/", a.integration)
	integration.Get("/web-chat", a.webChatPage)
	integration.Post("/web-chat", a.csrf, a.createEmbedToken)
	integration.Get("/web-chat/:id", a.embedTokenPage)
	integration.Post("/web-chat/:id", a.csrf, a.changeEmbedToken)
	integration.Post("/web-chat/:id/appearance", a.csrf, a.changeAppearance)
	integration.Get("/web-chat/:id/preview", a.embedTokenPreview)
	integration.Get("/web-chat/:id/waiting", a.embedTokenStatus)
	integration.Get("/web-chat/:id/revoke", a.embedTokenRevoke)
	integration.Post("/web-chat/:id/revoke", a.csrf, a.revokeEmbedToken)
	integration.Get("/mobile-sdk", a.mobileSDKPage)
	integration.Post("/mobile-sdk", a.csrf, a.createChannel)
	integration.Get("/mobile-sdk/:id", a.channelPage)
	integration.Post("/mobile-sdk/:id", a.csrf, a.createChannelToken)
	integration.Post("/mobile-sdk/:id/credentials/:kind", a.csrf, a.saveCredential)
	integration.Get("/mobile-sdk/:id/credentials/:kind/remove", a.removeCredentialPage)
	integration.Post("/mobile-sdk/:id/credentials/:kind/remove", a.csrf, a.removeCredential)
	integration.Get("/developer-guide", a.developerGuidePage)

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
