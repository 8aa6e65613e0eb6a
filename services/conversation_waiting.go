package services

import (
	"context"
	"fmt"

	"parley/models"
)

// Waiting counts the open conversations that wait for the agent: unassigned or their own, with a message of the end
// user that no agent has read. Only the end user's newest message counts, because an agent who reads it has read the
// others.
func (s *Conversations) Waiting(ctx context.Context, agent models.User) (count int, err error) {
	err = s.db.Read.WithContext(ctx).Raw(`SELECT COUNT(*) FROM conversation_sessions AS s
		JOIN conversations AS c ON c.id = s.conversation_id AND c.organization_id = s.organization_id
		WHERE s.organization_id = ? AND s.status = 'open' AND (s.assigned_agent_id IS NULL OR s.assigned_agent_id = ?)
		AND EXISTS (SELECT 1 FROM (
			SELECT m.id FROM messages AS m WHERE m.conversation_id = c.id AND m.seq > c.last_seq - ? AND m.sender_type = ?
			ORDER BY m.seq DESC LIMIT 1) AS newest
			WHERE NOT EXISTS (SELECT 1 FROM message_reads AS r WHERE r.message_id = newest.id AND r.reader_type = ?))`,
		agent.OrganizationID, agent.ID, unreadWindow, models.SenderEndUser, models.SenderAgent).Scan(&count).Error
	if err != nil {
		return 0, fmt.Errorf("count waiting conversations: %w", err)
	}
	return count, nil
}
