package services

import (
	"context"
	"errors"
	"strings"
	"time"
	_ "time/tzdata" // a container may have no time zones of its own

	"gorm.io/gorm"

	"parley/models"
)

// Organizations creates organizations, and reads and changes their settings.
type Organizations struct {
	db        *models.DB
	passwords *Passwords
	audit     *Audit
	clock     Clock
	secret    []byte // the demo's passwords are derived from it
}

// NewOrganizations creates the service.
func NewOrganizations(d Dependencies, passwords *Passwords, audit *Audit) *Organizations {
	return &Organizations{
		db:        d.DB,
		passwords: passwords,
		audit:     audit,
		clock:     d.Clock,
		secret:    d.SecretKey,
	}
}

// NewOrganization is an organization and its owner.
type NewOrganization struct {
	Name, AdminEmail, AdminName, Password string
}

// Check returns the errors of all fields, joined, or nil.
func (n NewOrganization) Check() error {
	_, _, err := n.cleaned()
	return err
}

func (n NewOrganization) cleaned() (name string, owner newUser, err error) {
	name, nameErr := properName("organization_name", "organization's name", n.Name)
	owner, ownerErr := newUser{
		Email:    n.AdminEmail,
		Name:     n.AdminName,
		Password: n.Password,
		Role:     models.RoleOwner,
	}.cleaned()
	return name, owner, errors.Join(nameErr, ownerErr)
}

// Empty reports whether the installation has no organization yet.
func (s *Organizations) Empty(ctx context.Context) (bool, error) {
	var some []models.Organization
	err := s.db.Read.WithContext(ctx).Select("id").Limit(1).Find(&some).Error
	return len(some) == 0, err
}

// Create creates an organization and its owner. Errors: Invalid for every wrong field, joined, Conflict for an email
// address that is taken.
func (s *Organizations) Create(ctx context.Context, request NewOrganization) (owner models.User, err error) {
	return s.create(ctx, request, false)
}

// SetUp creates the first organization. If it is called twice at once, one call succeeds. Errors: as for Create, and
// Conflict if there is an organization.
func (s *Organizations) SetUp(ctx context.Context, request NewOrganization) (owner models.User, err error) {
	if empty, err := s.Empty(ctx); err != nil {
		return owner, err
	} else if !empty {
		return owner, Refuse(Conflict, "Parley is already set up. Log in instead.")
	}
	return s.create(ctx, request, true)
}

func (s *Organizations) create(ctx context.Context, request NewOrganization,
	first bool) (owner models.User, err error) {
	name, person, err := request.cleaned()
	if err != nil {
		return owner, err
	}
	now := s.clock()
	organization := models.Organization{
		ID:        models.NewID(),
		Name:      name,
		CreatedAt: now,
		UpdatedAt: now,
	}
	person.OrganizationID = organization.ID
	if owner, err = person.hashed(ctx, s.passwords); err != nil {
		return owner, err
	}
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := tx.Create(&organization).Error; err != nil {
			return err
		}
		if first {
			if err := tx.Create(&models.Setup{
				ID:             1,
				OrganizationID: organization.ID,
				CreatedAt:      now,
			}).Error; errors.Is(err, gorm.ErrDuplicatedKey) {
				return Refuse(Conflict, "Parley is already set up. Log in instead.")
			} else if err != nil {
				return err
			}
		}
		if err := createUser(tx, &owner); err != nil {
			return err
		}
		return s.audit.Note(tx, owner, OrganizationCreated, organization.Name, "")
	})
	return owner, err
}

// ChannelTypes returns the type of each channel of an organization, by id.
func (s *Organizations) ChannelTypes(ctx context.Context, organizationID string) (map[string]string, error) {
	var channels []models.Channel
	err := s.db.Read.WithContext(ctx).Select("id", "type").Where("organization_id = ?", organizationID).
		Find(&channels).Error
	types := map[string]string{}
	for _, channel := range channels {
		types[channel.ID] = channel.Type
	}
	return types, err
}

// Get returns an organization.
func (s *Organizations) Get(ctx context.Context, organizationID string) (organization models.Organization, err error) {
	err = s.db.Read.WithContext(ctx).Where("id = ?", organizationID).Take(&organization).Error
	return organization, err
}

// SetSettings changes the actor's organization: its name, its time zone as an IANA name, and its language as a BCP 47
// tag. Errors: Forbidden, Invalid for every wrong field, joined.
func (s *Organizations) SetSettings(ctx context.Context, actor models.User, name, zone, tag string) error {
	if err := mustBeAdmin(actor); err != nil {
		return err
	}
	name, nameErr := properName("name", "name", name)
	zone, tag = strings.TrimSpace(zone), strings.TrimSpace(tag)
	if err := errors.Join(nameErr, checkTimeZone(zone), checkLanguage(tag)); err != nil {
		return err
	}
	return s.db.Transact(ctx, func(tx *gorm.DB) error {
		if err := lockOrganization(tx, s.db, actor.OrganizationID); err != nil {
			return err
		}
		var stored models.Organization
		if err := tx.Where("id = ?", actor.OrganizationID).Take(&stored).Error; err != nil {
			return err
		}
		changed := changedFields(map[string]bool{"name": stored.Name != name, "time zone": stored.TimeZone != zone,
			"language": stored.Language != tag})
		if changed == "" {
			return nil
		}
		err := tx.Model(&models.Organization{}).Where("id = ?", actor.OrganizationID).
			Updates(map[string]any{"name": name, "time_zone": zone, "language": tag, "updated_at": s.clock()}).Error
		if err != nil {
			return err
		}
		return s.audit.Note(tx, actor, OrganizationChanged, name, changed)
	})
}

func checkTimeZone(zone string) error {
	if _, err := time.LoadLocation(zone); err != nil || !timeZone.MatchString(zone) || zone == "Local" {
		return refuseField("time_zone", "Choose a time zone with a name like Europe/Berlin.")
	}
	return nil
}

func checkLanguage(tag string) error {
	if len(tag) > maxLanguage || !language.MatchString(tag) {
		return refuseField("language", "Enter a language tag like en or pt-BR.")
	}
	return nil
}
