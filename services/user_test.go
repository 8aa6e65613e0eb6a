package services_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"parley/models"
	"parley/services"
)

// admin makes ben an admin of the tenant.
func (w *world) admin() models.User {
	w.Helper()
	w.ok(w.db.Write.Model(&models.User{}).Where("id = ?", w.ben.ID).Update("role", models.RoleAdmin).Error)
	w.ben.Role = models.RoleAdmin
	return w.ben
}

// user is a user as stored now.
func (w *world) user(id string) (user models.User) {
	w.Helper()
	w.ok(w.db.Read.Where("id = ?", id).Take(&user).Error)
	return user
}

// noted is the audit log, "action target detail" an entry, oldest first.
func (w *world) noted() []string {
	w.Helper()
	var entries []models.AuditEntry
	w.ok(w.db.Read.Where("organization_id = ?", w.organization.ID).Order("created_at, id").Find(&entries).Error)
	lines := make([]string, len(entries))
	for i, e := range entries {
		lines[i] = strings.TrimSpace(e.ActorName + " " + e.Action + " " + e.Target + " " + e.Detail)
	}
	return lines
}

func personOf(user models.User) string { return user.Name + " (" + user.Email + ")" }

// everyChange is everything an admin can do to a user.
func (w *world) everyChange() map[string]func(actor models.User, id string) error {
	return map[string]func(actor models.User, id string) error{
		"role": func(actor models.User, id string) error {
			return w.Users.SetRole(w.Context(), actor, id, models.RoleAgent)
		},
		"promote": func(actor models.User, id string) error {
			return w.Users.SetRole(w.Context(), actor, id, models.RoleAdmin)
		},
		"disable": func(actor models.User, id string) error { return w.Users.Disable(w.Context(), actor, id) },
		"enable":  func(actor models.User, id string) error { return w.Users.Enable(w.Context(), actor, id) },
		"remove":  func(actor models.User, id string) error { return w.Users.Remove(w.Context(), actor, id) },
	}
}

func TestUsers_canBeChangedByAdminsOfTheirOrganization(t *testing.T) {
	each(t, func(w *world) {
		stranger := w.newTenant("Globex", silent)
		ben := w.admin()
		for name, change := range w.everyChange() {
			for who, test := range map[string]struct {
				actor models.User
				id    string
				kind  services.Kind
			}{
				"an agent":                     {w.ann, ben.ID, services.Forbidden},
				"oneself":                      {ben, ben.ID, services.Forbidden},
				"the owner":                    {ben, w.owner.ID, services.Forbidden},
				"the owner oneself":            {w.owner, w.owner.ID, services.Forbidden},
				"another organization's user":  {ben, stranger.ann.ID, services.NotFound},
				"another organization's owner": {ben, stranger.owner.ID, services.NotFound},
				"a user of whom nobody knows":  {ben, models.NewID(), services.NotFound},
				"what is no id":                {ben, "' OR 1=1 --", services.NotFound},
				"an agent, another's user":     {w.ann, stranger.ann.ID, services.Forbidden},
				"an admin of whom nobody knows": {models.User{
					ID:             models.NewID(),
					OrganizationID: w.organization.ID,
					Role:           models.RoleOwner,
				}, w.ann.ID, services.Forbidden},
			} {
				if err := change(test.actor, test.id); err == nil || services.KindOf(err) != test.kind {
					w.Errorf("%s, %s: %v", name, who, err)
				}
			}
		}
		_, _, err := w.Users.List(w.Context(), w.ann)
		w.refused(services.Forbidden, err)
		if n := w.count(&models.User{}, "disabled_at IS NOT NULL OR removed_at IS NOT NULL OR login_version > 1"); n !=
			0 || len(w.noted()) != 0 {
			w.Errorf("%d users were changed, noted %v", n, w.noted())
		}
		users, invitations, err := w.Users.List(w.Context(), ben)
		w.ok(err)
		if len(users) != 3 || users[0].Name != "Ann" || users[2].Name != "Olga" || len(invitations) != 0 {
			w.Errorf("listed %+v, %+v", users, invitations)
		}
	})
}

