package services_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"parley/models"
	"parley/services"
)

// prove is what an end user shows for a conversation, without the embed token.
func prove(id, externalID string) services.EndUserProof {
	return services.EndUserProof{ConversationID: id, ExternalID: externalID}
}

// A stored conversation and one of which nothing is stored answer alike: nobody learns which of the two it is.
func TestForEndUser_requiresTheRightExternalID(t *testing.T) {
	each(t, func(w *world) {
		stored, unstored := w.opened("jo"), w.conversation("new jo")
		for _, ref := range []services.Ref{stored, unstored} {
			found, err := w.Conversations.ForEndUser(w.Context(), prove(ref.ID, ref.ExternalID))
			w.ok(err)
			if found.ID != ref.ID || found.OrganizationID != w.organization.ID || found.ExternalID != ref.ExternalID ||
				found.ChannelID != w.webchat.ID || found.BotID != w.bot.ID {
				w.Errorf("%+v", found)
			}
			for _, wrong := range []string{"", "mo", strings.ToUpper(ref.ExternalID), ref.ExternalID + " ",
				ref.ExternalID + "\x00", stored.EndUserID, ref.ID} {
				found, err := w.Conversations.ForEndUser(w.Context(), prove(ref.ID, wrong))
				w.refused(services.Forbidden, err)
				if found != (services.Ref{}) {
					w.Errorf("%q learns %+v", wrong, found)
				}
			}
			found, err = w.Conversations.ForEndUser(w.Context(), prove(ref.ID[:35]+flip(ref.ID[35:]), ref.ExternalID))
			w.refused(services.Forbidden, err)
		}
	})
}

// A page stays closed to a customer who comes back every day, though another token of its channel lives.
func TestForEndUser_remembersTheRevokedTokenOfAnUnstoredConversation(t *testing.T) {
	eachAdmin(t, func(d *adminWorld) {
		token, secret := d.newSite("")
		open := func(externalID, embedToken string) services.EndUserProof {
			request := services.WidgetRequest{EmbedToken: embedToken, ExternalID: externalID}
			return prove(d.open(request).ConversationID, externalID)
		}
		jo, mo := open("jo", secret), open("mo", d.world.token)
		joins := func() (jos, mos error) {
			d.clock.advance(23 * time.Hour)
			_, jos = d.Conversations.ForEndUser(d.Context(), jo)
			_, mos = d.Conversations.ForEndUser(d.Context(), mo)
			return jos, mos
		}
		jos, mos := joins()
		d.ok(jos)
		d.ok(mos)
		d.ok(d.EmbedTokens.Revoke(d.Context(), d.admin, token.ID))
		for range 3 {
			jos, mos := joins()
			d.refused(services.Forbidden, jos)
			d.ok(mos)
		}
	})
}

// flip changes a hex digit.
func flip(digit string) string {
	if digit == "0" {
		return "1"
	}
	return "0"
}

func TestForEndUser_doesNotFindUnknownIDs(t *testing.T) {
	each(t, func(w *world) {
		w.opened("jo")
		ref := w.conversation("mo")
		otherVersion := ref.ID[:14] + "7" + ref.ID[15:]
		for _, id := range []string{models.NewID(), uuid.NewString(), "", "x", "\x00", uuid.Nil.String(), uuid.Max.String(),
			strings.ToUpper(ref.ID), otherVersion, flip(ref.ID[:1]) + ref.ID[1:], "00000000-0000-8000-8000-000000000000"} {
			_, err := w.Conversations.ForEndUser(w.Context(), prove(id, "mo"))
			w.refused(services.NotFound, err)
		}
	})
}

func TestForAgent_doesNotFindUnstoredConversations(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		_, err := w.Conversations.ForAgent(w.Context(), w.organization.ID, ref.ID)
		w.refused(services.NotFound, err)
		_, err = w.Conversations.Get(w.Context(), w.organization.ID, ref.ID)
		w.refused(services.NotFound, err)
		_, err = w.Conversations.Claim(w.Context(), w.ann, ref.ID)
		w.refused(services.NotFound, err)
		found, err := w.Conversations.ForAgentToJoin(w.Context(), w.organization.ID, ref.ID)
		w.ok(err)
		if found.ID != ref.ID || !found.Unstored || found.ExternalID != "" {
			w.Errorf("to join: %+v", found)
		}
		_, err = w.send(text(found, agent(w.ann), "Hello?"))
		w.refused(services.Conflict, err)
		stranger := w.newTenant("Globex", silent)
		for _, id := range []string{ref.ID, models.NewID(), "x"} {
			_, err = w.Conversations.ForAgentToJoin(w.Context(), stranger.organization.ID, id)
			w.refused(services.NotFound, err)
		}
		w.says(ref, "Hello")
		found, err = w.Conversations.ForAgentToJoin(w.Context(), w.organization.ID, ref.ID)
		w.ok(err)
		if found.Unstored || found.ExternalID != "jo" {
			w.Errorf("once it is stored: %+v", found)
		}
	})
}
