package services_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parley/models"
	"parley/services"
)

// at is a visit of a page with everything that a browser says.
func at(page string) models.Visit {
	return models.Visit{
		PageURL:   page,
		PageTitle: "Prices",
		UserAgent: "Mozilla/5.0",
		TimeZone:  "America/Argentina/Buenos_Aires",
		Language:  "zh-Hant-TW",
	}
}

// visit notes a visit and stores it.
func (w *world) visit(ref services.Ref, visit models.Visit) models.Visit {
	w.Helper()
	w.Visits.Note(ref, visit)
	w.Visits.Store(w.Context())
	return w.seen(ref)
}

func (w *world) seen(ref services.Ref) models.Visit {
	w.Helper()
	visit, err := w.Visits.Of(w.Context(), ref.OrganizationID, ref.ID)
	w.ok(err)
	return visit
}

func TestVisits_storeTheLatestPage(t *testing.T) {
	each(t, func(w *world) {
		ref, other := w.conversation("jo"), w.conversation("mo")
		if visit := w.seen(ref); visit != (models.Visit{}) {
			w.Errorf("before the first: %+v", visit)
		}
		want := at("https://shop.example/prices?x=1#top")
		want.ConversationID = ref.ID
		want.OrganizationID = w.organization.ID
		want.SeenAt = w.clock.Now()
		if visit := w.visit(ref, at(want.PageURL)); visit != want {
			w.Errorf("seen %+v\nwant %+v", visit, want)
		}
		w.clock.advance(time.Second)
		w.Visits.Note(ref, at("https://shop.example/1")) // passed through before anybody could look
		if visit := w.visit(ref, at("https://shop.example/2")); visit.PageURL != "https://shop.example/2" ||
			visit.SeenAt != w.clock.Now() {
			w.Errorf("seen %+v", visit)
		}
		event := visited{w.organization.ID, ref.ID}
		equal(w, of[visited](w.events), event, event)
		if visit := w.seen(other); visit != (models.Visit{}) {
			w.Errorf("another end user is at %+v", visit)
		}
		if n := w.count(&models.Visit{}, "1 = 1"); n != 1 {
			w.Errorf("%d rows", n)
		}
	})
}

func TestVisits_storeOnlyWhatChanged(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		first := w.visit(ref, at("https://shop.example/"))
		w.clock.advance(services.VisitLife - time.Microsecond)
		if visit := w.visit(ref, at("https://shop.example/")); visit != first || len(of[visited](w.events)) != 1 {
			w.Errorf("seen %+v, published %v", visit, of[visited](w.events))
		}
		w.clock.advance(time.Microsecond) // a while later at the same page: there again
		if visit := w.visit(ref, at("https://shop.example/")); visit.SeenAt != w.clock.Now() ||
			len(of[visited](w.events)) != 2 {
			w.Errorf("seen %+v, published %v", visit, of[visited](w.events))
		}
		w.Visits.Store(w.Context())
		for i, change := range []func(*models.Visit){
			func(v *models.Visit) { v.PageURL = "" }, func(v *models.Visit) { v.PageTitle = "" },
			func(v *models.Visit) { v.UserAgent = "" },
			func(v *models.Visit) { v.TimeZone = "" }, func(v *models.Visit) { v.Language = "" },
		} {
			visit := at("https://shop.example/")
			change(&visit)
			w.visit(ref, visit)
			if published := of[visited](w.events); len(published) != 3+i {
				w.Errorf("change %d is not published", i)
			}
		}
	})
}

