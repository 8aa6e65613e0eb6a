package main

import (
	"cmp"
	"fmt"
	"slices"
)

// A row is a message in the database.
type row struct {
	id             string
	organizationID string
	conversationID string
	seq            int64
	clientID       string
	content        string
}

// problems collects what a check finds, kind by kind.
type problems struct {
	kinds []string
	first map[string]string
	count map[string]int
}

func (p *problems) add(kind, format string, values ...any) {
	if p.count == nil {
		p.first, p.count = map[string]string{}, map[string]int{}
	}
	if p.count[kind] == 0 {
		p.kinds = append(p.kinds, kind)
		p.first[kind] = fmt.Sprintf(format, values...)
	}
	p.count[kind]++
}

// list has a line for each kind, with its number and an example.
func (p *problems) list() (found []string) {
	for _, kind := range p.kinds {
		found = append(found, fmt.Sprintf("%d %s: %s", p.count[kind], kind, p.first[kind]))
	}
	return found
}

// A history is what a load has done, and what the database must hold after it.
type history struct {
	organizationID string
	conversations  []string // their ids
	others         []string // conversations that somebody else used, who checks what was stored there
	operations     []operation
	rows           []row // in the order of conversation and seq
	complete       bool  // nothing was sent while the rows were read
}

// check compares the operations with the rows. The operations must have been read before the rows.
func (h *history) check() []string {
	found := &problems{}
	h.checkRows(found)
	h.checkOperations(found)
	h.checkOrder(found)
	return found.list()
}

func (h *history) checkRows(found *problems) {
	last := map[string]int64{}
	used := map[string]bool{}
	known := map[string]bool{}
	for _, id := range slices.Concat(h.conversations, h.others) {
		known[id] = true
	}
	for _, r := range h.rows {
		if want := last[r.conversationID] + 1; r.seq != want {
			found.add("holes in seq", "seq %d of conversation %s where %d was expected", r.seq, r.conversationID, want)
		}
		last[r.conversationID] = r.seq
		if r.clientID != "" && used[r.clientID] {
			found.add("client_ids twice", "%s (%q)", r.clientID, r.content)
		}
		used[r.clientID] = true
		if !known[r.conversationID] || r.organizationID != h.organizationID {
			found.add("messages in a foreign place", "%q in conversation %s of organization %s", r.content,
				r.conversationID, r.organizationID)
		}
	}
}

func (h *history) checkOperations(found *problems) {
	others := map[string]bool{}
	for _, id := range h.others {
		others[id] = true
	}
	stored := map[string][]row{}
	for _, r := range h.rows {
		if !others[r.conversationID] {
			stored[r.content] = append(stored[r.content], r)
		}
	}
	invoked := map[string]bool{}
	for _, o := range h.operations {
		rows := stored[o.content]
		invoked[o.content] = true
		switch {
		case o.outcome == outcomeAcknowledged && o.invalid:
			found.add("invalid messages acknowledged", "%q", o.content)
		case o.outcome == outcomeAcknowledged && len(rows) == 0:
			found.add("acknowledged messages lost", "%q", o.content)
		case o.outcome == outcomeRefused && len(rows) > 0:
			found.add("refused messages stored", "%q", o.content)
		case o.outcome == outcomeRefused && !o.invalid:
			found.add("valid messages refused for good", "%q: %s", o.content, o.refusal)
		}
		if len(rows) > 1 {
			found.add("messages stored twice", "%q, as seq %d and %d", o.content, rows[0].seq, rows[1].seq)
		}
		if len(rows) == 0 {
			continue
		}
		if rows[0].conversationID != h.conversations[o.conversation] {
			found.add("messages in a foreign place", "%q is in conversation %s", o.content, rows[0].conversationID)
		}
		if o.outcome == outcomeAcknowledged && (rows[0].id != o.id || rows[0].seq != o.seq) {
			found.add("acknowledgements of another message", "%q is seq %d, acknowledged as %d", o.content,
				rows[0].seq, o.seq)
		}
	}
	for content, rows := range stored {
		if !invoked[content] && h.complete {
			found.add("messages that nobody sent", "%q, seq %d", content, rows[0].seq)
		}
	}
}

// checkOrder checks that a message has a higher seq than those of its sender in the conversation that were acknowledged
// before it was sent.
func (h *history) checkOrder(found *problems) {
	type stream struct{ person, conversation int }
	streams := map[stream][]operation{}
	for _, o := range h.operations {
		if o.outcome == outcomeAcknowledged {
			key := stream{o.person, o.conversation}
			streams[key] = append(streams[key], o)
		}
	}
	for _, sent := range streams {
		byAnswer := slices.Clone(sent)
		slices.SortFunc(byAnswer, func(a, b operation) int { return a.answered.Compare(b.answered) })
		slices.SortFunc(sent, func(a, b operation) int { return cmp.Compare(a.number, b.number) })
		var highest operation // of those answered before the current one was sent
		next := 0
		for i, o := range sent {
			for ; next < len(byAnswer) && byAnswer[next].answered.Before(o.invoked); next++ {
				if byAnswer[next].seq > highest.seq {
					highest = byAnswer[next]
				}
			}
			if o.seq < highest.seq {
				found.add("messages before an earlier one of their sender", "%q is seq %d, %q was acknowledged as %d",
					o.content, o.seq, highest.content, highest.seq)
			}
			// What one connection carried once, one after the other, keeps its order also while it is under way.
			if i > 0 && sent[i-1].socket == o.socket && sent[i-1].attempts == 1 && o.attempts == 1 &&
				sent[i-1].seq > o.seq {
				found.add("messages overtaken on one connection", "%q is seq %d, %q is %d", o.content, o.seq,
					sent[i-1].content, sent[i-1].seq)
			}
		}
	}
}

// A list is what a live client shows of a conversation: the ids of its messages, of which the first has seq 1.
type list struct {
	who            string
	conversationID string
	ids            []string
}

// checkLists compares what clients show with the rows. Complete is whether they must show everything: a list that was
// read while messages were sent may end earlier.
func checkLists(rows []row, lists []list, complete bool) []string {
	found := &problems{}
	stored := map[string][]string{}
	for _, r := range rows {
		stored[r.conversationID] = append(stored[r.conversationID], r.id)
	}
	for _, l := range lists {
		want := stored[l.conversationID]
		for i, id := range l.ids {
			if i >= len(want) || want[i] != id {
				found.add("lists with other messages than the database", "%s, message %d of %d", l.who, i+1, len(want))
				break
			}
		}
		if complete && len(l.ids) < len(want) {
			found.add("lists that lack messages", "%s shows %d of %d", l.who, len(l.ids), len(want))
		}
	}
	return found.list()
}
