package models_test

import (
	"strings"
	"testing"

	"parley/models"
)

func TestEncodeJSON_leavesOutTheEscapesOfHTML(t *testing.T) {
	for _, value := range []any{"<&>\"", map[string]string{"<": ">"}, models.JSON(`"<&>"`),
		models.RichMedia{URL: "https://shop.example/?a=1&b=2"}.JSON()} {
		encoded, err := models.EncodeJSON(value)
		if err != nil || strings.ContainsAny(string(encoded), "\n") || strings.Contains(string(encoded), `\u`) {
			t.Errorf("%v is encoded as %q, %v", value, encoded, err)
		}
	}
	if encoded, err := models.EncodeJSON(make(chan int)); err == nil {
		t.Errorf("what has no form is encoded as %q", encoded)
	}
}
