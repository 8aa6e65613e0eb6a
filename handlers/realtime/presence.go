package realtime

import (
	"context"

	"parley/handlers/protocol"
)

// joinPresence joins before it lists: who comes in between is in one of the two.
func joinPresence(ctx context.Context, s *Server, c *client, _ none) (protocol.Ack, error) {
	organizationID := c.agent.User.OrganizationID
	if err := c.socket.Join(protocol.PresenceRoom(organizationID)); err != nil {
		return protocol.Ack{}, err
	}
	online, err := s.presence.Online(ctx, organizationID)
	return protocol.Ack{Agents: &online}, err
}
