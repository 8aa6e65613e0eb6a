package main

import (
	"encoding/json"
	"fmt"
	"net/url"
)

// readHistory reads the messages stored after a seq into a transcript. It reads page by page, each after the last seq
// of the one before, as a client does to fill a gap.
func readHistory(base string, c conversation, after int64) (*transcript, error) {
	t := newTranscript(after)
	for {
		address := fmt.Sprintf("%s/chat-widget/history/%s?external_id=%s&after_seq=%d", base, c.ID,
			url.QueryEscape(c.ExternalID), after)
		body, err := get(address)
		if err != nil {
			return nil, err
		}
		var page []message
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, fmt.Errorf("history: %w", err)
		}
		if len(page) == 0 {
			return t, nil
		}
		for _, m := range page {
			t.add(m)
		}
		last := page[len(page)-1].Seq
		if last <= after {
			return nil, fmt.Errorf("history after seq %d ends with seq %d", after, last)
		}
		after = last
	}
}
