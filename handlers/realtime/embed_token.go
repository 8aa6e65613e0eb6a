package realtime

import (
	"context"
	"log/slog"
	"strings"

	"parley/handlers/protocol"
	"parley/services"
)

// channelPrefix begins the rooms of conversations whose embed token is not known: they end with the last token of
// their channel.
const channelPrefix = "channel:"

// tokenRoom is where a socket hears that its conversation's embed token was revoked.
func tokenRoom(ref services.Ref) string {
	if ref.EmbedTokenID == "" {
		return channelPrefix + ref.ChannelID
	}
	return protocol.EmbedTokenRoom(ref.EmbedTokenID)
}

// enterTokenRoom joins room for one more conversation of the socket.
func (s *Server) enterTokenRoom(c *client, room string) error {
	if c.tokenRooms[room] == 0 {
		if err := c.socket.Join(room); err != nil {
			return err
		}
		s.mu.Lock()
		s.tokenRooms[room]++
		s.mu.Unlock()
	}
	if c.tokenRooms == nil {
		c.tokenRooms = map[string]int{}
	}
	c.tokenRooms[room]++
	return nil
}

func (s *Server) leaveTokenRoom(c *client, room string) {
	if c.tokenRooms[room]--; c.tokenRooms[room] > 0 {
		return
	}
	delete(c.tokenRooms, room)
	c.socket.Leave(room)
	s.forgetTokenRoom(room)
}

// forgetTokenRoom takes one socket off those that are in room.
func (s *Server) forgetTokenRoom(room string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokenRooms[room]--; s.tokenRooms[room] == 0 {
		delete(s.tokenRooms, room)
	}
}

// closeRevoked disconnects the sockets of end users whose embed token was revoked or removed: the net under the
// disconnect that revoking sends, should that be lost between nodes.
func (s *Server) closeRevoked(ctx context.Context) {
	var tokens, channels []string
	s.mu.Lock()
	for room := range s.tokenRooms {
		if channel, found := strings.CutPrefix(room, channelPrefix); found {
			channels = append(channels, channel)
		} else {
			tokens = append(tokens, strings.TrimPrefix(room, protocol.EmbedTokenRoom("")))
		}
	}
	s.mu.Unlock()
	closedTokens, closedChannels, err := s.conversations.Closed(ctx, tokens, channels)
	if err != nil {
		slog.Warn("look for revoked embed tokens", "error", err)
		return
	}
	for _, id := range closedTokens {
		s.io.DisconnectSockets(protocol.EmbedTokenRoom(id))
	}
	for _, id := range closedChannels {
		s.io.DisconnectSockets(channelPrefix + id)
	}
}
