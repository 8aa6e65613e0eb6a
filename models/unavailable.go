package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/glebarez/go-sqlite"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// Unavailable reports whether err means that the database, or another server, can't do its work right now: the same
// request may succeed later. It is the one place that knows the errors of drivers.
func Unavailable(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return unavailableState(refused.Code)
	}
	var file *sqlite.Error
	if errors.As(err, &file) {
		switch file.Code() & 0xff { // without the details
		case sqliteBusy, sqliteLocked, sqliteReadOnly, sqliteIOErr, sqliteFull, sqliteCantOpen:
			return true
		}
		return false
	}
	var network net.Error
	var connect *pgconn.ConnectError
	if errors.As(err, &network) || errors.As(err, &connect) || pgconn.SafeToRetry(err) {
		return true
	}
	for _, known := range []error{
		ErrContention, ErrCommitUnknown, context.DeadlineExceeded, context.Canceled, io.EOF, io.ErrUnexpectedEOF,
		net.ErrClosed, driver.ErrBadConn, sql.ErrConnDone, puddle.ErrClosedPool,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// diskFull reports whether err means that the database has no room for what it should store.
func diskFull(err error) bool {
	var refused *pgconn.PgError
	var file *sqlite.Error
	return errors.As(err, &refused) && refused.Code == stateDiskFull ||
		errors.As(err, &file) && file.Code() == sqliteFull
}

// SQLSTATEs of PostgreSQL.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
	featureNotSupported  = "0A000" // also for a plan whose table has changed
	readOnlyTransaction  = "25006"
	stateDiskFull        = "53100"
)

// unavailableState reports whether a SQLSTATE means that the server can't do its work right now.
func unavailableState(code string) bool {
	switch code {
	case serializationFailure, deadlockDetected, lockNotAvailable, readOnlyTransaction,
		"25P03", // idle in a transaction for too long
		"55006", // object in use
		"57014": // canceled, by statement_timeout for example
		return true
	}
	// connection, resources, operator, system, internal
	for _, class := range []string{"08", "53", "57P", "58", "XX"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return false
}

// Result codes of SQLite.
const (
	sqliteBusy     = 5
	sqliteLocked   = 6
	sqliteReadOnly = 8
	sqliteIOErr    = 10
	sqliteFull     = 13
	sqliteCantOpen = 14
)
