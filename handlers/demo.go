package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/views"
)

// demoPage serves a page with the widget on it, as a customer's site would have it.
func (a *App) demoPage(c *fiber.Ctx) error {
	return render(c, fiber.StatusOK, views.DemoPage(views.Demo{
		Layout:     a.layout(c, "Demo"),
		EmbedURL:   "/chat-widget/embed.js",
		EmbedToken: a.Demo.EmbedToken,
		Logins: []views.DemoLogin{
			{Role: "Agent", Email: a.Demo.Agent.Email, Password: a.Demo.Agent.Password},
			{Role: "Admin", Email: a.Demo.Admin.Email, Password: a.Demo.Admin.Password},
		},
	}), nil)
}

// styleguidePage shows every component of the design system. It is for developers of Parley, so only the demo serves
// it.
func (a *App) styleguidePage(c *fiber.Ctx) error {
	return render(c, fiber.StatusOK, views.StyleguidePage(views.Styleguide{Layout: a.layout(c, "Styleguide")}), nil)
}
