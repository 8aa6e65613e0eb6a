package realtime_test

import (
	"fmt"
	"testing"

	"parley/models"
)

// tokenOf is the id of the embed token with a secret's prefix.
func (w *world) tokenOf(secret string) (id string) {
	w.Helper()
	w.ok(w.db.Read.Model(&models.EmbedToken{}).Select("id").Where("prefix = ?", secret[:8]).Take(&id).Error)
	return id
}

const chatIsClosed = "This chat is no longer available."

// closed fails unless an end user is kept out of a conversation, and reads why.
func (v visitor) isClosed(w *world, s *socket) {
	w.Helper()
	for name, payload := range map[string]object{
		"join_conversation": v.proof(),
		"send_message":      v.say("Hello?"),
		"visit":             v.proof(),
		"mark_read":         with(v.proof(), "message_ids", []string{models.NewID()}),
	} {
		ack := s.call(name, payload)
		if ack["ok"] != false || ack["error"] != "forbidden" || ack["message"] != chatIsClosed {
			w.Errorf("%s is answered %v", name, ack)
		}
	}
}

func (v visitor) isOpen(w *world, s *socket) {
	w.Helper()
	s.ok("join_conversation", v.proof())
	s.ok("send_message", v.say("Hello!"))
}

// revokes are the ways in which a token ends: as an administrator does it, and as it looks where the broadcast of that
// got lost.
var revokes = map[string]func(w *world, id string){
	"by an administrator": func(w *world, id string) {
		w.ok(w.EmbedTokens.Revoke(w.Context(), w.user(w.seeded.Admin), id))
	},
	"in the database": func(w *world, id string) {
		w.ok(w.db.Write.Exec("UPDATE embed_tokens SET revoked_at = created_at WHERE id = ?", id).Error)
	},
	"by its removal": func(w *world, id string) {
		w.ok(w.db.Write.Exec("DELETE FROM embed_tokens WHERE id = ?", id).Error)
	},
}

func TestRevoke_endsTheSocketsOfTheTokenAndNoOthers(t *testing.T) {
	each(t, func(w *world) {
		for how, revoke := range revokes {
			token, secret := w.newToken()
			stored, unstored := w.visitWith(secret, how+" jo", ""), w.visitWith(secret, how+" mo", "")
			named := w.visitWith(w.seeded.EmbedToken, how+" named", "")
			other := w.visit(how + " other")
			onlySends := w.connect("")
			onlySends.ok("send_message", stored.say("Hello"))
			joined, waits := w.endUser(stored), w.endUser(unstored)
			mentions := w.connect("")
			mentions.ok("join_conversation", with(named.proof(), "embed_token", secret))
			neighbor, agent := w.endUser(other), w.agent(w.seeded.Agent)
			agent.ok("join_conversation", stored.id())

			revoke(w, token.ID)
			for _, s := range []*socket{onlySends, joined, waits, mentions} {
				s.closed()
			}
			again := w.connect("")
			stored.isClosed(w, again)
			unstored.isClosed(w, again)
			again.refused("forbidden", "join_conversation", with(named.proof(), "embed_token", secret))
			named.isOpen(w, again) // its page was opened with the other token
			other.isOpen(w, neighbor)
			agent.ok("send_message", stored.answer("Still here?"))

			// A page that a valid token of the channel opens lets the end user in again.
			for _, v := range []visitor{stored, unstored} {
				if again := w.visitWith(w.seeded.EmbedToken, v.externalID, ""); again != v {
					w.Errorf("opened again as %v, not %v", again, v)
				}
				v.isOpen(w, w.connect(""))
			}
		}
	})
}

// Conversations from before tokens were remembered stay open as long as the channel has a token.
func TestRevoke_ofTheLastTokenEndsConversationsWithoutOne(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		w.connect("").ok("send_message", v.say("Hello"))
		w.ok(w.db.Write.Exec("UPDATE conversations SET embed_token_id = NULL").Error)
		s := w.endUser(v)
		token, _ := w.newToken()
		revokes["in the database"](w, w.tokenOf(w.seeded.EmbedToken))
		v.isOpen(w, w.connect(""))
		revokes["by an administrator"](w, token.ID)
		s.closed()
		v.isClosed(w, w.connect(""))
		w.ok(w.db.Write.Exec("DELETE FROM embed_tokens").Error) // as before the first token of the channel
		v.isOpen(w, w.connect(""))
	})
}

func TestJoin_takesNoTokenOfAnotherChannel(t *testing.T) {
	each(t, func(w *world) {
		v := w.visit("jo")
		s := w.connect("")
		bots, err := w.Bots.List(w.Context(), w.user(w.seeded.Admin))
		w.ok(err)
		_, secret := w.newTokenOn(bots[0].Bot.ID, models.ChannelMobileSDK)
		for _, token := range []string{secret, "ew_unknown", "\x00", fmt.Sprint(w.seeded.EmbedToken, " ")} {
			s.refused("forbidden", "join_conversation", with(v.proof(), "embed_token", token))
		}
		s.ok("join_conversation", with(v.proof(), "embed_token", w.seeded.EmbedToken))
		s.ok("join_conversation", with(v.proof(), "embed_token", ""))
	})
}
