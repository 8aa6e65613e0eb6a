package services

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"parley/models"
)

// Claim assigns the open session to agent. If several agents claim it at once, exactly one gets it. A session that the
// agent already has is returned unchanged. Errors: NotFound; Conflict if another agent has it or no session is open;
// Unauthorized if agent was disabled in the meantime.
func (s *Conversations) Claim(ctx context.Context, agent models.User, id string) (models.ConversationSession, error) {
	claimed := false
	session, err := s.changeSession(ctx, agent.OrganizationID, id,
		func(tx *gorm.DB, session *models.ConversationSession) error {
			claimed = false
			if session.AssignedAgentID != nil {
				if *session.AssignedAgentID == agent.ID {
					return nil
				}
				return claimedBy(tx, agent.OrganizationID, *session.AssignedAgentID)
			}
			if err := lockActiveUser(s.db, tx, agent); err != nil {
				return err
			}
			now := s.clock()
			result := tx.Model(&models.ConversationSession{}).
				Where("organization_id = ? AND id = ? AND status = ? AND assigned_agent_id IS NULL",
					agent.OrganizationID, session.ID, models.SessionOpen).
				Updates(map[string]any{"assigned_agent_id": agent.ID, "assigned_at": now})
			if result.Error != nil {
				return result.Error
			}
			if result.RowsAffected == 0 {
				return Refuse(Conflict, "This conversation was claimed by someone else.")
			}
			session.AssignedAgentID = &agent.ID
			session.AssignedAt = &now
			claimed = true
			return nil
		})
	if claimed && err == nil {
		s.publisher.ConversationAssigned(agent.OrganizationID, id, Agent{
			ID:      agent.ID,
			Name:    agent.Name,
			PhotoID: orEmpty(agent.PhotoID),
		})
	}
	return session, err
}

func claimedBy(tx *gorm.DB, organizationID, agentID string) error {
	agent, err := agentOf(tx, organizationID, agentID)
	if err != nil {
		return err
	}
	return Refuse(Conflict, "This conversation was claimed by %s.", firstOf(agent.Name, "someone else"))
}

func agentOf(tx *gorm.DB, organizationID, agentID string) (Agent, error) {
	agent := Agent{ID: agentID}
	err := tx.Model(&models.User{}).Select("name").Where("organization_id = ? AND id = ?", organizationID, agentID).
		Limit(1).Scan(&agent.Name).Error
	return agent, err
}

// AssignedTo returns the agent who claimed the open session, or nil.
func (s *Conversations) AssignedTo(ctx context.Context, ref Ref) (*Agent, error) {
	var agents []Agent
	err := s.db.Read.WithContext(ctx).Table("conversation_sessions AS s").
		Select("u.id, u.name, COALESCE(u.photo_id, '') AS photo_id").
		Joins("JOIN users AS u ON u.id = s.assigned_agent_id AND u.organization_id = s.organization_id").
		Where("s.organization_id = ? AND s.conversation_id = ? AND s.status = 'open'", ref.OrganizationID, ref.ID).
		Limit(1).Scan(&agents).Error
	if err != nil {
		return nil, fmt.Errorf("read agent: %w", err)
	}
	if len(agents) == 0 {
		return nil, nil
	}
	return &agents[0], nil
}

// readWindow is how many of the newest messages ReadSeq looks at, so that joining a long conversation that no agent
// reads stays cheap.
const readWindow = 200

// ReadSeq returns the seq of the end user's newest message that an agent has read, or 0. last is the conversation's
// last seq.
func (s *Conversations) ReadSeq(ctx context.Context, ref Ref, last int64) (seq int64, err error) {
	err = s.db.Read.WithContext(ctx).Table("messages AS m").Select("COALESCE(MAX(m.seq), 0)").
		Joins("JOIN message_reads AS r ON r.message_id = m.id AND r.organization_id = m.organization_id").
		Where("m.organization_id = ? AND m.conversation_id = ?", ref.OrganizationID, ref.ID).
		Where("m.seq > ?", last-readWindow).
		Where("m.sender_type = ? AND r.reader_type = ?", models.SenderEndUser, models.SenderAgent).
		Scan(&seq).Error
	if err != nil {
		return 0, fmt.Errorf("read what was read: %w", err)
	}
	return seq, nil
}

