package services

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"parley/models"
)

// Credentials are the email address and password of a demo user.
type Credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Seeded is the demo, with one of its embed tokens.
type Seeded struct {
	OrganizationID string      `json:"organization_id"`
	Admin          Credentials `json:"admin"`
	Agent          Credentials `json:"agent"`
	BotID          string      `json:"bot_id"`
	ChannelID      string      `json:"channel_id"`
	EmbedToken     string      `json:"embed_token"`
}

const (
	demoAdminEmail = "admin@demo.parley.example"
	demoAgentEmail = "agent@demo.parley.example"
)

// Demo reports whether Seed has run on this database.
func (s *Organizations) Demo(ctx context.Context) (bool, error) {
	var users []models.User
	err := s.db.Read.WithContext(ctx).Select("id").Where("email = ?", demoAdminEmail).Limit(1).Find(&users).Error
	return len(users) > 0, err
}

// Seed creates a demo organization, or resets the users, bot and channels of an earlier one; its conversations stay.
// The passwords are derived from the installation's secret: they are the same at every run, and nobody else knows them.
// The embed token is a new one.
func (s *Organizations) Seed(ctx context.Context, silentBot bool) (Seeded, error) {
	return s.seed(ctx, silentBot, func(*gorm.DB, Seeded) (string, error) {
		token, _ := NewToken("ew_")
		return token, nil
	})
}

// SeedDemo does what Seed does, but the embed token is derived from the installation's secret as well, so that a page
// which is open while the server restarts keeps its customer. It changes once it was revoked.
func (s *Organizations) SeedDemo(ctx context.Context) (Seeded, error) {
	return s.seed(ctx, false, func(tx *gorm.DB, seeded Seeded) (string, error) {
		var revoked int64
		err := tx.Model(&models.EmbedToken{}).Where("organization_id = ? AND revoked_at IS NOT NULL",
			seeded.OrganizationID).Count(&revoked).Error
		return "ew_" + s.demoSecret(fmt.Sprintf("embed token %d", revoked), 26), err
	})
}

func (s *Organizations) seed(ctx context.Context, silentBot bool,
	embedToken func(*gorm.DB, Seeded) (string, error)) (Seeded, error) {
	seeded := Seeded{
		Admin: Credentials{Email: demoAdminEmail, Password: s.demoPassword("admin")},
		Agent: Credentials{Email: demoAgentEmail, Password: s.demoPassword("agent")},
	}
	if demo, err := s.Demo(ctx); err != nil {
		return seeded, err
	} else if !demo {
		if _, err := s.Create(ctx, NewOrganization{
			Name:       "Demo",
			AdminEmail: demoAdminEmail,
			AdminName:  "Dana Demo",
			Password:   seeded.Admin.Password,
		}); err != nil {
			return seeded, fmt.Errorf("seed organization: %w", err)
		}
	}
	var admin models.User
	if err := s.db.Read.WithContext(ctx).Where("email = ?", demoAdminEmail).Take(&admin).Error; err != nil {
		return seeded, err
	}
	seeded.OrganizationID = admin.OrganizationID
	agent, err := newUser{
		OrganizationID: admin.OrganizationID,
		Email:          seeded.Agent.Email,
		Name:           "Alex Agent",
		Password:       seeded.Agent.Password,
		Role:           models.RoleAgent,
	}.hashed(ctx, s.passwords)
	if err != nil {
		return seeded, err
	}
	if admin.PasswordHash, err = s.passwords.Hash(ctx, seeded.Admin.Password); err != nil {
		return seeded, err
	}
	err = s.db.Transact(ctx, func(tx *gorm.DB) error {
		for _, user := range []models.User{admin, agent} {
			if err := seedUser(tx, user); err != nil {
				return err
			}
		}
		if err := s.seedBot(tx, &seeded, silentBot); err != nil {
			return err
		}
		var err error
		if seeded.EmbedToken, err = embedToken(tx, seeded); err != nil {
			return err
		}
		return s.seedEmbedToken(tx, seeded)
	})
	return seeded, err
}

func (s *Organizations) demoPassword(who string) string {
	return "demo-" + s.demoSecret("password: "+who, 16)
}

// demoSecret derives a secret of at most 51 characters.
func (s *Organizations) demoSecret(name string, length int) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("demo " + name))
	return strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil))[:length])
}

func seedUser(tx *gorm.DB, user models.User) error {
	result := tx.Model(&models.User{}).Where("organization_id = ? AND email = ?", user.OrganizationID, user.Email).
		Updates(map[string]any{"password_hash": user.PasswordHash, "disabled_at": nil, "totp_secret": "",
			"totp_enabled_at": nil, "recovery_codes": "[]"})
	if result.Error != nil || result.RowsAffected == 1 {
		return result.Error
	}
	return createUser(tx, &user)
}

