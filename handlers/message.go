package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/handlers/protocol"
	"parley/models"
	"parley/services"
)

func (a *App) listMessages(c *fiber.Ctx) error {
	page, err := messagePage(c)
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
	senders, err := a.Organizations.Senders(c.UserContext(), organizationID)
	if err != nil {
		return err
	}
	isUser := func(id string) bool { return senders.User(id).ID != "" }
	return sendList(c, messages, func(m models.Message) any {
		return protocol.NewHistoryMessage(m, readBy[m.ID], isUser)
	})
}

// messagePage reads limit, offset, before_seq and after_seq.
func messagePage(c *fiber.Ctx) (page services.Page, err error) {
	if page.Limit, err = queryNumber(c, protocol.MessageLimit); err != nil {
		return page, err
	}
	if page.Offset, err = queryNumber(c, protocol.Offset); err != nil {
		return page, err
	}
	before, err := queryNumber(c, protocol.BeforeSeq)
	if err != nil {
		return page, err
	}
	after, err := queryNumber(c, protocol.AfterSeq)
	page.BeforeSeq, page.AfterSeq = int64(before), int64(after)
	return page, err
}
