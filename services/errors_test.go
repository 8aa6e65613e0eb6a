package services_test

import (
	"errors"
	"fmt"
	"testing"

	"parley/services"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	refusal := services.Refuse(services.Conflict, "Somebody else was faster.")
	for _, test := range []struct {
		err  error
		want services.Kind
	}{
		{nil, ""},
		{refusal, services.Conflict},
		{fmt.Errorf("assign: %w", refusal), services.Conflict},
		{errors.New("a driver's text"), services.Internal},
	} {
		if got := services.KindOf(test.err); got != test.want {
			t.Errorf("the kind of %v is %q, want %q", test.err, got, test.want)
		}
	}
}