func TestSetRole_takesEffectWithTheNextRequest(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		token := w.logIn(w.ann)
		for range 2 { // once again changes nothing
			w.ok(w.Users.SetRole(w.Context(), w.owner, w.ann.ID, models.RoleAdmin))
		}
		if role := w.identified(token).User.Role; role != models.RoleAdmin {
			w.Errorf("is %s", role)
		}
		w.ok(w.Users.SetRole(w.Context(), w.owner, w.ann.ID, models.RoleAgent))
		equal(w, w.noted()[1:], "Olga user.role_changed "+personOf(w.ann)+" agent → admin",
			"Olga user.role_changed "+personOf(w.ann)+" admin → agent")
		for _, role := range []models.Role{models.RoleOwner, "", "root"} {
			err := w.Users.SetRole(w.Context(), w.owner, w.ann.ID, role)
			if services.KindOf(err) != services.Invalid || services.AsError(err).Field != "role" {
				w.Errorf("%q: %v", role, err)
			}
		}
	})
}

func TestDisable_endsTheLogins(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		token := w.logIn(w.ann)
		before, noted := len(of[userSessionsEnded](w.events)), len(w.noted())
		for range 2 {
			w.ok(w.Users.Disable(w.Context(), w.owner, w.ann.ID))
		}
		w.loggedOut(token)
		equal(w, of[userSessionsEnded](w.events)[before:], userSessionsEnded{w.ann.ID})
		_, err := w.WebSessions.LogIn(w.Context(), w.ann.Email, password, browser)
		w.refused(services.Unauthorized, err)
		for range 2 {
			w.ok(w.Users.Enable(w.Context(), w.owner, w.ann.ID))
		}
		w.loggedOut(token) // what ended does not begin again
		equal(w, w.noted()[noted:], "Olga user.disabled "+personOf(w.ann), "Olga user.enabled "+personOf(w.ann))
		w.identified(w.logIn(w.ann))
	})
}

// What a user who is locked out has claimed nobody else could claim.
func TestDisable_releasesClaimedConversations(t *testing.T) {
	each(t, func(w *world) {
		hers := w.opened("jo")
		done := w.opened("kim")
		bens := w.opened("lee")
		for ref, user := range map[services.Ref]models.User{hers: w.ann, done: w.ann, bens: w.ben} {
			_, err := w.Conversations.Claim(w.Context(), user, ref.ID)
			w.ok(err)
		}
		_, err := w.Conversations.Resolve(w.Context(), w.organization.ID, done.ID, nil)
		w.ok(err)
		w.ok(w.Users.Disable(w.Context(), w.owner, w.ann.ID))
		equal(w, of[released](w.events), released{w.organization.ID, hers.ID})
		_, err = w.Conversations.Claim(w.Context(), w.ben, hers.ID)
		w.ok(err)
		if n := w.count(&models.ConversationSession{}, "assigned_agent_id = ?", w.ann.ID); n != 1 {
			w.Errorf("%d sessions are hers: the resolved one stays", n)
		}
	})
}

func TestDisable_leavesNoClaimBehindWhenClaimsRace(t *testing.T) {
	each(t, func(w *world) {
		resolved, open := w.opened("jo"), w.opened("kim")
		_, err := w.Conversations.Claim(w.Context(), w.ann, resolved.ID)
		w.ok(err)
		_, err = w.Conversations.Resolve(w.Context(), w.organization.ID, resolved.ID, nil)
		w.ok(err)
		w.ok(w.Users.Disable(w.Context(), w.owner, w.ann.ID))
		_, err = w.Conversations.Claim(w.Context(), w.ann, open.ID) // on its way when it happened
		w.refused(services.Unauthorized, err)
		_, err = w.Conversations.Reopen(w.Context(), w.ben, resolved.ID)
		w.ok(err)
		for _, ref := range []services.Ref{resolved, open} {
			session, err := w.Conversations.Claim(w.Context(), w.ben, ref.ID)
			w.ok(err)
			if session.AssignedAgentID == nil || *session.AssignedAgentID != w.ben.ID {
				w.Errorf("is claimed by %v", session.AssignedAgentID)
			}
		}
	})
}

