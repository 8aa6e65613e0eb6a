package realtime

import (
	"context"
	"strings"

	"parley/handlers/protocol"
	"parley/services"
)

// channelPrefix begins the names of rooms for conversations whose embed token is not known. They close with the last
// token of their channel.
const channelPrefix = "channel:"

// tokenRoom returns the room whose sockets are disconnected when a conversation's embed token is revoked.
func tokenRoom(ref services.Ref) string {
	if ref.EmbedTokenID == "" {
		return channelPrefix + ref.ChannelID
	}
	return protocol.EmbedTokenRoom(ref.EmbedTokenID)
}

// enterTokenRoom joins room for one more conversation of the socket. Error: the socket is in too many rooms.
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

// forgetTokenRoom counts one socket less in room.
func (s *Server) forgetTokenRoom(room string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokenRooms[room]--; s.tokenRooms[room] == 0 {
		delete(s.tokenRooms, room)
	}
}

// closeRevoked disconnects the end users whose embed token was revoked or removed. It closes the sockets whose
// disconnect was lost between nodes.
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
	ctx, cancel := context.WithTimeout(ctx, endedSweep)
	defer cancel()
	closedTokens, closedChannels, err := s.conversations.Closed(ctx, tokens, channels)
	if err != nil {
		services.LogFailure("look for revoked embed tokens", err)
		return
	}
	for _, id := range closedTokens {
		s.io.DisconnectSockets(protocol.EmbedTokenRoom(id))
	}
	for _, id := range closedChannels {
		s.io.DisconnectSockets(channelPrefix + id)
	}
}