// Unassign takes the open session from agent and keeps it open. Errors: NotFound; Conflict if agent has not claimed it
// or no session is open.
func (s *Conversations) Unassign(ctx context.Context, agent models.User,
	id string) (models.ConversationSession, error) {
	session, err := s.changeSession(ctx, agent.OrganizationID, id,
		func(tx *gorm.DB, session *models.ConversationSession) error {
			switch {
			case session.AssignedAgentID == nil:
				return Refuse(Conflict, "This conversation is not assigned.")
			case *session.AssignedAgentID != agent.ID:
				return claimedBy(tx, agent.OrganizationID, *session.AssignedAgentID)
			}
			session.AssignedAgentID, session.AssignedAt = nil, nil
			return updateSession(tx, session, "assigned_agent_id", "assigned_at")
		})
	if err == nil {
		s.publisher.ConversationReleased(agent.OrganizationID, id)
	}
	return session, err
}

// Resolve closes the open session and adds tags to its tags. Errors: NotFound; Conflict if no session is open; Invalid
// for the tags.
func (s *Conversations) Resolve(ctx context.Context, organizationID, id string,
	tags []string) (models.ConversationSession, error) {
	session, err := s.changeSession(ctx, organizationID, id,
		func(tx *gorm.DB, session *models.ConversationSession) error {
			all, err := cleanTags(append(slices.Clone(session.Tags), tags...))
			if err != nil {
				return err
			}
			now := s.clock()
			session.Status = models.SessionResolved
			session.Tags = all
			session.ResolvedAt = &now
			return updateSession(tx, session, "status", "tags", "resolved_at")
		})
	if err == nil {
		s.publisher.ConversationResolved(organizationID, id, session.ID, session.Tags)
	}
	return session, err
}

// Reopen opens the newest session again, with its tags and its agent, unless the agent was disabled. Errors: NotFound;
// Conflict if a session is already open or the conversation has none.
func (s *Conversations) Reopen(ctx context.Context, agent models.User,
	id string) (session models.ConversationSession, err error) {
	var assigned *Agent
	err = s.locked(ctx, agent.OrganizationID, id, func(tx *gorm.DB) error {
		assigned = nil
		var newest []models.ConversationSession
		err := tx.Where("organization_id = ? AND id = (?)", agent.OrganizationID, tx.Model(&models.Message{}).
			Select("session_id").Where("organization_id = ? AND conversation_id = ?", agent.OrganizationID, id).
			Order("seq DESC").Limit(1)).Find(&newest).Error
		switch {
		case err != nil:
			return err
		case len(newest) == 0:
			return Refuse(Conflict, "This conversation cannot be reopened, because it was never resolved.")
		case newest[0].Status == models.SessionOpen:
			return Refuse(Conflict, "This conversation is already open.")
		}
		session = newest[0]
		columns := map[string]any{"status": models.SessionOpen, "resolved_at": nil}
		if session.AssignedAgentID != nil {
			err := lockActiveUser(s.db, tx, models.User{
				ID:             *session.AssignedAgentID,
				OrganizationID: agent.OrganizationID,
			})
			if err != nil && KindOf(err) != Unauthorized {
				return err
			} else if err != nil { // a disabled agent would keep everybody else from claiming it
				session.AssignedAgentID, session.AssignedAt = nil, nil
				columns["assigned_agent_id"], columns["assigned_at"] = nil, nil
			}
		}
		result := tx.Model(&models.ConversationSession{}).
			Where("organization_id = ? AND id = ? AND status = ?", agent.OrganizationID, session.ID,
				models.SessionResolved).
			Updates(columns)
		// An older session is open: versions that went by the nodes' clocks could reopen one.
		if errors.Is(result.Error, gorm.ErrDuplicatedKey) {
			return Refuse(Conflict, "This conversation is already open.")
		} else if result.Error != nil {
			return result.Error
		}
		session.Status, session.ResolvedAt = models.SessionOpen, nil
		if session.AssignedAgentID != nil {
			known, err := agentOf(tx, agent.OrganizationID, *session.AssignedAgentID)
			assigned = &known
			return err
		}
		return nil
	})
	if err != nil {
		return models.ConversationSession{}, err
	}
	s.publisher.ConversationReopened(agent.OrganizationID, id, session.ID)
	if assigned != nil { // sockets that joined after the resolve do not know the agent
		s.publisher.ConversationAssigned(agent.OrganizationID, id, *assigned)
	}
	return session, nil
}

