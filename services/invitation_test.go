package services_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

func TestInvite_letsOnePersonIn(t *testing.T) {
	each(t, func(w *world) {
		stranger := w.newTenant("Globex", silent)
		invitation, secret, err := w.Users.Invite(w.Context(), w.admin(), "  New@Acme.example ", models.RoleAdmin)
		w.ok(err)
		if n := w.count(&models.Invitation{}, "token_hash = ? OR email <> 'new@acme.example'", secret); n != 0 ||
			len(secret) < 30 {
			w.Errorf("%d invitations hold the secret %q itself, or another address", n, secret)
		}
		invited, err := w.Users.Invitation(w.Context(), secret)
		w.ok(err)
		if invited.Organization != "Acme" || invited.InvitedBy != "Ben" ||
			invited.Invitation.Email != "new@acme.example" {
			w.Errorf("the page shows %+v", invited)
		}
		for field, form := range map[string][2]string{"name": {" ", password}, "password": {"Nina", "short"}} {
			_, err := w.Users.Accept(w.Context(), secret, form[0], form[1])
			if services.KindOf(err) != services.Invalid || services.AsError(err).Field != field {
				w.Errorf("%s: %v", field, err)
			}
		}
		nina, err := w.Users.Accept(w.Context(), secret, " Nina ", password)
		w.ok(err)
		if nina.OrganizationID != w.organization.ID || nina.Role != models.RoleAdmin || nina.Name != "Nina" ||
			nina.Email != "new@acme.example" {
			w.Errorf("joined as %+v", nina)
		}
		w.identified(w.logIn(nina))
		_, err = w.Users.Accept(w.Context(), secret, "Mallory", password)
		w.refused(services.NotFound, err)
		_, err = w.Users.Invitation(w.Context(), secret)
		w.refused(services.NotFound, err)
		w.refused(services.NotFound, w.Users.RevokeInvitation(w.Context(), w.owner, invitation.ID))
		equal(w, w.noted()[:2], "Ben user.invited new@acme.example admin", "Nina user.joined "+personOf(nina)+" admin")
		if n := w.count(&models.User{}, "organization_id = ?", stranger.organization.ID); n != 3 {
			w.Error("somebody joined another organization")
		}
	})
}

func TestAccept_oneOfManyAtOnceSucceeds(t *testing.T) {
	each(t, func(w *world) {
		_, secret, err := w.Users.Invite(w.Context(), w.owner, "new@acme.example", models.RoleAgent)
		w.ok(err)
		errs := make(chan error)
		for range 8 {
			go func() {
				_, err := w.Users.Accept(w.Context(), secret, "Nina", password)
				errs <- err
			}()
		}
		joined := 0
		for range 8 {
			if err := <-errs; err == nil {
				joined++
			} else {
				w.refused(services.NotFound, err)
			}
		}
		if n := w.count(&models.User{}, "email = 'new@acme.example'"); joined != 1 || n != 1 {
			w.Errorf("%d joined, %d users are there", joined, n)
		}
	})
}

func TestInvitation_expiresAfterADay(t *testing.T) {
	each(t, func(w *world) {
		_, secret, err := w.Users.Invite(w.Context(), w.owner, "new@acme.example", models.RoleAgent)
		w.ok(err)
		w.clock.advance(24*time.Hour - time.Second)
		_, err = w.Users.Invitation(w.Context(), secret)
		w.ok(err)
		w.clock.advance(time.Second)
		_, err = w.Users.Invitation(w.Context(), secret)
		w.refused(services.NotFound, err)
		_, err = w.Users.Accept(w.Context(), secret, "Nina", password)
		w.refused(services.NotFound, err)
		// the old one is not in its way
		_, fresh, err := w.Users.Invite(w.Context(), w.owner, "new@acme.example", models.RoleAgent)
		w.ok(err)
		_, err = w.Users.Accept(w.Context(), fresh, "Nina", password)
		w.ok(err)
		for _, wrong := range []string{"", "x", secret, fresh, services.HashToken(fresh), strings.Repeat("x", 10_000),
			"\x00", "' OR 1=1 --"} {
			_, err := w.Users.Invitation(w.Context(), wrong)
			w.refused(services.NotFound, err)
		}
	})
}

func TestInvite_refusesInvalidInput(t *testing.T) {
	each(t, func(w *world) {
		stranger := w.newTenant("Globex", silent)
		for email, kind := range map[string]services.Kind{"": services.Invalid, "nobody": services.Invalid,
			"a@b.example, c@d.example": services.Invalid, "Ann <ann@b.example>": services.Invalid,
			"a\r\nBcc: x@b.example": services.Invalid, "a\x00@b.example": services.Invalid,
			strings.ToUpper(w.ann.Email): services.Conflict, stranger.ann.Email: services.Conflict} {
			_, secret, err := w.Users.Invite(w.Context(), w.owner, email, models.RoleAgent)
			if err == nil || services.KindOf(err) != kind || services.AsError(err).Field != "email" || secret != "" {
				w.Errorf("%q: %q, %v", email, secret, err)
			}
		}
		for _, role := range []models.Role{models.RoleOwner, "", "root"} {
			_, _, err := w.Users.Invite(w.Context(), w.owner, "new@acme.example", role)
			if services.KindOf(err) != services.Invalid || services.AsError(err).Field != "role" {
				w.Errorf("%q: %v", role, err)
			}
		}
		_, _, err := w.Users.Invite(w.Context(), w.ann, "new@acme.example", models.RoleAgent)
		w.refused(services.Forbidden, err)
		if n := w.count(&models.Invitation{}, "1 = 1"); n != 0 {
			w.Errorf("%d invitations were made", n)
		}
	})
}

