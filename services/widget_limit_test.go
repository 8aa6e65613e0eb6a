package services_test

import (
	"fmt"
	"testing"
	"time"

	"parley/models/modelstest"
	"parley/services"
)

func TestAdmit_countsPagesAndConversationsByAddress(t *testing.T) {
	t.Parallel()
	w := &world{T: t, db: modelstest.SQLite(t), clock: newClock(), events: newRecorder()}
	w.tenant = w.newTenant("Acme", silent)
	w.limits = services.AddressLimits{
		Pages:         services.Rate{Count: 3, Window: time.Minute},
		Conversations: services.Rate{Count: 2, Window: time.Minute},
	}
	w.newServices(services.Rate{})
	ref := w.conversation("jo")
	page := func(address string) error { return w.Widget.AdmitPage(w.Context(), address) }
	conversation := func(address string) error { return w.Widget.AdmitConversation(w.Context(), ref, address) }
	for range 3 {
		w.ok(page("192.0.2.1"))
	}
	for range 2 {
		w.ok(conversation("192.0.2.1"))
	}
	for _, err := range []error{page("192.0.2.1"), conversation("192.0.2.1")} {
		w.refused(services.RateLimited, err)
		if refusal := services.AsError(err); refusal.RetryAfter != time.Minute || refusal.Silent {
			w.Errorf("refused with %+v", refusal)
		}
	}
	w.ok(page("192.0.2.2"))
	w.ok(conversation("192.0.2.2"))
	w.clock.advance(time.Minute)
	w.ok(page("192.0.2.1"))
	w.ok(conversation("192.0.2.1"))
}

// Strangers who have many addresses fill a channel no faster than it is meant to grow.
func TestAdmitConversation_countsByChannelToo(t *testing.T) {
	t.Parallel()
	w := &world{T: t, db: modelstest.SQLite(t), clock: newClock(), events: newRecorder()}
	w.tenant = w.newTenant("Acme", silent)
	w.limits = services.DefaultAddressLimits
	w.newServices(services.Rate{})
	web, app := w.conversation("jo"), w.conversationOn(w.mobile, "jo")
	for i := range 6000 {
		w.ok(w.Widget.AdmitConversation(w.Context(), web, fmt.Sprint("address ", i)))
	}
	w.refused(services.RateLimited, w.Widget.AdmitConversation(w.Context(), web, "another address"))
	w.ok(w.Widget.AdmitConversation(w.Context(), app, "another address"))
	w.clock.advance(time.Minute)
	w.ok(w.Widget.AdmitConversation(w.Context(), web, "another address"))

	w.limits = services.AddressLimits{}
	w.newServices(services.Rate{})
	for range 6001 {
		w.ok(w.Widget.AdmitPage(w.Context(), "192.0.2.1"))
		w.ok(w.Widget.AdmitConversation(w.Context(), web, "192.0.2.1"))
	}
}
