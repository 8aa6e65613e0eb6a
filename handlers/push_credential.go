package handlers

import (
	"github.com/gofiber/fiber/v2"

	"parley/services"
	"parley/views"
)

// credentialFields are the fields of each kind's form that may be shown again.
var credentialFields = map[string][]string{
	views.FCMLegacy: {"sender_id"},
	views.FCM:       {},
	views.APNs:      {"team_id", "bundle_id", "key_id", "environment"},
}

// saveCredential saves one kind of push credentials. Sent twice it saves the same.
func (a *App) saveCredential(c *fiber.Ctx) error {
	user := identityOf(c).User
	id := c.Params("id")
	kind := c.Params("kind")
	var err error
	switch kind {
	case views.FCMLegacy:
		err = a.PushCredentials.SaveFCMLegacy(c.UserContext(), user, id, c.FormValue("server_key"),
			c.FormValue("sender_id"))
	case views.FCM:
		err = a.PushCredentials.SaveFCM(c.UserContext(), user, id, c.FormValue("service_account"))
	case views.APNs:
		err = a.PushCredentials.SaveAPNs(c.UserContext(), user, id, services.APNs{
			TeamID:      c.FormValue("team_id"),
			BundleID:    c.FormValue("bundle_id"),
			KeyID:       c.FormValue("key_id"),
			PrivateKey:  c.FormValue("private_key"),
			Environment: c.FormValue("environment"),
		})
	default:
		return notFound(c)
	}
	if err == nil {
		return a.redirectWithFlash(c, "/integration/mobile-sdk/"+id+"#"+kind, "credential_saved")
	}
	errors, status, err := formErrorsFor(c, err)
	if err != nil {
		return err
	}
	return a.showChannel(c, status, func(page *views.ChannelDetail) {
		for i := range page.Credentials {
			if page.Credentials[i].Kind == kind {
				page.Credentials[i].Errors = errors
				for _, field := range credentialFields[kind] {
					page.Credentials[i].Values[field] = c.FormValue(field)
				}
			}
		}
	})
}

// removeCredentialPage asks once more, where no script opens the dialog that does.
func (a *App) removeCredentialPage(c *fiber.Ctx) error {
	if _, known := credentialFields[c.Params("kind")]; !known {
		return notFound(c)
	}
	row, err := a.Channels.Get(c.UserContext(), identityOf(c).User, c.Params("id"))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, views.RemoveCredentialPage(views.RemoveCredential{
		Layout:      a.layout(c, "Remove credentials"),
		ChannelPath: "/integration/mobile-sdk/" + row.Channel.ID,
		Kind:        c.Params("kind"),
	}), nil)
}

func (a *App) removeCredential(c *fiber.Ctx) error {
	id, kind := c.Params("id"), c.Params("kind")
	if _, known := credentialFields[kind]; !known {
		return notFound(c)
	}
	if err := a.PushCredentials.Remove(c.UserContext(), identityOf(c).User, id, kind); err != nil {
		return err
	}
	return a.redirectWithFlash(c, "/integration/mobile-sdk/"+id+"#push", "credential_removed")
}

// newPushCredentialViews shows every kind, set or not, in the order of the page. names are the users'.
func newPushCredentialViews(stored []services.PushCredential, names map[string]string) []views.PushCredential {
	shown := []views.PushCredential{{Kind: views.FCMLegacy}, {Kind: views.FCM}, {Kind: views.APNs}}
	for i := range shown {
		shown[i].Values = map[string]string{}
		for _, credential := range stored {
			if credential.Kind == shown[i].Kind {
				shown[i].ReplacedAt, shown[i].ReplacedBy = credential.ReplacedAt, names[credential.ReplacedBy]
				shown[i].Values = credentialValues(credential.Settings)
			}
		}
	}
	return shown
}

// credentialValues are what is not secret, by the names of the form.
func credentialValues(s services.PushSettings) map[string]string {
	return map[string]string{"sender_id": s.SenderID, "project_id": s.ProjectID, "client_email": s.ClientEmail,
		"team_id": s.TeamID, "bundle_id": s.BundleID, "key_id": s.KeyID, "environment": s.Environment}
}

// kindsInWords are the credentials that are set.
func kindsInWords(stored []services.PushCredential) []string {
	var kinds []string
	for _, credential := range newPushCredentialViews(stored, nil) {
		if !credential.ReplacedAt.IsZero() {
			kinds = append(kinds, views.PushKind(credential.Kind))
		}
	}
	return kinds
}