func TestInvite_submittedTwiceInvitesOnce(t *testing.T) {
	each(t, func(w *world) {
		errs := make(chan error)
		for range 4 {
			go func() {
				_, _, err := w.Users.Invite(w.Context(), w.owner, "new@acme.example", models.RoleAgent)
				errs <- err
			}()
		}
		made := 0
		for range 4 {
			if err := <-errs; err == nil {
				made++
			} else {
				w.refused(services.Conflict, err)
			}
		}
		if made != 1 {
			w.Errorf("%d invitations", made)
		}
		equal(w, w.noted(), "Olga user.invited new@acme.example agent")
		stranger := w.newTenant("Globex", silent)
		if _, _, err := w.Users.Invite(w.Context(), stranger.owner, "new@acme.example", models.RoleAgent); err != nil {
			w.Errorf("another organization may invite the same person: %v", err)
		}
	})
}

func TestInvitations_canBeRevokedAndSentAgain(t *testing.T) {
	each(t, func(w *world) {
		stranger := w.newTenant("Globex", silent)
		invitation, old, err := w.Users.Invite(w.Context(), w.owner, "new@acme.example", models.RoleAgent)
		w.ok(err)
		for name, act := range map[string]func(actor models.User, id string) error{
			"revoke": func(actor models.User, id string) error {
				return w.Users.RevokeInvitation(w.Context(), actor, id)
			},
			"resend": func(actor models.User, id string) error {
				_, _, err := w.Users.Resend(w.Context(), actor, id)
				return err
			},
		} {
			for who, try := range map[string]struct {
				actor models.User
				id    string
				kind  services.Kind
			}{"an agent": {w.ann, invitation.ID, services.Forbidden},
				"a stranger":    {stranger.owner, invitation.ID, services.NotFound},
				"no id":         {w.owner, "x", services.NotFound},
				"an unknown id": {w.owner, models.NewID(), services.NotFound}} {
				if err := act(try.actor, try.id); err == nil || services.KindOf(err) != try.kind {
					w.Errorf("%s, %s: %v", name, who, err)
				}
			}
		}
		w.clock.advance(30 * time.Hour) // too old by now, and still listed
		_, waiting, err := w.Users.List(w.Context(), w.owner)
		w.ok(err)
		if len(waiting) != 1 || waiting[0].ID != invitation.ID {
			w.Errorf("waiting: %+v", waiting)
		}
		_, fresh, err := w.Users.Resend(w.Context(), w.owner, invitation.ID)
		w.ok(err)
		_, err = w.Users.Invitation(w.Context(), old)
		w.refused(services.NotFound, err)
		_, err = w.Users.Invitation(w.Context(), fresh)
		w.ok(err)
		w.ok(w.Users.RevokeInvitation(w.Context(), w.owner, invitation.ID))
		w.refused(services.NotFound, w.Users.RevokeInvitation(w.Context(), w.owner, invitation.ID))
		_, err = w.Users.Accept(w.Context(), fresh, "Nina", password)
		w.refused(services.NotFound, err)
		_, _, err = w.Users.Resend(w.Context(), w.owner, invitation.ID)
		w.refused(services.NotFound, err)
		equal(w, w.noted(), "Olga user.invited new@acme.example agent", "Olga user.invited new@acme.example new link",
			"Olga invitation.revoked new@acme.example")
	})
}

// With the link of an invitation of their own, a user who was locked out could come back.
func TestInvitations_endWithTheirAdmin(t *testing.T) {
	each(t, func(w *world) {
		for name, lose := range map[string]func(id string) error{
			"disabled": func(id string) error { return w.Users.Disable(w.Context(), w.owner, id) },
			"removed":  func(id string) error { return w.Users.Remove(w.Context(), w.owner, id) },
			"demoted":  func(id string) error { return w.Users.SetRole(w.Context(), w.owner, id, models.RoleAgent) },
		} {
			id := models.NewID()
			eve := models.User{
				ID:             id,
				OrganizationID: w.organization.ID,
				Email:          id + "@acme.example",
				Name:           "Eve",
				Role:           models.RoleAdmin,
				LoginVersion:   1,
				CreatedAt:      w.clock.Now(),
				UpdatedAt:      w.clock.Now(),
			}
			w.create(&eve)
			_, secret, err := w.Users.Invite(w.Context(), eve, name+"@acme.example", models.RoleAdmin)
			w.ok(err)
			w.ok(lose(id))
			_, err = w.Users.Accept(w.Context(), secret, "Eve again", password)
			w.refused(services.NotFound, err)
			// as a request that was under way would
			_, _, err = w.Users.Invite(w.Context(), eve, "more@acme.example", models.RoleAdmin)
			w.refused(services.Forbidden, err)
		}
	})
}

func TestMail_sendsTheLinkAndKeepsItOutOfTheLog(t *testing.T) {
	each(t, func(w *world) {
		invitation, secret, err := w.Users.Invite(w.Context(), w.owner, "new@acme.example", models.RoleAgent)
		w.ok(err)
		link := "https://chat.example/invitation/" + secret
		w.Users.Mail(w.owner, "Acme", invitation, link)
		w.Users.Wait()
		if len(w.mailer.sent) != 1 ||
			!strings.HasPrefix(w.mailer.sent[0], "new@acme.example\nJoin Acme on Parley\n") ||
			!strings.Contains(w.mailer.sent[0], link) {
			w.Errorf("sent %q", w.mailer.sent)
		}
		if text := services.WithoutSecret(errors.New("refused: GET /invitation/"+secret),
			link); text != "refused: GET /invitation/…" {
			w.Errorf("logged %q", text)
		}
		services.NewUsers(services.Dependencies{DB: w.db}, w.Passwords, w.Audit).
			Mail(w.owner, "Acme", invitation, link) // without a mailer it does nothing
	})
}