func TestDisable_andAClaimAtTheSameTime(t *testing.T) {
	each(t, func(w *world) {
		for i := range 10 {
			user := w.newAgent()
			ref := w.opened(fmt.Sprint("racer ", i))
			done := make(chan error, 1)
			go func() {
				_, err := w.Conversations.Claim(w.Context(), user, ref.ID)
				done <- err
			}()
			w.ok(w.Users.Disable(w.Context(), w.owner, user.ID))
			if err := <-done; err != nil {
				w.refused(services.Unauthorized, err)
			}
			if n := w.count(&models.ConversationSession{}, "assigned_agent_id = ?", user.ID); n != 0 {
				w.Errorf("%d sessions are claimed by who is out", n)
			}
		}
	})
}

// newAgent adds an agent to the organization.
func (w *world) newAgent() models.User {
	w.Helper()
	id, now := models.NewID(), w.clock.Now()
	user := models.User{
		ID:             id,
		OrganizationID: w.organization.ID,
		Email:          id + "@acme.example",
		Name:           "Ned",
		Role:           models.RoleAgent,
		LoginVersion:   1,
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	w.create(&user)
	return user
}

func TestRemove_keepsTheNameAndFreesTheAddress(t *testing.T) {
	each(t, func(w *world) {
		w.givePassword(w.ann)
		w.ok(w.Profile.SetPhoto(w.Context(), w.ann, picture(w, 300, 300)))
		token := w.logIn(w.ann)
		conversation := w.opened("jo")
		w.stored(text(conversation, agent(w.ann), "Hello"))
		w.ok(w.Users.Remove(w.Context(), w.owner, w.ann.ID))
		w.loggedOut(token)
		_, err := w.WebSessions.LogIn(w.Context(), w.ann.Email, password, browser)
		w.refused(services.Unauthorized, err)
		names, err := w.Organizations.UserNames(w.Context(), w.organization.ID)
		w.ok(err)
		if gone := w.user(w.ann.ID); names[w.ann.ID] != "Ann" || gone.PasswordHash != "" || gone.PhotoID != nil ||
			strings.Contains(gone.Email, "@") {
			w.Errorf("is called %q, and is %+v", names[w.ann.ID], gone)
		}
		if n := w.count(&models.Photo{}, "1 = 1"); n != 0 {
			w.Error("the photo stays")
		}
		for name, change := range w.everyChange() {
			if err := change(w.owner, w.ann.ID); services.KindOf(err) != services.NotFound || err == nil {
				w.Errorf("%s once removed: %v", name, err)
			}
		}
		users, _, err := w.Users.List(w.Context(), w.owner)
		w.ok(err)
		if len(users) != 2 {
			w.Errorf("%d users are listed", len(users))
		}
		_, secret, err := w.Users.Invite(w.Context(), w.owner, w.ann.Email, models.RoleAgent)
		w.ok(err)
		again, err := w.Users.Accept(w.Context(), secret, "Ann", password)
		w.ok(err)
		if again.ID == w.ann.ID {
			w.Error("the old account came back")
		}
		w.identified(w.logIn(again))
	})
}

// Whatever two admins do to each other at once, one of them loses.
func TestDisable_ofEachOtherAtOnceSucceedsOnce(t *testing.T) {
	each(t, func(w *world) {
		ben := w.admin()
		w.ok(w.Users.SetRole(w.Context(), w.owner, w.ann.ID, models.RoleAdmin))
		ann := w.user(w.ann.ID)
		errs := make(chan error, 2)
		go func() { errs <- w.Users.Disable(w.Context(), ann, ben.ID) }()
		go func() { errs <- w.Users.Disable(w.Context(), ben, ann.ID) }()
		first, second := <-errs, <-errs
		if (first == nil) == (second == nil) || services.KindOf(errors.Join(first, second)) != services.Forbidden {
			w.Errorf("%v and %v", first, second)
		}
		if n := w.count(&models.User{}, "disabled_at IS NOT NULL"); n != 1 {
			w.Errorf("%d are disabled", n)
		}
	})
}
