package services_test

import (
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/services"
)

// sessionIDs are the examples that the loader is tested by too.
func sessionIDs(t *testing.T) (refused, taken []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "session_ids.json"))
	if err != nil {
		t.Fatal(err)
	}
	var examples struct {
		Refused         []string
		RefusedByServer []string `json:"refused_by_server"`
		Taken           []string
	}
	if err := json.Unmarshal(text, &examples); err != nil {
		t.Fatal(err)
	}
	return append(examples.Refused, examples.RefusedByServer...), examples.Taken
}

func TestOpen_refusesSessionIDsThatATemplateDidNotFillIn(t *testing.T) {
	each(t, func(w *world) {
		refused, taken := sessionIDs(w.T)
		before := w.rows()
		for _, id := range refused {
			_, err := w.Widget.Open(w.Context(), services.WidgetRequest{
				EmbedToken: w.token,
				ExternalID: id,
			})
			if services.KindOf(err) != services.Invalid {
				w.Errorf("%q is taken, %v", id, err)
			} else if !strings.Contains(err.Error(), "leave session_id out") {
				w.Errorf("%q is refused with %q", id, err)
			}
		}
		if w.rows() != before {
			w.Error("a refused id is stored")
		}
		for _, id := range taken {
			opened, err := w.Widget.Open(w.Context(), services.WidgetRequest{
				EmbedToken: w.token,
				ExternalID: id,
			})
			if err != nil || opened.ExternalID != id {
				w.Errorf("%q is answered %+v, %v", id, opened, err)
			}
		}
	})
}

// Random ids in the alphabets that sites use, long and short.
func TestCheckExternalID_takesRandomIDs(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	bytes := make([]byte, 16)
	for range 10_000 {
		for i := range bytes {
			bytes[i] = byte(random.Uint32())
		}
		for _, id := range []string{
			base64.RawURLEncoding.EncodeToString(bytes),
			base64.StdEncoding.EncodeToString(bytes),
			base64.RawURLEncoding.EncodeToString(bytes[:9]),
			"user_" + base64.RawURLEncoding.EncodeToString(bytes[:12]),
		} {
			if err := services.CheckExternalID(id); err != nil {
				t.Errorf("%q is refused: %v", id, err)
			}
		}
	}
}