func TestVisits_dropInvalidFields(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		for given, kept := range map[models.Visit]models.Visit{
			{
				PageURL:   "javascript:alert(1)",
				PageTitle: "kept",
			}: {PageTitle: "kept"},
			{
				PageURL:  "/relative",
				TimeZone: "UTC",
			}: {TimeZone: "UTC"},
			{
				PageURL:  "https://",
				TimeZone: "Etc/GMT+5",
			}: {TimeZone: "Etc/GMT+5"},
			{
				PageURL:  "https://jo:secret@shop.example/",
				Language: "de",
			}: {Language: "de"},
			{PageURL: "https://shop.example/" + chars(2048), Language: "x"}:     {},
			{PageURL: "https://shop.example/\x00", TimeZone: "Europe/Berlin'"}:  {},
			{PageURL: "\xff", TimeZone: chars(65), Language: "de-" + chars(33)}: {},
			{TimeZone: "Mars Base", Language: "de_DE"}:                          {},
			{TimeZone: "UTC\n", Language: "de\n", UserAgent: "\x00"}:            {},
			{Language: strings.Repeat("abcdefgh-", 4) + "x"}:                    {},
			{
				PageTitle: " a \n\x00 b \xff" + chars(300),
				UserAgent: chars(500),
			}: {PageTitle: "a b " + chars(196), UserAgent: chars(400)},
			{PageURL: "https://shop.example/" + strings.Repeat("x", 2048-21)}: {PageURL: "https://shop.example/" +
				strings.Repeat("x", 2048-21)},
			{
				PageTitle: "<script>",
				Language:  "sr-Latn-RS",
				PageURL:   "http://[::1]/",
			}: {PageTitle: "<script>", Language: "sr-Latn-RS", PageURL: "http://[::1]/"},
		} {
			visit := w.visit(ref, given)
			kept.ConversationID = visit.ConversationID
			kept.OrganizationID = visit.OrganizationID
			kept.SeenAt = visit.SeenAt
			if visit != kept {
				w.Errorf("%+v\nis stored as %+v", given, visit)
			}
		}
	})
}

func TestVisits_ofAnotherOrganizationAreNotFound(t *testing.T) {
	each(t, func(w *world) {
		ref := w.conversation("jo")
		w.visit(ref, at("https://shop.example/"))
		stranger := w.newTenant("Globex", silent)
		if visit, err := w.Visits.Of(w.Context(), stranger.organization.ID, ref.ID); err != nil ||
			visit != (models.Visit{}) {
			w.Errorf("another organization reads %+v, %v", visit, err)
		}
		forged := ref
		forged.OrganizationID = stranger.organization.ID
		w.Visits.Note(forged, at("https://evil.example/"))
		w.Visits.Store(w.Context())
		if visit := w.seen(ref); visit.PageURL != "https://shop.example/" || len(of[visited](w.events)) != 1 {
			w.Errorf("seen %+v, published %v", visit, of[visited](w.events))
		}
		for _, id := range []string{"", "x", "\x00", models.NewID()} {
			if visit, err := w.Visits.Of(w.Context(), w.organization.ID, id); err != nil || visit != (models.Visit{}) {
				w.Errorf("of %q: %+v, %v", id, visit, err)
			}
		}
	})
}

func TestVisits_ofManyAreStoredTogether(t *testing.T) {
	each(t, func(w *world) {
		const many = 1100
		for range many {
			w.Visits.Note(services.Ref{
				ID:             models.NewID(),
				OrganizationID: w.organization.ID,
			}, at("https://shop.example/"))
		}
		w.Visits.Store(w.Context())
		if n := w.count(&models.Visit{}, "1 = 1"); n != many || len(of[visited](w.events)) != many {
			w.Errorf("%d are stored, %d published", n, len(of[visited](w.events)))
		}
	})
}

func TestVisits_runStoresTheRestAtTheEnd(t *testing.T) {
	each(t, func(w *world) {
		ctx, stop := context.WithCancel(w.Context())
		ended := make(chan struct{})
		go func() { w.Visits.Run(ctx); close(ended) }()
		published := w.events.watch()
		ref := w.conversation("jo")
		w.Visits.Note(ref, at("https://shop.example/1"))
		<-published // by itself
		w.Visits.Note(ref, at("https://shop.example/2"))
		stop()
		<-ended
		if visit := w.seen(ref); visit.PageURL != "https://shop.example/2" {
			w.Errorf("seen %+v", visit)
		}
	})
}
