package services

import (
	"context"
	"fmt"
	"time"
)

// channelRate limits the new conversations of a channel from all addresses together. It is far above what a busy site
// needs.
var channelRate = Rate{Count: 6000, Window: time.Minute}

// AdmitPage counts an opening of the widget from an address, as AddressKey writes it. Error: RateLimited.
func (s *Widget) AdmitPage(ctx context.Context, address string) error {
	return s.admit(ctx, "page:"+address, s.limits.Pages,
		"The chat was opened too often from your network. Wait a moment and load the page again.")
}

// AdmitConversation counts a conversation that a message from an address is about to store. Error: RateLimited.
func (s *Widget) AdmitConversation(ctx context.Context, ref Ref, address string) error {
	if s.limits.Conversations.Off() {
		return nil
	}
	err := s.admit(ctx, "conversation:"+address, s.limits.Conversations,
		"Too many conversations were started from your network. Wait a moment and try again.")
	if err != nil {
		return err
	}
	return s.admit(ctx, "channel:"+ref.ChannelID, channelRate,
		"Too many conversations are being started in this chat. Wait a moment and try again.")
}

func (s *Widget) admit(ctx context.Context, key string, rate Rate, refusal string) error {
	if rate.Off() {
		return nil
	}
	wait, err := s.limiter.Allow(ctx, key, rate)
	if err != nil {
		return fmt.Errorf("limit widget: %w", err)
	}
	if wait > 0 {
		return &Error{Kind: RateLimited, Message: refusal, RetryAfter: wait}
	}
	return nil
}
