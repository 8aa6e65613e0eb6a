package models_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"parley/models"
	"parley/models/modelstest"
)

func TestUnavailable(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"08006", "53300", "53100", "57P01", "57P03", "57014", "55P03", "25006", "25P03", "40001",
		"40P01", "55006", "58030", "XX000"} {
		if err := fmt.Errorf("store: %w", &pgconn.PgError{Code: code}); !models.Unavailable(err) {
			t.Errorf("%s may not be tried again", code)
		}
	}
	for _, code := range []string{"23505", "42P01", "22001", "42501", "0A000"} {
		if models.Unavailable(&pgconn.PgError{Code: code}) {
			t.Errorf("%s may be tried again", code)
		}
	}
	for _, err := range []error{models.ErrContention, models.ErrCommitUnknown, context.DeadlineExceeded,
		io.ErrUnexpectedEOF, io.EOF, &net.OpError{Err: os.ErrDeadlineExceeded}, &pgconn.ConnectError{}} {
		if !models.Unavailable(fmt.Errorf("read: %w", err)) {
			t.Errorf("%v may not be tried again", err)
		}
	}
	for _, err := range []error{nil, gorm.ErrRecordNotFound, errors.New("no")} {
		if models.Unavailable(err) {
			t.Errorf("%v may be tried again", err)
		}
	}
}

func TestUnavailable_sqlite(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	full := db.Write.Exec("PRAGMA max_page_count = 1").Error
	if full != nil {
		t.Fatal(full)
	}
	organization := models.Organization{ID: models.NewID(), Name: string(make([]byte, 1<<20))}
	if err := db.Write.Create(&organization).Error; !models.Unavailable(err) {
		t.Errorf("full: %v", err)
	}
	if err := db.Read.Create(&organization).Error; !models.Unavailable(err) {
		t.Errorf("read-only: %v", err)
	}
	if err := db.Write.Exec("SELECT nothing").Error; err == nil || models.Unavailable(err) {
		t.Errorf("a mistake of ours: %v", err)
	}
}
