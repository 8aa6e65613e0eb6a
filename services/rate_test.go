package services_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/services"
)

func TestParseRate_readsTheVariable(t *testing.T) {
	t.Parallel()
	for text, rate := range map[string]services.Rate{
		"10/10s": {
			Count:  10,
			Window: 10 * time.Second,
		}, "1/1m30s": {
			Count:  1,
			Window: 90 * time.Second,
		}, "5/500ms": {Count: 5, Window: 500 * time.Millisecond}, "off": {},
	} {
		if got, err := services.ParseRate(text); err != nil || got != rate || got.Off() != (text == "off") {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "10", "/10s", "10/", "0/10s", "-1/10s", "10/0s", "10/-1s", "10/10", "1000001/1s",
		"10/25h", "OFF", "ten/10s", "10/10s/1"} {
		if rate, err := services.ParseRate(text); err == nil {
			t.Errorf("%q is %+v", text, rate)
		}
	}
}

func TestAsError_tellsAStrangerNothing(t *testing.T) {
	t.Parallel()
	refusal := services.Refuse(services.Conflict, "Taken by %s.", "Ann")
	if got := services.AsError(fmt.Errorf("assign: %w", refusal)); got != refusal || got.Error() != "Taken by Ann." {
		t.Errorf("%+v", got)
	}
	internal := services.AsError(errors.New("pq: password for user parley"))
	if internal.Kind != services.Internal || strings.Contains(internal.Message, "pq") || services.KindOf(nil) != "" {
		t.Errorf("%+v", internal)
	}
}
