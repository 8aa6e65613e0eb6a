package services_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

// found is the external ids that a search in all conversations shows, sorted.
func (w *world) found(user models.User, search string) (ids []string) {
	w.Helper()
	conversations, _, err := w.Conversations.List(w.Context(), user, services.ListQuery{
		Filter: services.FilterAll,
		Search: search,
		Limit:  100,
	})
	w.ok(err)
	for _, c := range conversations {
		ids = append(ids, c.EndUser.ExternalID)
	}
	slices.Sort(ids)
	return ids
}

// known is an end user with a name who has written.
func (w *world) known(externalID, displayName string) services.Ref {
	w.Helper()
	ref := w.openedAs(w.webchat, externalID, displayName)
	w.says(ref, "Hello")
	return ref
}

func TestSearch_findsPartsOfNamesAndExternalIDsInAnyCase(t *testing.T) {
	each(t, func(w *world) {
		w.known("u-1", "Ada Lovelace")
		w.known("U-2", "ÖZGE Çağlar")
		w.known("x-3", "Иван Петров")
		w.known("lace-4", "")
		for search, want := range map[string][]string{
			"lace": {"lace-4", "u-1"}, "LACE": {"lace-4", "u-1"}, "ada love": {"u-1"}, "  Ada  ": {"u-1"},
			"u-": {"U-2", "u-1"}, "U-2": {"U-2"},
			"özge": {"U-2"}, "çağlar": {"U-2"}, "ÇAĞLAR": {"U-2"}, "иван": {"x-3"}, "ПЕТРОВ": {"x-3"}, "етр": {"x-3"},
			"": {"U-2", "lace-4", "u-1", "x-3"}, " \t": {"U-2", "lace-4", "u-1", "x-3"}, "nobody": nil,
			"Ada  Lovelace": nil,
		} {
			w.Run(search, func(t *testing.T) { equal(t, w.found(w.ann, search), want...) })
		}
	})
}

func TestSearch_takesWildcardsAndQuotesLiterally(t *testing.T) {
	each(t, func(w *world) {
		w.known("100%", "")
		w.known("a_b", "")
		w.known(`c\d`, "")
		w.known("axb", "O'Hara [x]")
		for search, want := range map[string][]string{
			"%": {"100%"}, "_": {"a_b"}, "a_b": {"a_b"}, `\`: {`c\d`}, `c\d`: {`c\d`}, `\d`: {`c\d`}, `\%`: nil,
			"%%": nil, "'": {"axb"}, "o'hara": {"axb"}, "[x]": {"axb"},
			"*": nil, "' OR 1=1 --": nil, "?": nil, "@name": nil,
		} {
			w.Run(search, func(t *testing.T) { equal(t, w.found(w.ann, search), want...) })
		}
	})
}

func TestSearch_respectsFilterPageAndOrganization(t *testing.T) {
	each(t, func(w *world) {
		theirs := w.newTenant("Globex", silent)
		w.openedIn(theirs, "jo-theirs")
		w.conversation("jo-silent") // never written in
		for i := range 3 {
			w.clock.advance(time.Second)
			w.opened(fmt.Sprint("jo-", i))
			w.opened(fmt.Sprint("mo-", i))
		}
		w.claim(w.ann, w.opened("jo-0"))
		equal(w, w.found(w.ann, "jo"), "jo-0", "jo-1", "jo-2")
		equal(w, w.found(theirs.ann, "jo"), "jo-theirs")

		page, cursor := services.ListQuery{
			Filter: services.FilterUnassigned,
			Search: "jo",
			Limit:  1,
		}, ""
		for _, want := range []string{"jo-2", "jo-1"} {
			page.Cursor = cursor
			conversations, next, err := w.Conversations.List(w.Context(), w.ann, page)
			w.ok(err)
			if len(conversations) != 1 || conversations[0].EndUser.ExternalID != want {
				w.Fatalf("listed %+v, want %s", conversations, want)
			}
			cursor = next
		}
		if cursor != "" {
			w.Error("a page follows the last")
		}
	})
}

func TestSearch_refusesLongAndInvalidText(t *testing.T) {
	each(t, func(w *world) {
		for _, search := range []string{chars(101), "a\x00b", "\xff"} {
			_, _, err := w.Conversations.List(w.Context(), w.ann, services.ListQuery{
				Filter: services.FilterAll,
				Search: search,
				Limit:  10,
			})
			w.refused(services.Invalid, err)
		}
		equal(w, w.found(w.ann, chars(100)))
		equal(w, w.found(w.ann, strings.Repeat("%", 100)))
	})
}
