package handlers

import (
	"math"

	"github.com/gofiber/fiber/v2"

	"parley/handlers/protocol"
	"parley/services"
)

func (a *App) listMessages(c *fiber.Ctx) error {
	page, err := messagePage(c, 50)
	if err != nil {
		return err
	}
	organizationID := identityOf(c).User.OrganizationID
	ref, err := a.Conversations.ForAgent(c.UserContext(), organizationID, c.Params("id"))
	if err != nil {
		return err
	}
	messages, err := a.Messages.List(c.UserContext(), ref, page)
	if err != nil {
		return err
	}
	readBy, err := a.Messages.ReadBy(c.UserContext(), organizationID, messages)
	if err != nil {
		return err
	}
	return c.JSON(protocol.NewHistory(messages, readBy))
}

// messagePage reads limit, offset, before_seq and after_seq.
func messagePage(c *fiber.Ctx, limit int) (page services.Page, err error) {
	if page.Limit, err = queryNumber(c, "limit", limit, 1, 200); err != nil {
		return page, err
	}
	if page.Offset, err = queryNumber(c, "offset", 0, 0, math.MaxInt32); err != nil {
		return page, err
	}
	before, err := queryNumber(c, "before_seq", -1, 0, math.MaxInt32)
	if err != nil {
		return page, err
	}
	after, err := queryNumber(c, "after_seq", -1, 0, math.MaxInt32)
	page.BeforeSeq, page.AfterSeq = int64(before), int64(after)
	return page, err
}
