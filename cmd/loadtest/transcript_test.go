package main

import (
	"slices"
	"strings"
	"testing"
)

// spoken is a conversation as it should arrive: end user and agent take turns, seq starts at 1.
func spoken(each int) (heard []message) {
	for i := 1; i <= each; i++ {
		for _, sender := range []string{"end_user", "agent"} {
			heard = append(heard, message{
				Seq:        int64(len(heard) + 1),
				SenderType: sender,
				Content:    line(sender, i),
			})
		}
	}
	return heard
}

func TestTranscript_findsEveryFault(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault func([]message) []message
		want  string // in the verdict; "" for none
	}{
		{"as sent", func(m []message) []message { return m }, ""},
		{"gap", func(m []message) []message { return slices.Delete(m, 4, 5) }, "seq 6 came after 4: a gap"},
		{"first lost", func(m []message) []message { return m[1:] }, "seq 2 came after 0: a gap"},
		{"last lost", func(m []message) []message { return m[:len(m)-1] }, "9 of 10 messages of agent"},
		{"nothing heard", func(m []message) []message { return nil }, "0 of 10 messages of end_user"},
		{"duplicate", func(m []message) []message { return slices.Insert(m, 5, m[4]) }, "seq 5 came twice"},
		{"late duplicate", func(m []message) []message { return append(m, m[0]) }, "seq 1 came twice"},
		{"reorder", func(m []message) []message { m[4], m[5] = m[5], m[4]; return m }, "seq 5 came after 6"},
		{"stored twice", func(m []message) []message {
			return append(m, message{Seq: 21, SenderType: "agent", Content: line("agent", 10)})
		}, "agent: message 10 where 11 was expected"},
		{"numbered in another order than sent", func(m []message) []message {
			m[0].Content, m[2].Content = m[2].Content, m[0].Content
			return m
		}, "end_user: message 2 where 1 was expected"},
		{"altered content", func(m []message) []message { m[3].Content += "!"; return m }, "unexpected content"},
		{"wrong sender", func(m []message) []message { m[3].SenderType = "end_user"; return m }, "unexpected content"},
		{"no seq", func(m []message) []message { m[3].Seq = 0; return m }, "seq 0 came after 3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tr := newTranscript(0)
			for _, m := range test.fault(spoken(10)) {
				tr.add(m)
			}
			got := strings.Join(tr.verdict("test", map[string]int{"end_user": 10, "agent": 10}), "\n")
			if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("verdict %q, want %q", got, test.want)
			}
		})
	}
}
