package services

import (
	"errors"
	"fmt"
	"time"

	"parley/models"
)

// Kind classifies an error. The API sends it as the field `error`.
type Kind string

// The kinds. An error that is not an *Error is Unavailable or Internal: see AsError.
const (
	Invalid      Kind = "invalid_request"
	Unauthorized Kind = "unauthorized"
	Forbidden    Kind = "forbidden"
	NotFound     Kind = "not_found"
	Conflict     Kind = "conflict"
	TooLarge     Kind = "too_large"
	RateLimited  Kind = "rate_limited"
	Unavailable  Kind = "unavailable"
	Internal     Kind = "internal"
)

// Error is a refusal that the caller caused. Message is a sentence for the user.
type Error struct {
	Kind       Kind
	Message    string
	RetryAfter time.Duration // for RateLimited and Unavailable: how long to wait before the next attempt
	Silent     bool          // for RateLimited: only an acknowledgement reports it, no error event
	Field      string        // name of the form field with the error; empty for the form as a whole
}

func (e *Error) Error() string { return e.Message }

// retryUnavailable is when to try again what can't be done now.
const retryUnavailable = 3 * time.Second

// Refuse makes an Error.
func Refuse(kind Kind, format string, args ...any) *Error {
	refusal := &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
	if kind == Unavailable {
		refusal.RetryAfter = retryUnavailable
	}
	return refusal
}

func refuseField(field, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Message: fmt.Sprintf(format, args...), Field: field}
}

// AsError returns what a user may know about err: the *Error in it, Unavailable if the database can't do it now, else
// an Internal one without details.
func AsError(err error) *Error {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal
	}
	if models.Unavailable(err) {
		return Refuse(Unavailable, "Parley can't do this right now. Please try again in a moment.")
	}
	return &Error{Kind: Internal, Message: "Something went wrong. Please try again."}
}

// KindOf returns the kind of err, which is empty for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	return AsError(err).Kind
}

// FieldErrors returns what is wrong with a form, by field: all of it, where several errors were joined. "" is about the
// form as a whole.
func FieldErrors(err error) map[string]string {
	fields := map[string]string{}
	var collect func(error)
	collect = func(err error) {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, one := range joined.Unwrap() {
				collect(one)
			}
			return
		}
		refusal := AsError(err)
		fields[refusal.Field] = refusal.Message
	}
	if err != nil {
		collect(err)
	}
	return fields
}
