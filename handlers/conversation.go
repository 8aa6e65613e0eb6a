package handlers

import (
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"parley/handlers/protocol"
	"parley/models"
	"parley/services"
)

func (a *App) listConversations(c *fiber.Ctx) error {
	filter, err := services.ParseFilter(c.Query("filter"))
	if err != nil {
		return err
	}
	limit, err := queryNumber(c, protocol.ConversationLimit)
	if err != nil {
		return err
	}
	found, next, err := a.Conversations.List(c.UserContext(), identityOf(c).User, services.ListQuery{
		Filter: filter,
		Limit:  limit,
		Cursor: c.Query("cursor"),
	})
	if err != nil {
		return err
	}
	if next != "" {
		query := url.Values{"filter": {string(filter)}, "limit": {strconv.Itoa(limit)}, "cursor": {next}}
		c.Set(fiber.HeaderLink, "<"+a.baseURL(c)+"/api/conversations/?"+query.Encode()+`>; rel="next"`)
	}
	return sendList(c, found, func(c models.Conversation) any { return protocol.NewConversation(c) })
}

func (a *App) getConversation(c *fiber.Ctx) error {
	found, err := a.Conversations.Get(c.UserContext(), identityOf(c).User.OrganizationID, c.Params("id"))
	if err != nil {
		return err
	}
	return c.JSON(protocol.NewConversation(found))
}

func (a *App) claimConversation(c *fiber.Ctx) error {
	session, err := a.Conversations.Claim(c.UserContext(), identityOf(c).User, c.Params("id"))
	if err != nil {
		return err
	}
	return c.JSON(protocol.NewAssignment(session))
}

func (a *App) resolveConversation(c *fiber.Ctx) error {
	var request protocol.Tags
	if err := decodeBody(c, &request); err != nil {
		return err
	}
	session, err := a.Conversations.Resolve(c.UserContext(), identityOf(c).User.OrganizationID, c.Params("id"),
		request.Tags)
	if err != nil {
		return err
	}
	return c.JSON(protocol.NewResolution(session))
}

func (a *App) unassignConversation(c *fiber.Ctx) error {
	session, err := a.Conversations.Unassign(c.UserContext(), identityOf(c).User, c.Params("id"))
	if err != nil {
		return err
	}
	return c.JSON(protocol.NewAssignment(session))
}

func (a *App) reopenConversation(c *fiber.Ctx) error {
	session, err := a.Conversations.Reopen(c.UserContext(), identityOf(c).User, c.Params("id"))
	if err != nil {
		return err
	}
	return c.JSON(protocol.NewResolution(session))
}

func (a *App) tagConversation(c *fiber.Ctx) error {
	var request protocol.Tags
	if err := decodeBody(c, &request); err != nil {
		return err
	}
	if request.Tags == nil {
		return services.Refuse(services.Invalid, "tags must be a list.")
	}
	session, err := a.Conversations.SetTags(c.UserContext(), identityOf(c).User.OrganizationID, c.Params("id"),
		request.Tags)
	if err != nil {
		return err
	}
	return c.JSON(protocol.NewTagging(session))
}
