package models_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"parley/models"
	"parley/models/modelstest"
)

// newConversation adds a conversation, with all that it refers to.
func newConversation(t *testing.T, db *models.DB) models.Conversation {
	t.Helper()
	now := models.Now()
	organization := models.Organization{
		ID:        models.NewID(),
		Name:      "Acme",
		CreatedAt: now,
		UpdatedAt: now,
	}
	bot := models.Bot{
		ID:             models.NewID(),
		OrganizationID: organization.ID,
		Name:           "Pip",
		Rules:          "[]",
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	channel := models.Channel{
		ID:             models.NewID(),
		OrganizationID: organization.ID,
		BotID:          bot.ID,
		Type:           models.ChannelWebchat,
		Name:           "Web",
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	endUser := models.EndUser{
		ID:             models.NewID(),
		OrganizationID: organization.ID,
		ExternalID:     "jo",
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	conversation := models.Conversation{
		ID:             models.NewID(),
		OrganizationID: organization.ID,
		ChannelID:      channel.ID,
		EndUserID:      endUser.ID,
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	for _, row := range []any{&organization, &bot, &channel, &endUser, &conversation} {
		if err := db.Write.Omit("EndUser", "ActiveSession").Create(row).Error; err != nil {
			t.Fatal(err)
		}
	}
	return conversation
}

func newMessage(conversation models.Conversation, seq int64) models.Message {
	return models.Message{
		ID:             models.NewID(),
		OrganizationID: conversation.OrganizationID,
		ConversationID: conversation.ID,
		SessionID:      models.NewID(),
		Seq:            seq,
		SenderType:     models.SenderEndUser,
		SenderID:       "jo",
		ContentType:    "text",
		Content:        "Hello",
		CreatedAt:      models.Now(),
	}
}

// refusal is an error like those of PostgreSQL.
func refusal(code string) error { return &pgconn.PgError{Code: code, Message: "refused"} }

func TestTransact_runsAgainWhatTheDatabaseRefusedBecauseOfOthers(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"40001", "40P01"} {
		modelstest.Each(t, func(t *testing.T, db *models.DB) {
			attempts := 0
			err := db.Transact(t.Context(), func(tx *gorm.DB) error {
				attempts++
				if err := addOrganization(tx, "Acme", models.Now()); err != nil {
					return err
				}
				if attempts < 3 {
					return refusal(code)
				}
				return nil
			})
			if err != nil || attempts != 3 {
				t.Errorf("%s: %v after %d attempts", code, err, attempts)
			}
			if n := organizations(t, db); n != 1 {
				t.Errorf("%s: %d rows, when one attempt committed", code, n)
			}
		})
	}
}

func organizations(t *testing.T, db *models.DB) (n int64) {
	t.Helper()
	if err := db.Read.Model(&models.Organization{}).Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTransact_givesUpInTheEnd(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	attempts := 0
	err := db.Transact(t.Context(), func(*gorm.DB) error {
		attempts++
		return refusal("40001")
	})
	if !errors.Is(err, models.ErrContention) || attempts < 3 || attempts > 20 {
		t.Errorf("%v after %d attempts", err, attempts)
	}
}

func TestTransact_runsNothingElseAgain(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	for _, want := range []error{nil, errors.New("no"), refusal("23505"), gorm.ErrDuplicatedKey, context.Canceled} {
		attempts := 0
		err := db.Transact(t.Context(), func(*gorm.DB) error {
			attempts++
			return want
		})
		if !errors.Is(err, want) || attempts != 1 {
			t.Errorf("%v: %v after %d attempts", want, err, attempts)
		}
	}
}

func TestTransact_endsWithItsContext(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	ctx, cancel := context.WithCancel(t.Context())
	attempts := 0
	err := db.Transact(ctx, func(*gorm.DB) error {
		attempts++
		cancel()
		return refusal("40001")
	})
	if err == nil || attempts != 1 {
		t.Errorf("%v after %d attempts", err, attempts)
	}
}

// Two transactions that lock two rows in opposite order: PostgreSQL ends one of them, and it runs again.
func TestTransact_survivesADeadlock(t *testing.T) {
	postgres(t, func(t *testing.T, server string) {
		db := openURL(t, modelstest.PostgresURLWith(t, server, "deadlock_timeout = '50ms'"))
		names := []string{"Acme", "Globex"}
		for _, name := range names {
			if err := addOrganization(db.Write, name, models.Now()); err != nil {
				t.Fatal(err)
			}
		}
		var meeting, done sync.WaitGroup
		meeting.Add(2)
		for i := range names {
			done.Go(func() {
				attempts := 0
				err := db.Transact(t.Context(), func(tx *gorm.DB) error {
					attempts++
					if err := rename(tx, names[i]); err != nil {
						return err
					}
					if attempts == 1 {
						meeting.Done()
						meeting.Wait() // both hold their first row
					}
					return rename(tx, names[1-i])
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
	})
}

func rename(tx *gorm.DB, name string) error {
	return tx.Model(&models.Organization{}).Where("name = ?", name).Update("updated_at", models.Now()).Error
}

// A trigger refuses the first two attempts; a sequence counts them, since it counts what is rolled back too.
func TestWriteMessages_runsAgainWhatTheDatabaseRefusedBecauseOfOthers(t *testing.T) {
	postgres(t, func(t *testing.T, server string) {
		for _, code := range []string{"40001", "40P01"} {
			databaseURL := modelstest.PostgresURL(t, server)
			run(t, databaseURL, `CREATE SEQUENCE attempts;
				CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
					IF nextval('attempts') < 3 THEN RAISE 'refused' USING ERRCODE = '`+code+`'; END IF; RETURN NEW; END $$;
				CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH STATEMENT EXECUTE FUNCTION refuse()`)
			db := openURL(t, databaseURL)
			conversation := newConversation(t, db)
			query := models.BatchQuery{ConversationIDs: []string{conversation.ID}}
			decided := 0
			err := db.WriteMessages(t.Context(), query, func(state models.BatchState) models.BatchRows {
				decided++
				if last, known := state.LastSeq[conversation.ID]; !known || last != 0 {
					t.Errorf("attempt %d sees seq %d, %t", decided, last, known)
				}
				return models.BatchRows{
					Messages: []models.Message{newMessage(conversation, 1)},
					Touched: []models.Touch{{
						ConversationID: conversation.ID,
						LastSeq:        1,
						UpdatedAt:      time.Now(),
					}},
				}
			})
			if err != nil || decided != 3 {
				t.Errorf("%s: %v after %d attempts", code, err, decided)
			}
			var stored int64
			if err := db.Read.Model(&models.Message{}).Count(&stored).Error; err != nil || stored != 1 {
				t.Errorf("%s: %d messages are stored, %v", code, stored, err)
			}
		}
	})
}
