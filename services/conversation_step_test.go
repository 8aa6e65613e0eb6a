package services_test

import (
	"maps"
	"testing"

	"parley/models"
	"parley/services"
)

func TestAhead_namesTheConversationsWithMore(t *testing.T) {
	each(t, func(w *world) {
		refs := w.desk()
		has := func(name string) int64 {
			last, err := w.Conversations.LastSeq(w.Context(), refs[name])
			w.ok(err)
			return last
		}
		delivered := map[string]int64{
			refs["new"].ID:   has("new") - 1,
			refs["older"].ID: 0,
			refs["anns"].ID:  has("anns"),
			models.NewID():   0, // not stored yet
		}
		want := map[string]services.Stored{}
		for _, name := range []string{"new", "older"} {
			want[refs[name].ID] = services.Stored{
				OrganizationID: w.organization.ID,
				LastSeq:        has(name),
			}
		}
		for range 2500 {
			delivered[models.NewID()] = 1
		}
		got, err := w.Conversations.Ahead(w.Context(), delivered)
		w.ok(err)
		if !maps.Equal(got, want) {
			w.Errorf("got %v, want %v", got, want)
		}
		if got, err = w.Conversations.Ahead(w.Context(), nil); err != nil || len(got) != 0 {
			w.Errorf("of no conversations: %v, %v", got, err)
		}
	})
}
