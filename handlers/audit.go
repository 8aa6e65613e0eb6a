package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/services"
	"parley/views"
)

const auditPage = 50 // entries

func (a *App) auditPage(c *fiber.Ctx) error {
	user := identityOf(c).User
	query := services.AuditQuery{
		ActorID: c.Query("person"),
		Action:  c.Query("action"),
		Cursor:  c.Query("cursor"),
		Limit:   auditPage,
	}
	entries, next, err := a.Audit.List(c.UserContext(), user, query)
	if err != nil {
		return err
	}
	people, err := a.Audit.Actors(c.UserContext(), user)
	if err != nil {
		return err
	}
	page := views.AuditLog{
		Layout:  a.layout(c, "Audit log"),
		ActorID: query.ActorID,
		Action:  query.Action,
		Cursor:  query.Cursor,
		Next:    next,
	}
	for _, person := range people {
		label := person.Name
		if person.RemovedAt != nil {
			label += " (removed)"
		}
		page.People = append(page.People, views.Choice{Label: label, Value: person.ID})
	}
	for _, entry := range entries {
		page.Entries = append(page.Entries, views.AuditEntry{
			At:        entry.CreatedAt,
			ActorName: entry.ActorName,
			Action:    entry.Action,
			Target:    entry.Target,
			Detail:    entry.Detail,
			Address:   entry.Address,
		})
	}
	return render(c, fiber.StatusOK, views.AuditLogPage(page), nil)
}
