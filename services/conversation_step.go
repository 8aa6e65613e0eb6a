package services

import (
	"context"
	"encoding/json"
	"fmt"
)

// stepChunk is how many conversations one query of Ahead compares.
const stepChunk = 1000

// Stored says how far a conversation goes.
type Stored struct {
	OrganizationID string
	LastSeq        int64
}

// Ahead compares the last seq that a node has delivered, by conversation, with what is stored, and returns those that
// have more. It serves nodes, not users: the conversations may belong to any organization.
func (s *Conversations) Ahead(ctx context.Context, delivered map[string]int64) (map[string]Stored, error) {
	ahead, chunk := map[string]Stored{}, make(map[string]int64, min(stepChunk, len(delivered)))
	for id, seq := range delivered {
		if chunk[id] = seq; len(chunk) < stepChunk {
			continue
		}
		if err := s.addAhead(ctx, chunk, ahead); err != nil {
			return nil, err
		}
		clear(chunk)
	}
	return ahead, s.addAhead(ctx, chunk, ahead)
}

func (s *Conversations) addAhead(ctx context.Context, delivered map[string]int64, ahead map[string]Stored) error {
	if len(delivered) == 0 {
		return nil
	}
	asked, err := json.Marshal(delivered)
	if err != nil {
		return err
	}
	query := `SELECT c.id, c.organization_id, c.last_seq FROM json_each(?) AS d JOIN conversations AS c ON c.id = d.key
		WHERE c.last_seq > d.value`
	if s.db.Postgres() {
		query = `SELECT c.id, c.organization_id, c.last_seq FROM json_each_text(CAST(? AS json)) AS d
			JOIN conversations AS c ON c.id = d.key WHERE c.last_seq > CAST(d.value AS bigint)`
	}
	var found []struct {
		ID     string
		Stored `gorm:"embedded"`
	}
	if err := s.db.Read.WithContext(ctx).Raw(query, string(asked)).Scan(&found).Error; err != nil {
		return fmt.Errorf("compare last seqs: %w", err)
	}
	for _, f := range found {
		ahead[f.ID] = f.Stored
	}
	return nil
}
