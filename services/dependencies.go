package services

import (
	"github.com/alexedwards/argon2id"

	"parley/models"
)

// Dependencies are what the services need from the process around them. Mailer may be nil: links are then passed on by
// hand. A command that serves nobody may leave out Limiter, Presence, Openings and Publisher.
type Dependencies struct {
	DB            *models.DB
	Limiter       Limiter
	Presence      PresenceStore
	Openings      OpeningStore
	Publisher     Publisher
	Mailer        Mailer
	Clock         Clock
	SecretKey     []byte // signs CSRF tokens and device cookies; the setup token and demo passwords derive from it
	SecretBox     *SecretBox
	PasswordCost  argon2id.Params
	WidgetRate    Rate // of end users' messages, by external_id
	AddressLimits AddressLimits
}

// Services is every service of the product, put together in one place.
type Services struct {
	APIKeys         *APIKeys
	Audit           *Audit
	Bots            *Bots
	Channels        *Channels
	Conversations   *Conversations
	EmbedTokens     *EmbedTokens
	Messages        *Messages
	Organizations   *Organizations
	Passwords       *Passwords
	Photos          *Photos
	Presence        *Presence
	Profile         *Profile
	PushCredentials *PushCredentials
	SecondFactors   *SecondFactors
	Setup           *Setup
	Users           *Users
	Visits          *Visits
	WebSessions     *WebSessions
	Widget          *Widget
}

// New puts the services together and starts the writers of messages; Close ends them. Presence and Visits also have a
// Run, which a server calls.
func New(d Dependencies) (*Services, error) {
	audit := NewAudit(d.DB, d.Clock)
	passwords, err := NewPasswords(d, audit)
	if err != nil {
		return nil, err
	}
	secondFactors := NewSecondFactors(d, passwords, audit)
	channels := NewChannels(d.DB, audit, d.Clock)
	organizations := NewOrganizations(d, passwords, audit)
	photos := NewPhotos(d.DB, d.Clock)
	return &Services{
		APIKeys:         NewAPIKeys(d.DB, audit, d.Clock),
		Audit:           audit,
		Bots:            NewBots(d.DB, photos, audit, d.Clock),
		Channels:        channels,
		Conversations:   NewConversations(d.DB, d.Openings, d.Publisher, d.Clock),
		EmbedTokens:     NewEmbedTokens(d.DB, channels, audit, d.Publisher, d.Clock),
		Messages:        NewMessages(d.DB, d.Limiter, d.WidgetRate, d.Publisher, d.Clock),
		Organizations:   organizations,
		Passwords:       passwords,
		Photos:          photos,
		Presence:        NewPresence(d.Presence, organizations.UserNames, d.Publisher, d.Clock),
		Profile:         NewProfile(d, passwords, photos, audit),
		PushCredentials: NewPushCredentials(d.DB, audit, d.SecretBox, d.Clock),
		SecondFactors:   secondFactors,
		Setup:           NewSetup(d, organizations),
		Users:           NewUsers(d, passwords, audit),
		Visits:          NewVisits(d.DB, d.Publisher, d.Clock),
		WebSessions:     NewWebSessions(d, passwords, secondFactors, audit),
		Widget:          NewWidget(d.DB, d.Openings, d.Limiter, d.AddressLimits, d.Clock),
	}, nil
}

// Close stores and publishes the messages that were accepted, and refuses later ones.
func (s *Services) Close() { s.Messages.Close() }

// Wait returns when nothing runs in the background any more: mail, and notes of failed logins.
func (s *Services) Wait() {
	s.Audit.Wait()
	s.Users.Wait()
}
