package realtime

import (
	"strings"
	"testing"

	"parley/models"
	"parley/services"
)

func TestEncodeMessage_leavesOutTheEscapesOfHTML(t *testing.T) {
	encoded, err := encodeMessage(&services.Sent{Message: models.Message{Content: "<b>&</b>"}})
	if err != nil || !strings.Contains(string(encoded), `"content":"<b>&</b>"`) {
		t.Errorf("%s, %v", encoded, err)
	}
}
