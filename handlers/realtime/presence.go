package realtime

import (
	"context"

	"parley/handlers/protocol"
)

// joinPresence joins the room before it lists the agents, so that no change is missed in between.
func joinPresence(ctx context.Context, s *Server, c *client, _ none) (protocol.Ack, error) {
	organizationID := c.agent.User.OrganizationID
	if err := c.socket.Join(protocol.PresenceRoom(organizationID)); err != nil {
		return protocol.Ack{}, err
	}
	online, err := s.presence.Online(ctx, organizationID)
	return protocol.Ack{Agents: &online}, err
}
