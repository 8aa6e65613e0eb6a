package main

import (
	"strings"
	"testing"
)

// page is a visit of v's end user.
func (v visit) page(url, title string) obj {
	return obj{"conversation_id": v.conversationID, "external_id": v.externalID, "page_url": url, "page_title": title,
		"time_zone": "Europe/Berlin", "language": "de-DE"}
}

func TestVisit_isPublishedToTheAgentsInTheConversation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, _ := w.written(0)
		other, _ := w.written(0)
		agent := w.agent(1, w.login(1, w.seeded.Agent))
		agent.ok("join_conversation", v.id())
		elsewhere := w.agent(0, w.login(0, w.seeded.Admin))
		elsewhere.ok("join_conversation", other.id())
		elsewhere.ok("join_queue")
		tab := w.endUser(0, v)
		neighbor := w.endUser(0, other)
		s := w.connect(dial{node: 0, browser: "Mozilla/5.0 (" + strings.Repeat("x", 500)})
		agent.forget()

		url := "https://shop.example/prices?of=" + xidMark
		like(t, s.ok("visit", v.page(url, text("Prices"))), obj{"ok": true}) // proven by external_id, not joined
		like(t, agent.next("visit_changed"), v.id())
		stored := func(url, title string) int {
			return w.count(`SELECT COUNT(*) FROM visits WHERE conversation_id = ? AND organization_id = ? AND page_url = ? AND page_title = ?
				AND time_zone = 'Europe/Berlin' AND language = 'de-DE' AND LENGTH(user_agent) = 400`, v.conversationID,
				w.seeded.OrganizationID, url, title)
		}
		if stored(url, text("Prices")) != 1 {
			t.Error("the visit is not stored as it was sent")
		}

		// What makes no sense is left out, whatever it is.
		s.emit("visit", v.page("javascript:alert(1)", strings.Repeat("x", 300)))
		like(t, s.ok("visit", obj{"conversation_id": v.conversationID, "page_url": nil, "time_zone": "\x00",
			"language": strings.Repeat("x", 5000)}), obj{"ok": true})
		like(t, s.ok("visit", v.page("/relative", strings.Repeat("x", 300))), obj{"ok": true})
		like(t, agent.next("visit_changed"), v.id())
		if stored("", strings.Repeat("x", 200)) != 1 {
			t.Error("the rest of the visit is not kept")
		}

		s.refused("forbidden", "visit", obj{"conversation_id": other.conversationID, "external_id": v.externalID})
		w.connect(dial{}).refused("invalid_request", "visit", v.id())
		agent.refused("invalid_request", "visit", v.id())

		// Nobody else hears it, not even an agent who has left.
		agent.ok("leave_conversation", v.id())
		second := w.agent(1, w.login(1, w.seeded.Agent))
		second.ok("join_conversation", v.id())
		s.ok("visit", v.page("https://shop.example/later", ""))
		like(t, second.next("visit_changed"), v.id())
		agent.silent("visit_changed")
		elsewhere.silent("visit_changed")
		for _, endUser := range []*socket{s, tab, neighbor} {
			endUser.silent(agentsOnly...)
		}
	})
}

func TestViewing_isPublishedToTheOtherAgentsInTheConversation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, s := w.written(0)
		ann, ben := w.agent(0, w.login(0, w.seeded.Agent)), w.agent(1, w.login(1, w.seeded.Admin))
		outside := w.agent(0, w.login(0, w.seeded.Admin))
		outside.ok("join_queue")
		view := func(viewing bool) obj { return obj{"conversation_id": v.conversationID, "viewing": viewing} }
		published := func(email string, viewing bool) obj {
			return obj{"conversation_id": v.conversationID, "agent_id": w.userID(email), "viewing": viewing}
		}
		ann.refused("forbidden", "view_conversation", view(true))
		ann.ok("join_conversation", v.id())
		ben.ok("claim_conversation", v.id()) // joins as well
		ann.ok("view_conversation", view(false))
		like(t, ann.ok("view_conversation", view(true)), obj{"ok": true})
		like(t, ben.next("conversation_viewed"), published(w.seeded.Agent.Email, true))
		ben.ok("view_conversation", view(true))
		like(t, ann.next("conversation_viewed"), published(w.seeded.Admin.Email, true))
		ben.ok("view_conversation", view(false))
		like(t, ann.next("conversation_viewed"), published(w.seeded.Admin.Email, false))

		// Leaving ends it, and so does disconnecting; who never said it says nothing then.
		ann.ok("leave_conversation", v.id())
		like(t, ben.next("conversation_viewed"), published(w.seeded.Agent.Email, false))
		ann.ok("join_conversation", v.id())
		ann.ok("view_conversation", view(true))
		like(t, ben.next("conversation_viewed"), published(w.seeded.Agent.Email, true))
		silentOne := w.agent(0, w.login(0, w.seeded.Agent))
		silentOne.ok("join_conversation", v.id())
		silentOne.close()
		ann.close()
		like(t, ben.next("conversation_viewed"), published(w.seeded.Agent.Email, false))

		ben.silent("conversation_viewed")
		outside.silent("conversation_viewed", "visit_changed")
		s.refused("forbidden", "view_conversation", view(true))
		w.connect(dial{}).refused("unauthorized", "view_conversation", view(true))
		s.silent(agentsOnly...)
	})
}
