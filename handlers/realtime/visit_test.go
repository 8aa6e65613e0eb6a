package realtime

import (
	"strings"
	"testing"

	"parley/models"
)

func TestUnwritten_keepsTheLatestOfEachConversationWithinItsBytes(t *testing.T) {
	long := func(page string) models.Visit { return models.Visit{PageURL: page + strings.Repeat("x", 1000)} }
	u := newUnwritten(3 * sizeOf(long("1")))
	for _, page := range []string{"1", "2", "3"} {
		u.keep("a", long(page)) // takes the place of the one before
	}
	u.keep("b", long("1"))
	u.keep("c", long("1"))
	u.keep("a", long("4")) // stays, as the newest
	u.keep("d", long("1")) // b makes room
	for id, page := range map[string]string{"a": "4", "c": "1", "d": "1"} {
		if visit, kept := u.take(id); !kept || visit.PageURL != long(page).PageURL {
			t.Errorf("of %s there is %v, %.5s", id, kept, visit.PageURL)
		}
		if _, kept := u.take(id); kept {
			t.Errorf("%s is taken twice", id)
		}
	}
	if _, kept := u.take("b"); kept || u.bytes != 0 {
		t.Errorf("b is kept: %v; %d bytes", kept, u.bytes)
	}
	u.keep("larger than all", models.Visit{PageURL: strings.Repeat("x", u.most)})
	if _, kept := u.take("larger than all"); kept || u.bytes != 0 {
		t.Errorf("too much is kept: %v; %d bytes", kept, u.bytes)
	}
}
