package services

import (
	"errors"
	"fmt"
	"time"
)

// Kind is what went wrong, in the words of the API: it travels as the `error` field.
type Kind string

// The kinds. An error that is no *Error is Internal.
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

// Error is a refusal. Message is a sentence fit for the user.
type Error struct {
	Kind       Kind
	Message    string
	RetryAfter time.Duration // RateLimited: when to come again
	Field      string        // the form field it is about, if it is about one
}

func (e *Error) Error() string { return e.Message }

// Refuse makes an Error.
func Refuse(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

func refuseField(field, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Message: fmt.Sprintf(format, args...), Field: field}
}

// AsError returns what a user may know of err: the *Error it is, or Internal.
func AsError(err error) *Error {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal
	}
	return &Error{Kind: Internal, Message: "Something went wrong. Please try again."}
}

// KindOf is the kind of err.
func KindOf(err error) Kind { return AsError(err).Kind }

func limited(retryAfter time.Duration) *Error {
	return &Error{
		Kind:       RateLimited,
		Message:    "Too many attempts. Wait a moment and try again.",
		RetryAfter: retryAfter,
	}
}
