package models

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// ConnectReason says why a server cannot be used, for an error in one line. It is made of known causes only: in full,
// the errors of drivers repeat parts of the URL, and what a server answers may repeat a password.
func ConnectReason(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return postgresReason(refused.Code)
	}
	var dns *net.DNSError
	var number syscall.Errno
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var slow net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "its host name is not known"
	case errors.As(err, &dns):
		return "its host name cannot be looked up"
	case errors.As(err, &certificate):
		return "its TLS certificate is not valid"
	case errors.As(err, &record), errors.As(err, &alert):
		return "TLS cannot be agreed on"
	case errors.As(err, &number):
		return number.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return "it took too long to answer"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it closed the connection"
	case errors.Is(err, context.Canceled):
		return "it was interrupted"
	}
	return "connecting failed"
}

// postgresReason says what an error code (SQLSTATE) of a connection means.
func postgresReason(code string) string {
	switch {
	case strings.HasPrefix(code, "28"):
		return "it refuses the user name or password"
	case code == "3D000":
		return "the database does not exist"
	case code == "53300":
		return "it has too many connections"
	case code == "57P03":
		return "it is starting up or shutting down"
	case code == "42501":
		return "the user may not use the database"
	}
	return "it refuses the connection with the code " + code
}