// Sessions returns the newest sessions of a conversation, newest first.
func (s *Conversations) Sessions(ctx context.Context, organizationID, id string,
	limit int) ([]models.ConversationSession, error) {
	if !models.ValidID(id) {
		return nil, nil
	}
	// By their messages: the clocks of the nodes that have opened them may differ.
	first := s.db.Read.Model(&models.Message{}).Select("session_id, MIN(seq) AS seq").
		Where("organization_id = ? AND conversation_id = ?", organizationID, id).Group("session_id")
	var sessions []models.ConversationSession
	err := s.db.Read.WithContext(ctx).Joins("LEFT JOIN (?) AS f ON f.session_id = conversation_sessions.id", first).
		Where("organization_id = ? AND conversation_id = ?", organizationID, id).
		Order("COALESCE(f.seq, 0) DESC").Limit(limit).Find(&sessions).Error
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return sessions, nil
}

// SetTags replaces the tags of the open session. It returns the same errors as Resolve.
func (s *Conversations) SetTags(ctx context.Context, organizationID, id string,
	tags []string) (models.ConversationSession, error) {
	session, err := s.changeSession(ctx, organizationID, id,
		func(tx *gorm.DB, session *models.ConversationSession) error {
			clean, err := cleanTags(tags)
			if err != nil {
				return err
			}
			session.Tags = clean
			return updateSession(tx, session, "tags")
		})
	if err == nil {
		s.publisher.ConversationTagged(organizationID, id, session.ID, session.Tags)
	}
	return session, err
}

// changeSession runs change on the open session, with the conversation locked. Error: Conflict if no session is open.
func (s *Conversations) changeSession(ctx context.Context, organizationID, id string,
	change func(*gorm.DB, *models.ConversationSession) error) (session models.ConversationSession, err error) {
	err = s.locked(ctx, organizationID, id, func(tx *gorm.DB) error {
		session = models.ConversationSession{}
		err := tx.Where("organization_id = ? AND conversation_id = ? AND status = ?", organizationID, id,
			models.SessionOpen).Take(&session).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return Refuse(Conflict, "This conversation has no open session.")
		} else if err != nil {
			return err
		}
		return change(tx, &session)
	})
	return session, err
}

// locked runs change in a transaction that locks the conversation. Sending a message takes the same lock, so what
// change reads cannot become stale before the commit.
func (s *Conversations) locked(ctx context.Context, organizationID, id string, change func(*gorm.DB) error) error {
	if !models.ValidID(id) {
		return Refuse(NotFound, "Conversation not found.")
	}
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		query := tx.Where("organization_id = ? AND id = ?", organizationID, id)
		if s.db.Postgres() { // on SQLite the transaction itself is the lock
			query = query.Clauses(clause.Locking{Strength: "UPDATE"})
		}
		var conversation models.Conversation
		if err := query.Take(&conversation).Error; errors.Is(err, gorm.ErrRecordNotFound) {
			return Refuse(NotFound, "Conversation not found.")
		} else if err != nil {
			return err
		}
		return change(tx)
	})
}

func updateSession(tx *gorm.DB, session *models.ConversationSession, columns ...string) error {
	result := tx.Model(&models.ConversationSession{}).Select(columns).
		Where("organization_id = ? AND id = ? AND status = ?", session.OrganizationID, session.ID, models.SessionOpen).
		Updates(session)
	return result.Error
}
