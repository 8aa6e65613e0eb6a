package services

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// storable reports whether text can be stored everywhere: PostgreSQL refuses NUL and broken UTF-8.
func storable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

// hasLength reports whether text is storable, not blank and at most max characters.
func hasLength(text string, max int) bool {
	return storable(text) && strings.TrimSpace(text) != "" && utf8.RuneCountInString(text) <= max
}

// oneLine makes one oneLine of at most max characters of whatever was given: for names that are shown, never compared.
func oneLine(text string, max int) string {
	text = strings.ToValidUTF8(text, "")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if runes := []rune(text); len(runes) > max {
		return string(runes[:max])
	}
	return text
}

// plainLine reports whether text is storable and holds no control character: for identifiers.
func plainLine(text string) bool {
	return storable(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// orEmpty is a text that may be missing.
func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// cleanEmail is an address in the form in which it is stored. Error: Invalid.
func cleanEmail(email string) (string, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if !validEmail(email) {
		return "", refuseField("email", "The e-mail address must look like name@example.com.")
	}
	return email, nil
}

func validEmail(email string) bool {
	address, err := mail.ParseAddress(email)
	return err == nil && address.Address == email && plainLine(email) && len(email) <= 254
}

// properName is the name of a user, bot or organization without blanks around it. Error: Invalid.
func properName(field, called, name string) (string, error) {
	name = strings.TrimSpace(name)
	if !hasLength(name, 100) || !plainLine(name) {
		return "", refuseField(field, "The %s must have 1 to 100 characters.", called)
	}
	return name, nil
}