// demoBot is a bot that shows what bots do. Its fallback answers any text at once.
func demoBot() models.Bot {
	buttons := json.RawMessage(`{"buttons":[{"label":"Prices","value":"prices"},{"label":"Opening hours","value":"hours"},{"label":"Talk to a person","value":"person"}]}`)
	region := json.RawMessage(`{"placeholder":"Pick a region","options":[{"label":"Asia Pacific","value":"apac"},{"label":"Europe","value":"eu"},{"label":"Americas","value":"us"}]}`)
	plans := json.RawMessage(`{"cards":[{"title":"Starter","subtitle":"For one desk","buttons":[{"label":"Choose Starter","value":"buy_starter"}]},{"title":"Team","subtitle":"For a whole team","buttons":[{"label":"Choose Team","value":"buy_team"}]}]}`)
	rules := []BotRule{
		{ // the only rule that the bot editor can change
			Keywords: []string{"shipping", "ship", "delivery"},
			Reply:    BotReply{Content: "We ship within two working days and send you a link to track the order."},
		},
		{
			Value:    "prices",
			Keywords: []string{"price", "prices", "cost"},
			Reply: BotReply{
				ContentType: models.TypeCarousel,
				Content:     "These are our plans.",
				RichMedia:   plans,
			},
		},
		{
			Value:    "hours",
			Keywords: []string{"hours", "open"},
			Reply: BotReply{
				ContentType: models.TypeDropdown,
				Content:     "Where are you?",
				RichMedia:   region,
			},
		},
		{
			Value:    "person",
			Keywords: []string{"person", "human", "agent"},
			Reply:    BotReply{Content: "Someone from the team will be with you shortly."},
		},
		{
			Value: "apac",
			Reply: BotReply{Content: "In Asia Pacific we answer from 9 a.m. to 6 p.m., Singapore time."},
		},
		{
			Value: "eu",
			Reply: BotReply{Content: "In Europe we answer from 9 a.m. to 6 p.m., Berlin time."},
		},
		{
			Value: "us",
			Reply: BotReply{Content: "In the Americas we answer from 9 a.m. to 6 p.m., New York time."},
		},
		{
			Value: "buy_starter",
			Reply: BotReply{Content: "Good choice. Someone from the team will set Starter up for you."},
		},
		{
			Value: "buy_team",
			Reply: BotReply{Content: "Good choice. Someone from the team will set Team up for you."},
		},
	}
	return models.Bot{
		Name: "Pip",
		Greeting: mustJSON(BotReply{
			ContentType: models.TypeQuickButton,
			Content:     "Hi, I am Pip. How can I help?",
			RichMedia:   buttons,
		}),
		Rules: mustJSON(rules),
		Fallback: mustJSON(BotReply{Content: "Thanks for your message. I have notified the team. You can ask me " +
			"about prices, opening hours or shipping."}),
	}
}

// seedBot creates or resets the demo's bot and channels.
func (s *Organizations) seedBot(tx *gorm.DB, seeded *Seeded, silent bool) error {
	now := s.clock()
	bot := demoBot()
	if silent {
		bot.Greeting = ""
		bot.Rules = "[]"
		bot.Fallback = ""
	}
	var bots []models.Bot
	if err := tx.Where("organization_id = ? AND name = ?", seeded.OrganizationID, bot.Name).Order("created_at").
		Limit(1).Find(&bots).Error; err != nil {
		return err
	}
	if len(bots) == 0 {
		bot.ID = models.NewID()
		bot.OrganizationID = seeded.OrganizationID
		bot.CreatedAt = now
		bot.UpdatedAt = now
		if err := tx.Create(&bot).Error; err != nil {
			return err
		}
	} else {
		bot.ID = bots[0].ID
		err := tx.Model(&models.Bot{}).Where("organization_id = ? AND id = ?", seeded.OrganizationID, bot.ID).
			Updates(map[string]any{"greeting": bot.Greeting, "rules": bot.Rules, "fallback": bot.Fallback,
				"updated_at": now}).Error
		if err != nil {
			return err
		}
	}
	seeded.BotID = bot.ID
	for _, kind := range []string{models.ChannelMobileSDK, models.ChannelWebchat} {
		channel := models.Channel{
			ID:             models.NewID(),
			OrganizationID: seeded.OrganizationID,
			BotID:          bot.ID,
			Type:           kind,
			Name:           "Demo",
			CreatedAt:      now,
			UpdatedAt:      now,
		}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&channel).Error; err != nil {
			return err
		}
		var stored models.Channel
		if err := tx.Where("organization_id = ? AND bot_id = ? AND type = ?", seeded.OrganizationID, bot.ID, kind).
			Take(&stored).Error; err != nil {
			return err
		}
		seeded.ChannelID = stored.ID
	}
	return nil
}

func (s *Organizations) seedEmbedToken(tx *gorm.DB, seeded Seeded) error {
	return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&models.EmbedToken{
		ID:             models.NewID(),
		OrganizationID: seeded.OrganizationID,
		ChannelID:      seeded.ChannelID,
		Name:           "Demo",
		Prefix:         seeded.EmbedToken[:8],
		TokenHash:      HashToken(seeded.EmbedToken),
		AllowedOrigins: []string{},
		CreatedAt:      s.clock(),
	}).Error
}

func mustJSON(value any) string {
	document, err := json.Marshal(value)
	if err != nil {
		panic(err) // cannot happen: the values are written in this file
	}
	return string(document)
}
