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
	maxLanguage  = 35  // characters

	visitPause = time.Second // between two batches
	visitLife  = time.Minute // how old a stored visit must be before the same page is stored again
	visitBatch = 500         // rows in one statement
)

var (
	timeZone = regexp.MustCompile(`^[A-Za-z0-9_+/-]{1,64}$`)
	language = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)
)

// Visits stores which page each end user is on. There are many more visits than messages, so they are collected and
// stored together once a second.
type Visits struct {
	db        *models.DB
	publisher Publisher
	clock     Clock

	mu    sync.Mutex
	noted map[string]models.Visit // the newest visit of each conversation, until it is stored
}

// NewVisits creates the service. Run must run at the same time.
func NewVisits(db *models.DB, publisher Publisher, clock Clock) *Visits {
	return &Visits{db: db, publisher: publisher, clock: clock, noted: map[string]models.Visit{}}
}

// Note records where the end user of a stored conversation is now. It cleans the visit with CleanVisit. Run stores it
// within visitPause.
func (s *Visits) Note(ref Ref, visit models.Visit) {
	visit = CleanVisit(visit)
	visit.ConversationID = ref.ID
	visit.OrganizationID = ref.OrganizationID
	visit.SeenAt = s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noted[ref.ID] = visit
}

// CleanVisit empties invalid fields and cuts those that are too long.
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

// Of returns the last visit of a conversation's end user, or the zero Visit if there is none.
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

// Run stores visits until ctx ends, and then the remaining ones.
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

// store writes the collected visits and publishes the changes. It does not retry a failed visit: the next page view
// replaces it.
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
			LogFailure("store visits", err)
		}
		for _, visit := range changed {
			s.publisher.VisitChanged(visit.OrganizationID, visit.ConversationID)
		}
	}
}

// replace stores the visits whose page has changed, or whose stored visit is older than visitLife, and returns them.
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
