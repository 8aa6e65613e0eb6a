package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// newHistory returns two people who wrote three messages each in two conversations, and the rows of them.
func newHistory() *history {
	h := &history{organizationID: "org", conversations: []string{"a", "b"}, complete: true}
	began := time.Now()
	s := &socket{}
	for person := range 2 {
		for number := range 3 {
			o := operation{
				person:       person,
				number:       number,
				conversation: person,
				content:      text(person, number, person),
				clientID:     fmt.Sprintf("%d-%d", person, number),
				invoked:      began.Add(time.Duration(number) * time.Second),
				answered:     began.Add(time.Duration(number)*time.Second + time.Millisecond),
				attempts:     1,
				socket:       s,
				outcome:      outcomeAcknowledged,
				id:           fmt.Sprintf("id-%d-%d", person, number),
				seq:          int64(number) + 1,
			}
			h.operations = append(h.operations, o)
			h.rows = append(h.rows, row{
				id:             o.id,
				organizationID: "org",
				conversationID: h.conversations[person],
				seq:            o.seq,
				clientID:       o.clientID,
				content:        o.content,
			})
		}
	}
	return h
}

func TestHistory_check(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(h *history)
		want  []string
	}{
		"all is well": {func(*history) {}, nil},
		"an acknowledged message is lost": {
			func(h *history) { h.rows = slices.Delete(h.rows, 2, 3) },
			[]string{"1 acknowledged messages lost"},
		},
		"a lost message leaves a hole": {
			func(h *history) { h.rows = slices.Delete(h.rows, 1, 2) },
			[]string{"1 holes in seq", "1 acknowledged messages lost"},
		},
		"a message is stored twice": {
			func(h *history) {
				twice := h.rows[2]
				twice.id, twice.seq = "other", 4
				h.rows = slices.Insert(h.rows, 3, twice)
			},
			[]string{"1 client_ids twice", "1 messages stored twice"},
		},
		"a message is stored twice under two client_ids": {
			func(h *history) {
				twice := h.rows[2]
				twice.id, twice.clientID = "other", "other"
				twice.seq = 4
				h.rows = slices.Insert(h.rows, 3, twice)
			},
			[]string{"1 messages stored twice"},
		},
		"two messages of a sender have changed places": {
			func(h *history) {
				h.rows[0].content, h.rows[1].content = h.rows[1].content, h.rows[0].content
				h.rows[0].id, h.rows[1].id = h.rows[1].id, h.rows[0].id
				h.operations[0].seq, h.operations[1].seq = 2, 1
			},
			[]string{"1 messages before an earlier one of their sender", "1 messages overtaken on one connection"},
		},
		"one under way overtakes another on a connection": {
			func(h *history) {
				h.operations[1].invoked = h.operations[0].invoked
				h.operations[1].answered = h.operations[0].answered
				h.rows[0].content, h.rows[1].content = h.rows[1].content, h.rows[0].content
				h.rows[0].id, h.rows[1].id = h.rows[1].id, h.rows[0].id
				h.operations[0].seq, h.operations[1].seq = 2, 1
			},
			[]string{"1 messages overtaken on one connection"},
		},
		"a message is in a foreign conversation": {
			func(h *history) { h.operations[0].conversation = 1 },
			[]string{"1 messages in a foreign place"},
		},
		"a message is in an unknown conversation": {
			func(h *history) { h.conversations[1] = "c" },
			[]string{"6 messages in a foreign place"},
		},
		"a message is in a foreign organization": {
			func(h *history) { h.rows[4].organizationID = "other" },
			[]string{"1 messages in a foreign place"},
		},
		"a refused message is stored": {
			func(h *history) { h.operations[5].outcome, h.operations[5].invalid = outcomeRefused, true },
			[]string{"1 refused messages stored"},
		},
		"a valid message is refused for good": {
			func(h *history) {
				h.operations[5].outcome = outcomeRefused
				h.rows = h.rows[:5]
			},
			[]string{"1 valid messages refused for good"},
		},
		"an invalid message is acknowledged": {
			func(h *history) { h.operations[5].invalid = true },
			[]string{"1 invalid messages acknowledged"},
		},
		"an acknowledgement is of another message": {
			func(h *history) { h.operations[5].id = "other" },
			[]string{"1 acknowledgements of another message"},
		},
		"a message was sent by nobody": {
			func(h *history) { h.operations = h.operations[:5] },
			[]string{"1 messages that nobody sent"},
		},
		"a message is stored, and its sender does not know": {
			func(h *history) { h.operations[5].outcome = outcomeUnknown },
			nil,
		},
		"a message is not stored, and its sender does not know": {
			func(h *history) { h.operations[5].outcome, h.rows = outcomeUnknown, h.rows[:5] },
			nil,
		},
		"a repeat is stored after a later message": {
			func(h *history) {
				h.operations[0].answered = h.operations[1].answered
				h.operations[0].attempts = 2
				h.operations[1].invoked = h.operations[0].invoked
				h.rows[0].content, h.rows[1].content = h.rows[1].content, h.rows[0].content
				h.rows[0].id, h.rows[1].id = h.rows[1].id, h.rows[0].id
				h.operations[0].seq, h.operations[1].seq = 2, 1
			},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory()
			test.spoil(h)
			wantProblems(t, h.check(), test.want)
		})
	}
}

func TestCheckLists(t *testing.T) {
	for name, test := range map[string]struct {
		ids      []string
		complete bool
		want     string
	}{
		"complete":                       {[]string{"id-0-0", "id-0-1", "id-0-2"}, true, ""},
		"the newest is not there yet":    {[]string{"id-0-0", "id-0-1"}, false, ""},
		"the newest is not there at all": {[]string{"id-0-0", "id-0-1"}, true, "1 lists that lack messages"},
		"two have changed places":        {[]string{"id-0-1", "id-0-0", "id-0-2"}, true, "1 lists with other messages"},
		"one is there twice":             {[]string{"id-0-0", "id-0-0", "id-0-1"}, false, "1 lists with other messages"},
		"a foreign one":                  {[]string{"id-0-0", "id-1-1"}, false, "1 lists with other messages"},
		"one that the database does not have": {[]string{"id-0-0", "id-0-1", "id-0-2", "more"}, false,
			"1 lists with other messages"},
	} {
		t.Run(name, func(t *testing.T) {
			var want []string
			if test.want != "" {
				want = []string{test.want}
			}
			shown := list{"somebody", "a", test.ids}
			wantProblems(t, checkLists(newHistory().rows, []list{shown}, test.complete), want)
		})
	}
}

// wantProblems checks that there are as many problems, which begin as wanted.
func wantProblems(t *testing.T, got, want []string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		ok = ok && strings.HasPrefix(got[i], want[i])
	}
	if !ok {
		t.Errorf("problems %q, want %q", got, want)
	}
}
