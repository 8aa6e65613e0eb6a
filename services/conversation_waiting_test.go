package services_test

import (
	"testing"

	"parley/models"
)

func (w *world) waiting(user models.User) int {
	w.Helper()
	count, err := w.Conversations.Waiting(w.Context(), user)
	w.ok(err)
	return count
}

func TestWaiting_countsUnreadConversationsOfTheAgent(t *testing.T) {
	each(t, func(w *world) {
		refs := w.desk()
		// "new", "older", and their own
		for user, want := range map[*models.User]int{&w.ann: 3, &w.ben: 3, &w.owner: 2} {
			if got := w.waiting(*user); got != want {
				w.Errorf("%s waits for %d, not %d", user.Name, got, want)
			}
		}
		w.ok(w.Messages.MarkRead(w.Context(), refs["anns"], agent(w.ann),
			[]string{w.says(refs["anns"], "still here").ID}))
		if got := w.waiting(w.ann); got != 2 {
			w.Errorf("with hers read, %d", got)
		}
		w.writes(refs["new"], w.ben, "In a moment") // an answer alone reads nothing
		if got := w.waiting(w.ann); got != 2 {
			w.Errorf("with one answered unread, %d", got)
		}
		w.claim(w.ben, refs["new"])
		w.resolve(refs["older"])
		if ann, ben := w.waiting(w.ann), w.waiting(w.ben); ann != 0 || ben != 2 {
			w.Errorf("with one claimed and one resolved, Ann %d, Ben %d", ann, ben)
		}
	})
}
