package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/views"
)

func (a *App) apiKeysPage(c *fiber.Ctx) error {
	return a.showAPIKeys(c, fiber.StatusOK, views.APIKeys{})
}

// createAPIKey answers with the page and not with a redirect: the secret is shown once and stored nowhere.
func (a *App) createAPIKey(c *fiber.Ctx) error {
	name := c.FormValue("name")
	key, secret, err := a.APIKeys.Create(c.UserContext(), identityOf(c).User, name)
	if err != nil {
		wrong, status, err := formErrorsFor(c, err)
		if err != nil {
			return err
		}
		return a.showAPIKeys(c, status, views.APIKeys{Name: name, Error: wrong.any()})
	}
	return a.showAPIKeys(c, fiber.StatusOK, views.APIKeys{
		Created: newAPIKeyView(key, ""),
		Secret:  secret,
	})
}

func (a *App) revokeAPIKey(c *fiber.Ctx) error {
	if err := a.APIKeys.Revoke(c.UserContext(), identityOf(c).User, c.Params("id")); err != nil {
		return err
	}
	return a.redirectWithFlash(c, "/company/api-keys", "api_key_revoked")
}

func (a *App) showAPIKeys(c *fiber.Ctx, status int, page views.APIKeys) error {
	user := identityOf(c).User
	keys, err := a.APIKeys.List(c.UserContext(), user)
	if err != nil {
		return err
	}
	names, err := a.Organizations.UserNames(c.UserContext(), user.OrganizationID)
	if err != nil {
		return err
	}
	for _, key := range keys {
		page.Keys = append(page.Keys, newAPIKeyView(key, names[key.CreatedBy]))
	}
	page.Layout, page.FormKey = a.layout(c, "API Keys"), newFormKey()
	page.Path = "/company/api-keys"
	return render(c, status, views.APIKeysPage(page), nil)
}

func newAPIKeyView(key models.APIKey, createdBy string) views.APIKey {
	return views.APIKey{
		ID:         key.ID,
		Name:       key.Name,
		Prefix:     key.Prefix,
		CreatedBy:  createdBy,
		CreatedAt:  key.CreatedAt,
		LastUsedAt: key.LastUsedAt,
		RevokedAt:  key.RevokedAt,
	}
}
