package services

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"parley/models"
)

const (
	maxPageTitle = 200 // characters; longer ones are cut
	maxUserAgent = 400 // the same
	maxLanguage  = 35

	visitPause = time.Second // between two looks at who has moved
	visitLife  = time.Minute // after which being at the same place is worth storing again
	visitBatch = 500         // rows a statement
)

var (
	timeZone = regexp.MustCompile(`^[A-Za-z0-9_+/-]{1,64}$`)
	language = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)
)

// Visits keeps where the end users of conversations are. Every page that is looked at makes one, many more than there
// are messages, so they are collected and stored together once a second: the database's one writer is for messages.
type Visits struct {
	db        *models.DB
	publisher Publisher
	clock     Clock

	mu    sync.Mutex
	noted map[string]models.Visit // by conversation: the newest, not stored yet
}

// NewVisits makes the service; Run starts it.
func NewVisits(db *models.DB, publisher Publisher, clock Clock) *Visits {
	return &Visits{db: db, publisher: publisher, clock: clock, noted: map[string]models.Visit{}}
}

// Note says where the end user of a stored conversation is now. What a browser would not say is left out, and the rest
// kept.
func (s *Visits) Note(ref Ref, visit models.Visit) {
	visit = CleanVisit(visit)
	visit.ConversationID = ref.ID
	visit.OrganizationID = ref.OrganizationID
	visit.SeenAt = s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noted[ref.ID] = visit
}

// CleanVisit leaves out what a browser would not say, and cuts what is too long.
func CleanVisit(visit models.Visit) models.Visit {
	visit.PageTitle, visit.UserAgent = oneLine(visit.PageTitle, maxPageTitle), oneLine(visit.UserAgent, maxUserAgent)
	if !validURL(visit.PageURL) {
		visit.PageURL = ""
	}
	if !timeZone.MatchString(visit.TimeZone) {
		visit.TimeZone = ""
	}
	if len(visit.Language) > maxLanguage || !language.MatchString(visit.Language) {
		visit.Language = ""
	}
	return visit
}

// Of is where the end user of a conversation was last seen; zero if they never said.
func (s *Visits) Of(ctx context.Context, organizationID, conversationID string) (models.Visit, error) {
	if !models.ValidID(conversationID) {
		return models.Visit{}, nil
	}
	var visits []models.Visit
	err := s.db.Read.WithContext(ctx).Where("organization_id = ? AND conversation_id = ?", organizationID,
		conversationID).Limit(1).Find(&visits).Error
	if err != nil {
		return models.Visit{}, fmt.Errorf("read visit: %w", err)
	}
	if len(visits) == 0 {
		return models.Visit{}, nil
	}
	return visits[0], nil
}

// Run stores what was noted until ctx ends, and then the rest.
func (s *Visits) Run(ctx context.Context) {
	look := time.NewTicker(visitPause)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			s.store(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			s.store(last)
			return
		}
	}
}

// store writes what was noted, and tells of what changed by it. A visit that fails is not tried again: the next page
// says it anew.
func (s *Visits) store(ctx context.Context) {
	s.mu.Lock()
	noted := slices.SortedFunc(maps.Values(s.noted), func(a, b models.Visit) int {
		return strings.Compare(a.ConversationID, b.ConversationID)
	})
	clear(s.noted)
	s.mu.Unlock()
	for visits := range slices.Chunk(noted, visitBatch) {
		changed, err := s.replace(ctx, visits)
		if err != nil {
			logFailure("store visits", err)
		}
		for _, visit := range changed {
			s.publisher.VisitChanged(visit.OrganizationID, visit.ConversationID)
		}
	}
}

// replace stores the visits that are news, and returns them: those at another place, or still at the same after a
// while.
func (s *Visits) replace(ctx context.Context, visits []models.Visit) (changed []models.Visit, err error) {
	var values []any
	for _, v := range visits {
		values = append(values, v.ConversationID, v.OrganizationID, v.PageURL, v.PageTitle, v.UserAgent, v.TimeZone,
			v.Language, v.SeenAt)
	}
	values = append(values, s.clock().Add(-visitLife))
	rows := strings.TrimSuffix(strings.Repeat("(?,?,?,?,?,?,?,?),", len(visits)), ",")
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		changed = nil
		return tx.Raw(`INSERT INTO visits (conversation_id, organization_id, page_url, page_title, user_agent, time_zone, language, seen_at)
		VALUES `+rows+` ON CONFLICT (conversation_id) DO UPDATE SET page_url = excluded.page_url, page_title = excluded.page_title,
			user_agent = excluded.user_agent, time_zone = excluded.time_zone, language = excluded.language, seen_at = excluded.seen_at
		WHERE visits.organization_id = excluded.organization_id AND (visits.seen_at <= ?
			OR visits.page_url <> excluded.page_url OR visits.page_title <> excluded.page_title OR visits.user_agent <> excluded.user_agent
			OR visits.time_zone <> excluded.time_zone OR visits.language <> excluded.language)
		RETURNING conversation_id, organization_id`, values...).Scan(&changed).Error
	})
	return changed, err
}
