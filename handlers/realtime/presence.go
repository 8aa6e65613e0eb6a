package realtime

import (
	"context"

	"parley/handlers/wire"
)

// joinPresence joins before it lists: who comes in between is in one of the two.
func joinPresence(ctx context.Context, s *Server, c *client, _ none) (wire.Ack, error) {
	organizationID := c.agent.User.OrganizationID
	if err := c.socket.Join(wire.PresenceRoom(organizationID)); err != nil {
		return wire.Ack{}, err
	}
	online, err := s.presence.Online(ctx, organizationID)
	return wire.Ack{Agents: &online}, err
}
